package sock

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// batchMax is how many connections one batch may hold.
const batchMax = 64

// Accepted is a connection the primary has accepted. Its holder owns FD.
type Accepted struct {
	FD   int
	At   time.Time
	From netip.AddrPort // zero on a unix socket
}

// All, as the max of Drain, means as many connections as there are.
const All = maxBacklog

// Drain accepts at most max connections that wait at the socket with that
// index, without waiting. It may run beside the accept goroutine: a socket that
// workers accept from is drained at the end, when no worker accepts any more,
// or while no worker has it. The caller owns the descriptors.
func (p *Port) Drain(i Gate, max int) []Accepted {
	if p.closed.Load() {
		return nil
	}
	return drain(p.FD(i), max)
}

func drain(fd, max int) []Accepted {
	// A worker that made its copy blocking made ours blocking too, and accept
	// would hold the caller for ever.
	if unix.SetNonblock(fd, true) != nil {
		return nil
	}
	var all []Accepted
	for len(all) < max {
		var more bool
		var err error
		all, more, err = acceptBatch(Accept, fd, all, min(max-len(all), batchMax))
		if !more || err != nil {
			break
		}
	}
	return all
}

// acceptBatch appends up to max connections to batch. more is false when none was
// left; err is what stopped it early and will not go away by itself.
func acceptBatch(accept func(int) (int, netip.AddrPort, error), fd int, batch []Accepted, max int) (_ []Accepted, more bool, err error) {
	now := time.Now()
	for range max {
		n, from, err := accept(fd)
		switch {
		case err == nil:
			batch = append(batch, Accepted{FD: n, At: now, From: from})
		case errors.Is(err, unix.EAGAIN):
			return batch, false, nil
		case !ofOneConnection(err):
			return batch, true, err
		}
	}
	return batch, true, nil
}

// ofOneConnection reports errors that concern the connection accept would have
// returned, and not the next: it was reset meanwhile, or its network failed
// (accept(2), "Error handling").
func ofOneConnection(err error) bool {
	for _, e := range []syscall.Errno{
		unix.ECONNABORTED, unix.EINTR, unix.EPROTO, unix.EPERM, unix.ENETDOWN, unix.ENOPROTOOPT,
		unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ETIMEDOUT,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
