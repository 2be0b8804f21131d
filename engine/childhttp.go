package engine

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// idleFor is how long a connection may be idle while the worker leaves.
	// Closing idle ones at once, as http.Server.Shutdown does, lost 1.5 to 7 %
	// of keep-alive requests: the client was just sending the next one.
	idleFor   = time.Second
	drainTick = 50 * time.Millisecond
)

// ServeHTTP serves HTTP in a worker on a listener of Listen, and reports what
// it does to the primary. It returns nil when the worker leaves (the primary has
// told it to, or Disconnect was called) and every connection has ended: it stops accepting,
// answers every further request on open connections with `Connection: close`, and closes
// a connection that has been idle for a second. The last ServeHTTP to end then
// ends the channel (see Hold), and returns when the functions of OnDisconnect, if there
// are any, have. Otherwise it returns srv.Serve's error. srv must not be served
// elsewhere; its Handler and ConnState are wrapped.
func ServeHTTP(ln net.Listener, srv *http.Server) error {
	c := self.Load()
	if c == nil {
		return ErrNotWorker
	}
	return c.serveHTTP(ln, srv)
}

func (c *Child) serveHTTP(ln net.Listener, srv *http.Server) error {
	d := &drainer{c: c, conns: make(map[*drainConn]struct{})}
	d.wrap(srv)
	c.tells(ln)
	defer c.awaitOver()
	defer c.Hold()()

	err := srv.Serve(drainListener{ln, d})
	select {
	case <-c.leaving:
	default:
		return err
	}
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	d.wait()
	return nil
}

// drainer follows the connections of one server, so that none is lost when the
// worker leaves.
type drainer struct {
	c *Child

	mu    sync.Mutex
	conns map[*drainConn]struct{}
}

func (d *drainer) wrap(srv *http.Server) {
	next := srv.Handler
	if next == nil {
		next = http.DefaultServeMux
	}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// Deferred: a handler that panics has been answered too, by net/http.
		defer func() { d.c.counts.answered(time.Since(start)) }()
		select {
		case <-d.c.leaving:
			w.Header().Set("Connection", "close")
		default:
		}
		next.ServeHTTP(w, r)
	})
	state := srv.ConnState
	srv.ConnState = func(conn net.Conn, s http.ConnState) {
		if dc, ok := conn.(*drainConn); ok {
			dc.state(s)
		}
		if state != nil {
			state(conn, s)
		}
	}
}

// wait returns when every connection has ended.
func (d *drainer) wait() {
	began := time.Now()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for now := began; d.closeIdle(began, now) > 0; now = <-tick.C {
	}
}

// closeIdle closes what has been idle for too long since the drain began, and
// returns how many connections were open.
func (d *drainer) closeIdle(began, now time.Time) int {
	d.mu.Lock()
	open := len(d.conns)
	var over []*drainConn
	for dc := range d.conns {
		if at := dc.idle.Load(); at != 0 && now.Sub(later(began, time.Unix(0, at))) >= idleFor {
			over = append(over, dc)
		}
	}
	d.mu.Unlock()
	for _, dc := range over {
		_ = dc.Close()
	}
	return open
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// drainListener hands http.Server connections that are followed.
type drainListener struct {
	net.Listener
	d *drainer
}

func (l drainListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	dc := &drainConn{Conn: conn, d: l.d, follow: l.d.c.counts.follows.accepted(conn)}
	dc.idle.Store(time.Now().UnixNano())
	l.d.mu.Lock()
	l.d.conns[dc] = struct{}{}
	l.d.mu.Unlock()
	l.d.c.counts.opened()
	return dc, nil
}

// drainConn is a connection of a server that may have to leave.
type drainConn struct {
	net.Conn
	d      *drainer
	idle   atomic.Int64 // since when no request is under way (Unix ns), 0 = one is
	closed atomic.Bool
	follow followed
}

func (c *drainConn) state(s http.ConnState) {
	switch s {
	case http.StateActive, http.StateHijacked:
		c.idle.Store(0)
	case http.StateIdle:
		c.idle.Store(time.Now().UnixNano())
	}
}

// Close is called by net/http, by whoever hijacked the connection, or by the
// drain.
func (c *drainConn) Close() error {
	if !c.closed.Swap(true) {
		c.d.mu.Lock()
		delete(c.d.conns, c)
		c.d.mu.Unlock()
		c.d.c.counts.follows.ended(c.follow)
		c.d.c.counts.ended()
	}
	return c.Conn.Close()
}

// ReadFrom keeps sendfile, which net/http uses if its connection has it.
func (c *drainConn) ReadFrom(r io.Reader) (int64, error) {
	if rf, ok := c.Conn.(io.ReaderFrom); ok {
		return rf.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite keeps the half-close net/http answers bad requests with: without
// it the client may lose the answer to a reset.
func (c *drainConn) CloseWrite() error {
	if cw, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return errors.ErrUnsupported
}
