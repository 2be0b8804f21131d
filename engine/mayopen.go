package engine

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// mayOpen tells why a worker may not have one more address; nil = it may. The
// program gets the errno.
func (g *granter) mayOpen(w *worker, q *ipc.Query) error {
	if q.Address != nil && len(*q.Address) > addressMax {
		return fmt.Errorf("an address of %d bytes: %w", len(*q.Address), syscall.ENAMETOOLONG)
	}
	open, most := 0, g.fds.addresses()
	for s := range w.servers {
		if !s.ended && !s.users[w] {
			open++
		}
	}
	under := w.flow.account.asking - 1 // without this question; with answers the worker has not taken
	for _, h := range w.unacked {
		if h.s == nil && h.seat == nil && h.given == nil && !h.probe {
			under++
		}
	}
	if open >= most || under >= most {
		return fmt.Errorf("it has %d addresses open and %d on the way, the most a worker may have is %d of each: %w", open, under, most, syscall.EMFILE)
	}
	return nil
}

// mayOpenNew tells why no new address may be opened: an address that is open
// already costs nothing more.
func (g *granter) mayOpenNew(a Address) error {
	probe := sock.Reserve()
	if probe >= 0 {
		_ = unix.Close(probe)
	}
	if !g.fds.spare(probe) {
		return &AddrError{Addr: a, Err: fmt.Errorf("the last %d of the primary's %d descriptors are not for addresses of workers (ulimit -n): %w", g.fds.reserve(), g.fds.limit, syscall.EMFILE)}
	}
	return nil
}
