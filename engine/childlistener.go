package engine

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/pulse"
	"muster/engine/internal/rawconn"
	"muster/engine/internal/sock"
)

// takenMax bounds the connections a listener holds for a program that does not
// accept them: further ones are refused, and go to other workers.
const takenMax = 128

// listener takes connections from three sources: hand-offs of the primary, the
// socket shared by all workers, and a socket of this worker's own.
type listener struct {
	addr   net.Addr
	common *os.File // nil if there is no shared socket
	counts *counts
	gone   func() // reports that the listener is closed

	mu       sync.Mutex
	own      []*os.File // further sockets to accept on
	change   sync.Cond
	ready    []net.Conn
	reserved int // promised, but not yet in ready: hand-offs answered with yes, and an accept under way
	waiting  int // goroutines in Accept
	closed   bool
	tells    bool // a server of ours sees its connections closed
	err      error
}

// share takes over a socket to accept on: the shared one first. The listener
// may be closed meanwhile.
func (l *listener) share(fd int) error {
	if kind, err := socketKind(fd); kind != HandleServer {
		_ = unix.Close(fd)
		return cmp.Or(err, fmt.Errorf("descriptor %d is a %s: %w", fd, kind, ErrHandle))
	}
	// A process that makes the socket blocking does so for all processes, and
	// every accept could then block for ever: make it non-blocking again.
	// Before NewFile, which looks at the flag to choose how to wait.
	err := unix.SetNonblock(fd, true)
	f := os.NewFile(uintptr(fd), "listener")
	if err != nil {
		f.Close()
		return os.NewSyscallError("fcntl", err)
	}
	raw, err := f.SyscallConn() // never f.Fd(): it would make the socket blocking
	if err != nil {
		f.Close()
		return err
	}
	first := l.common == nil // nobody else has the listener yet
	if first {
		l.common = f
	} else {
		if !l.addOwn(f) {
			f.Close()
			return net.ErrClosed
		}
		_ = raw.Control(func(fd uintptr) { rawconn.Prepare(int(fd)) }) // fails only if it is closed
	}
	go l.acceptShared(raw, !first)
	return nil
}

// addOwn keeps a further socket, which Close closes; false if that has happened.
func (l *listener) addOwn(f *os.File) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.own = append(l.own, f)
	}
	return !l.closed
}

// acceptRaw takes one connection from the shared socket, if there is one. It
// uses no net.Listener: with one, nobody could tell a connection it has taken
// from one it waits for.
func (l *listener) acceptRaw(raw syscall.RawConn, prepared bool) (net.Conn, error) {
	var fd int
	var from netip.AddrPort
	var err error
	t := l.counts.tally
	one := rawconn.OneDescriptor && l.isServed()
	rerr := raw.Read(func(s uintptr) bool {
		if !one {
			// A connection takes two descriptors for a moment. Without room for
			// both it stays where other workers find it.
			var room int
			if room, err = unix.FcntlInt(s, unix.F_DUPFD_CLOEXEC, 0); err != nil {
				return readable(int(s))
			}
			defer unix.Close(room)
		}
		pulse.Beat()
		t.up(tallyAccepting)
		fd, from, err = sock.Accept(int(s))
		if err == nil {
			t.up(tallyAccepted)
		}
		t.down(tallyAccepting)
		if sock.OutOfResources(err) { // the system says so whether a connection waits or not
			return readable(int(s))
		}
		return err != syscall.EAGAIN && err != syscall.EINTR
	})
	if err = cmp.Or(rerr, err); err != nil {
		return nil, err
	}
	if one {
		return rawconn.New(l.addr.Network(), fd, rawconn.Known{Local: l.local(), Remote: from, Prepared: prepared})
	}
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	conn, err := net.FileConn(f)
	for sock.OutOfResources(err) && !l.isClosed() {
		// Another part of the program took the descriptor first. No other
		// worker can have the connection now.
		l.counts.isShort(err)
		time.Sleep(shortWait)
		conn, err = net.FileConn(f)
	}
	if err != nil {
		t.up(tallyEnded)
	}
	return conn, err
}

// connOf makes a connection of a descriptor from the primary, which it takes
// over. A server of ours gets a cheap one; a program may ask for what package
// net knows.
func (l *listener) connOf(fd int) (net.Conn, error) {
	if l.isServed() {
		return rawconn.New(l.addr.Network(), fd, rawconn.Known{Local: l.local()})
	}
	return rawconn.Net(fd)
}

// local is the local address of every connection; nil if they may differ.
func (l *listener) local() *net.TCPAddr {
	a, ok := l.addr.(*net.TCPAddr)
	if !ok || a.IP.IsUnspecified() || a.IP.IsLinkLocalUnicast() { // the address of one has a zone, which this may lack
		return nil
	}
	return a
}

func (l *listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// isServed tells whether a server of ours takes the connections.
func (l *listener) isServed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tells
}

// readable tells whether a connection waits at a socket.
func readable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil
}

// acceptShared accepts on one of the sockets until it is closed. It takes a
// connection only when an Accept waits, so that it does not hold one another
// worker could serve.
func (l *listener) acceptShared(raw syscall.RawConn, prepared bool) {
	for {
		if !l.wanted() {
			return
		}
		conn, err := l.acceptRaw(raw, prepared)
		short := sock.OutOfResources(err)
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
			l.counts.isShort(err)
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

// tellsEnds says that a server of ours will see the connections closed.
func (l *listener) tellsEnds() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tells = true
}

// reserve promises to take a connection; push or release must follow.
func (l *listener) reserve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.ready)+l.reserved >= takenMax {
		return false
	}
	l.reserved++
	return true
}

// release withdraws the promise.
func (l *listener) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved--
	l.change.Broadcast()
}

// push takes in the promised connection.
func (l *listener) push(conn net.Conn, fo followed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved--
	if l.tells && !fo.at.IsZero() {
		l.counts.follows.came(conn, fo) // before Accept can return it
	}
	l.ready = append(l.ready, conn)
	l.change.Broadcast()
}

// Accept waits for the next connection: a *net.TCPConn or *net.UnixConn. After
// Close it still returns connections that were promised to the primary.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.accept()
	if err != nil {
		return nil, err
	}
	l.counts.tally.up(tallyUntold)
	return l.plain(conn)
}

// plain makes what Accept promises of a connection that was meant for a server
// of ours.
func (l *listener) plain(conn net.Conn) (net.Conn, error) {
	c, err := rawconn.AsNet(conn)
	for sock.OutOfResources(err) && !l.isClosed() {
		l.counts.isShort(err)
		time.Sleep(shortWait)
		c, err = rawconn.AsNet(conn)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// accept is Accept for a server of ours: it tells when the connection ends, and
// takes one that is not package net's.
func (l *listener) accept() (net.Conn, error) {
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
	defer l.gone()
	for _, f := range l.own { // none is added to a closed listener
		_ = f.Close()
	}
	if l.common != nil {
		return l.common.Close()
	}
	return nil
}

// Addr is the address the primary bound.
func (l *listener) Addr() net.Addr { return l.addr }

// sharedSocket is the socket the workers share.
func (l *listener) sharedSocket() (syscall.Conn, error) {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return nil, fmt.Errorf("making a handle of a %T: %w", l, net.ErrClosed)
	}
	if l.common != nil {
		return l.common, nil
	}
	return nil, fmt.Errorf("making a handle of a %T that has no socket, its connections come from the primary: %w", l, ErrHandle)
}
