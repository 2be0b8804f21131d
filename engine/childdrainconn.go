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
	shutAt  time.Time    // when it became idleShut; only the drain uses it
	came    atomic.Bool  // bytes have come since it was last idle
	closed  atomic.Bool
	secured atomic.Pointer[tls.Conn] // the TLS connection over it, or itself
	follow  followed
	gone    func(*drainConn)
	end     *connEnd // nil = the tally says nothing about it
}

// idleShut is the value of idle for a connection whose end was sent: later
// requests cannot be answered.
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

// move sets idle, and returns false if the connection's end was sent already.
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

// Read reads until the connection's end was sent. A request that crosses the
// end is not handled, because its client would get no answer. It is read, since
// unread bytes make the close a reset, and thrown away.
func (c *drainConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n == 0 || c.idle.Load() == 0 {
			return n, err
		}
		// The first bytes make the end wait until net/http has made a request
		// of them. Later bytes do not, or a client that sends them one by one
		// could delay the end for ever.
		if !c.came.Swap(true) && c.move(time.Now().UnixNano()) || c.idle.Load() != idleShut {
			return n, err
		}
		if c.secured.Load() == nil { // with TLS it may be only the client's close alert
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

// Close is called by net/http, by the program that hijacked the connection, or
// by the drain.
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

// sayEnd sends the connection's end and leaves it open for reading: net/http
// reads on, and closes it when the client has closed.
func (c *drainConn) sayEnd() {
	tc := c.secured.Load()
	if tc == nil {
		if c.CloseWrite() != nil {
			_ = c.Close()
		}
		return
	}
	if below, ok := tc.NetConn().(*drainConn); !ok || below != c {
		go tc.Close() // Close sends an alert to the client first, and waits for seconds if it cannot
		return
	}
	go c.sayEndTLS(tc)
}

func (c *drainConn) sayEndTLS(tc *tls.Conn) {
	if tc.CloseWrite() != nil || c.CloseWrite() != nil {
		_ = tc.Close()
	}
}

// awaitClosed waits until a hijacked connection that is not wrapped is closed
// by the program: nothing else tells.
func (c *drainConn) awaitClosed(below net.Conn) {
	defer c.over()
	sc, ok := below.(syscall.Conn)
	if !ok {
		return // the system cannot tell
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
