package engine

import (
	"fmt"
	"math"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// fdShare is how the primary shares out its descriptors. What workers ask for
// is opened below a mark only: the kernel gives out the lowest free number, so
// that the numbers above it are left for forks and connections.
type fdShare struct{ limit int } // RLIMIT_NOFILE; 0 = not known

// addressesMax bounds the addresses one worker may have open.
const addressesMax = 256

// addressMax is the longest address a worker may ask for, in bytes: that of a
// path.
const addressMax = 4096

// ownShare is the share of this process.
func ownShare() fdShare {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return fdShare{}
	}
	return fdShare{int(min(uint64(r.Cur), math.MaxInt32))}
}

// reserve is how many descriptors workers cannot take.
func (f fdShare) reserve() int { return min(max(f.limit/8, 64), 1024, f.limit/2) }

// addresses is how many addresses one worker may have open: one costs up to
// three descriptors here, and a fourth while it is on its way to the worker.
func (f fdShare) addresses() int {
	if f.limit == 0 {
		return addressesMax
	}
	return min(addressesMax, (f.limit-f.reserve())/4)
}

// spare tells whether a worker may have us keep descriptor fd; a negative one is
// none.
func (f fdShare) spare(fd int) bool {
	return fd >= 0 && (f.limit == 0 || fd < f.limit-f.reserve())
}

// mayOpen tells why a worker may not have one more address; nil = it may. Its
// program hears the errno.
func (l *granter) mayOpen(w *worker, q *ipc.Query) error {
	if q.Address != nil && len(*q.Address) > addressMax {
		return fmt.Errorf("an address of %d bytes: %w", len(*q.Address), syscall.ENAMETOOLONG)
	}
	open, most := 0, l.fds.addresses()
	for s := range w.servers {
		if !s.ended && !s.users[w] {
			open++
		}
	}
	under := w.account.asking - 1 // without this one; and answers it has not taken
	for _, h := range w.unacked {
		if h.s == nil && h.given == nil && !h.probe {
			under++
		}
	}
	if open >= most || under >= most {
		return fmt.Errorf("it has %d addresses open and %d on the way, the most a worker may have is %d of each: %w", open, under, most, syscall.EMFILE)
	}
	return nil
}

// mayOpenNew tells why there may be no new address: one that is open costs
// nothing more.
func (l *granter) mayOpenNew(a Address) error {
	probe := sock.Reserve()
	if probe >= 0 {
		_ = unix.Close(probe)
	}
	if !l.fds.spare(probe) {
		return &AddrError{Addr: a, Err: fmt.Errorf("the last %d of the primary's %d descriptors are not for addresses of workers (ulimit -n): %w", l.fds.reserve(), l.fds.limit, syscall.EMFILE)}
	}
	return nil
}
