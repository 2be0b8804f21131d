package engine

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// ServeHTTP serves HTTP in a worker on a listener of Listen, and reports what
// it does to the primary. It returns nil when the worker leaves (the primary has
// told it to, or Disconnect was called) and every connection has ended: it stops accepting,
// answers every further request on open connections with `Connection: close`, and closes
// a connection on which none comes (5 s; less if Options.Grace is, and 1 s if no other
// worker stays). An HTTP/2 session is told to end
// (GOAWAY) at once, and ends with its streams. The last ServeHTTP to end then
// ends the channel (see Hold), and returns when the functions of OnDisconnect, if there
// are any, have. Otherwise it returns srv.Serve's error. srv must not be served
// elsewhere; its Handler, ConnState and TLSNextProto are wrapped.
//
// HTTP/2 without TLS is served if srv.Protocols has UnencryptedHTTP2, HTTP/2 by
// TLS with ServeTLS, or on a listener of tls.NewListener around that of Listen
// whose configuration has h2 in NextProtos. A session of an HTTP/2 that is not
// net/http's own (golang.org/x/net/http2) is told to end with its next answer
// only, and one that package's h2c took over not at all.
func ServeHTTP(ln net.Listener, srv *http.Server) error {
	c := self.Load()
	if c == nil {
		return ErrNotWorker
	}
	return c.serveHTTP(ln, srv)
}

func (c *Child) serveHTTP(ln net.Listener, srv *http.Server) error {
	return c.serve(ln, srv, srv.Serve)
}

// serve is ServeHTTP and ServeTLS; with is the method of srv for it.
func (c *Child) serve(ln net.Listener, srv *http.Server, with func(net.Listener) error) error {
	d := &drainer{c: c, conns: make(map[*drainConn]struct{})}
	d.own, _ = ln.(*listener)
	d.wrap(srv)
	if d.own != nil { // else what it accepts is not what we were handed
		d.own.tellsEnds()
		c.counts.tellsEnds()
	}
	defer c.awaitOver()
	defer c.Hold()()

	err := with(drainListener{ln, d})
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
	c      *Child
	own    *listener // what it accepts on, if that is one of ours
	goAway func()    // tells the HTTP/2 sessions to end

	mu    sync.Mutex
	conns map[*drainConn]struct{}
	tls   map[*tls.Conn]*drainConn // those of conns that net/http has without their drainConn
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
		leaving := false
		select {
		case <-d.c.leaving:
			leaving = true
			w.Header().Set("Connection", "close")
		default:
		}
		end := endOf(r)
		end.request(r, leaving)
		next.ServeHTTP(w, r)
		end.returned(w.Header())
	})
	srv.ConnContext = withEnd(srv.ConnContext)
	d.goAway = endSessions(srv)
	state := srv.ConnState
	srv.ConnState = func(conn net.Conn, s http.ConnState) {
		d.saw(conn, s)
		if state != nil {
			state(conn, s)
		}
	}
}

// drainListener hands http.Server connections that are followed.
type drainListener struct {
	net.Listener
	d *drainer
}

func (l drainListener) Accept() (net.Conn, error) {
	accept := l.Listener.Accept
	if l.d.own != nil {
		accept = l.d.own.accept
	}
	conn, err := accept()
	if err != nil {
		return nil, err
	}
	return l.d.accepted(conn), nil
}

// follow makes the drainConn of a connection.
func (d *drainer) follow(conn net.Conn) *drainConn {
	dc := &drainConn{Conn: conn, d: d, follow: d.c.counts.follows.accepted(conn)}
	dc.idle.Store(time.Now().UnixNano())
	if d.own != nil {
		dc.end = newConnEnd(d.c.counts.tally)
	} else { // it may be anything: we cannot say what its end means
		d.c.counts.tally.up(tallyUntold)
	}
	d.mu.Lock()
	d.conns[dc] = struct{}{}
	d.mu.Unlock()
	d.c.counts.opened()
	return dc
}

// drainConn is a connection of a server that may have to leave.
type drainConn struct {
	net.Conn
	d       *drainer
	idle    atomic.Int64 // since when no request is under way (Unix ns), 0 = one is, idleShut
	shutAt  time.Time    // when it became idleShut; the drain's
	came    atomic.Bool  // something has, since it was last idle
	closed  atomic.Bool
	secured atomic.Pointer[tls.Conn] // TLS that runs over it, or that it is
	follow  followed
	end     *connEnd // nil = the tally says nothing about it
}

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
	if c.closed.Swap(true) {
		return
	}
	c.d.mu.Lock()
	delete(c.d.conns, c)
	delete(c.d.tls, c.secured.Load())
	c.d.mu.Unlock()
	c.d.c.counts.follows.ended(c.follow)
	c.d.c.counts.ended()
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
