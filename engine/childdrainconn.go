package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"
)

// drainConn is a connection of a server that may have to leave.
type drainConn struct {
	net.Conn
	idle    atomic.Int64 // since when no request is under way (Unix ns), 0 = one is, idleShut
	shutAt  time.Time    // when it became idleShut; the drain's
	came    atomic.Bool  // something has, since it was last idle
	closed  atomic.Bool
	secured atomic.Pointer[tls.Conn] // TLS that runs over it, or that it is
	follow  followed
	gone    func(*drainConn)
	end     *connEnd // nil = the tally says nothing about it
}

// idleShut is the idle of a connection whose end was said: what still comes on
// it cannot be answered.
const idleShut = -1

func (c *drainConn) state(s http.ConnState) {
	switch s {
	case http.StateActive:
		c.busy()
		c.end.active()
	case http.StateHijacked:
		c.busy()
		c.end.hijacked()
	case http.StateIdle:
		c.came.Store(false)
		if c.idle.Load() != idleShut {
			c.idle.Store(time.Now().UnixNano())
		}
		c.end.kept()
	}
}

// busy says that a request is under way.
func (c *drainConn) busy() { c.move(0) }

// move sets idle, unless the connection's end was said: then it is false.
func (c *drainConn) move(to int64) bool {
	for {
		at := c.idle.Load()
		if at == idleShut || at == 0 && to != 0 {
			return at == 0
		}
		if c.idle.CompareAndSwap(at, to) {
			return true
		}
	}
}

// Read reads until the connection's end was said. A request that crosses that is
// not handled, for its client hears no answer: it is read, or the close would be
// a reset, and thrown away.
func (c *drainConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n == 0 || c.idle.Load() == 0 {
			return n, err
		}
		// The first bytes have the end wait until net/http has made a request of
		// them; not each, or who sends them one by one would hold it up.
		if !c.came.Swap(true) && c.move(time.Now().UnixNano()) || c.idle.Load() != idleShut {
			return n, err
		}
		if c.secured.Load() == nil { // else it may be no more than the client's goodbye
			c.end.lost()
		}
		if err != nil {
			return 0, err
		}
	}
}

func (c *drainConn) Write(b []byte) (int, error) {
	c.end.write()
	return c.Conn.Write(b)
}

// Close is called by net/http, by whoever hijacked the connection, or by the
// drain.
func (c *drainConn) Close() error {
	c.over()
	c.end.closing()
	defer c.end.closed()
	return c.Conn.Close()
}

// over says that the connection has ended; once.
func (c *drainConn) over() {
	if !c.closed.Swap(true) {
		c.gone(c)
	}
}

// ReadFrom keeps sendfile, which net/http uses if its connection has it.
func (c *drainConn) ReadFrom(r io.Reader) (int64, error) {
	c.end.write()
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite keeps the half-close net/http answers bad requests with: without
// it the client may lose the answer to a reset.
func (c *drainConn) CloseWrite() error {
	cw, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	c.end.halfClosing()
	defer c.end.halfClosed()
	return cw.CloseWrite()
}

// sayEnd says the connection's end and leaves it open for reading: net/http does
// that, and closes it when its client has.
func (c *drainConn) sayEnd() {
	tc := c.secured.Load()
	if tc == nil {
		if c.CloseWrite() != nil {
			_ = c.Close()
		}
		return
	}
	if below, ok := tc.NetConn().(*drainConn); !ok || below != c {
		go tc.Close() // it says so to the client first, and waits for seconds if that cannot be sent
		return
	}
	go c.sayEndTLS(tc)
}

func (c *drainConn) sayEndTLS(tc *tls.Conn) {
	if tc.CloseWrite() != nil || c.CloseWrite() != nil {
		_ = tc.Close()
	}
}

// awaitClosed waits until whoever hijacked a connection that is not wrapped has
// closed it: nothing else tells.
func (c *drainConn) awaitClosed(below net.Conn) {
	defer c.over()
	sc, ok := below.(syscall.Conn)
	if !ok {
		return // nobody can know
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	tick := time.NewTicker(hijackedTick)
	defer tick.Stop()
	for raw.Control(func(uintptr) {}) == nil {
		<-tick.C
	}
}

const hijackedTick = 100 * time.Millisecond

// withEnd is a server's ConnContext for endOf; inner may be nil.
func withEnd(inner func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, conn net.Conn) context.Context {
		below := conn
		if tc, ok := conn.(interface{ NetConn() net.Conn }); ok {
			below = tc.NetConn()
		}
		if dc, ok := below.(*drainConn); ok {
			ctx = context.WithValue(ctx, endKey{}, dc.end)
		}
		if inner != nil {
			ctx = inner(ctx, conn)
		}
		return ctx
	}
}
