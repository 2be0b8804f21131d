package engine

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// batchMax is how many connections one message to the loop may carry.
const batchMax = 64

// accepted is a connection the primary has accepted. Who holds it owns fd.
type accepted struct {
	fd   int
	at   time.Time
	from netip.AddrPort // zero on a unix socket
}

// drainOnce accepts at most max connections that wait on front, without
// waiting. It may run beside the accept goroutine. The caller owns the
// descriptors.
func (p *port) drainOnce(max int) []accepted {
	if p.closed.Load() {
		return nil
	}
	return drain(p.frontFD, max)
}

// drainCommon accepts what waits on common (or on the one socket), without
// waiting: for the end, when no worker accepts any more. The caller owns the
// descriptors.
func (p *port) drainCommon() []accepted {
	if p.closed.Load() {
		return nil
	}
	return drain(p.commonFD(), maxBacklog)
}

// drainCommonUpTo is drainCommon for at most max connections, while no worker
// has the socket.
func (p *port) drainCommonUpTo(max int) []accepted {
	if p.closed.Load() {
		return nil
	}
	return drain(p.commonFD(), max)
}

func drain(fd, max int) []accepted {
	// A worker that made its copy blocking did so to ours, and accept would
	// hold the loop for ever.
	if unix.SetNonblock(fd, true) != nil {
		return nil
	}
	var all []accepted
	for len(all) < max {
		batch, more, err := acceptBatch(acceptOne, fd, min(max-len(all), batchMax))
		all = append(all, batch...)
		if !more || err != nil {
			break
		}
	}
	return all
}

// acceptBatch takes up to max connections. more is false when none was left;
// err is what stopped it early and will not go away by itself.
func acceptBatch(accept func(int) (int, netip.AddrPort, error), fd, max int) (batch []accepted, more bool, err error) {
	now := time.Now()
	for range max {
		n, from, err := accept(fd)
		switch {
		case err == nil:
			batch = append(batch, accepted{fd: n, at: now, from: from})
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
