package engine

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// takenMax bounds the connections a listener holds for a program that does not
// accept them: more are refused, and go to other workers.
const takenMax = 128

// listener takes connections from two sources: hand-offs of the primary and
// the socket shared by all workers.
type listener struct {
	c      *Child
	key    string
	addr   net.Addr
	common net.Listener // nil if there is no shared socket
	free   func()       // gives its index back

	mu       sync.Mutex
	change   sync.Cond
	ready    []net.Conn
	reserved int // promised, not yet in ready: hand-offs answered with yes, and an accept under way
	waiting  int // goroutines in Accept
	closed   bool
	tells    bool // a server of ours sees its connections closed
	err      error
}

// share takes over the shared socket.
func (l *listener) share(fd int) error {
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	// One process that makes it blocking does so for all of them, and every
	// accept could then block for ever: set it right again.
	if err := unix.SetNonblock(fd, true); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	// FileListener asks f for its descriptor. f has not changed its mode, so
	// that does not make the socket blocking, as it would one of package net's.
	ln, err := net.FileListener(f)
	if err != nil {
		return err
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // the path is the primary's
	}
	l.common = ln
	go l.acceptShared()
	return nil
}

// acceptShared accepts on the shared socket until it is closed. It takes one
// only when somebody waits for it, so that it does not hold what another worker
// could serve.
func (l *listener) acceptShared() {
	for {
		if !l.wanted() {
			return
		}
		conn, err := l.common.Accept()
		short := outOfResources(err)
		l.mu.Lock()
		l.reserved--
		switch {
		case err == nil:
			l.ready = append(l.ready, conn)
		case !short && !errors.Is(err, syscall.ECONNABORTED):
			l.err = err
		}
		ended := l.err != nil
		l.change.Broadcast()
		l.mu.Unlock()
		if ended {
			return
		}
		if short {
			time.Sleep(shortWait)
		}
	}
}

// shortWait is how long a worker that is out of descriptors leaves the shared
// socket to the others.
const shortWait = 50 * time.Millisecond

// wanted waits until Accept waits, and promises it a connection; false when
// the listener is closed.
func (l *listener) wanted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for (l.waiting == 0 || len(l.ready) > 0) && !l.closed {
		l.change.Wait()
	}
	if l.closed {
		return false
	}
	l.reserved++
	return true
}

// reserve promises to take a connection; push must follow.
func (l *listener) reserve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.ready)+l.reserved >= takenMax {
		return false
	}
	l.reserved++
	return true
}

// push takes the connection promised. The descriptor is the listener's now.
func (l *listener) push(fd int, fo followed) {
	f := os.NewFile(uintptr(fd), "connection")
	conn, err := net.FileConn(f)
	_ = f.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved--
	if err == nil && l.tells && !fo.at.IsZero() {
		l.c.counts.follows.came(conn, fo) // before Accept can return it
	}
	if err == nil { // else its client has gone, or we are out of descriptors
		l.ready = append(l.ready, conn)
	}
	l.change.Broadcast()
}

// Accept waits for the next connection: a *net.TCPConn or *net.UnixConn. After
// Close it still returns those that were promised to the primary.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting++
	defer func() { l.waiting-- }()
	l.change.Broadcast()
	for {
		if len(l.ready) > 0 {
			conn := l.ready[0]
			l.ready = l.ready[1:]
			return conn, nil
		}
		if l.reserved == 0 {
			if l.closed {
				return nil, &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
			}
			if l.err != nil {
				return nil, l.err
			}
		}
		l.change.Wait()
	}
}

// Close stops accepting and tells the primary.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
	}
	l.closed = true
	l.change.Broadcast()
	l.mu.Unlock()
	l.c.forget(l, l.key)
	var err error
	if l.common != nil {
		err = l.common.Close()
	}
	l.c.giveBack(l.key, l.free)
	return err
}

// Addr is the address the primary bound.
func (l *listener) Addr() net.Addr { return l.addr }
