package engine

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// drainer follows the connections of one server, so that none is lost when the
// worker leaves.
type drainer struct {
	counts  *counts
	kept    *keptTime
	leaving <-chan struct{}
	own     *listener // what it accepts on, if that came from Listen
	goAway  func()    // tells HTTP/2 sessions to end

	mu    sync.Mutex
	conns map[*drainConn]struct{}
	tls   map[*tls.Conn]*drainConn // the connections that net/http has without their drainConn
}

func (d *drainer) wrap(srv *http.Server) {
	next := srv.Handler
	if next == nil {
		next = http.DefaultServeMux
	}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// Deferred: if a handler panics net/http ends the request, so it counts
		// too.
		defer func() { d.counts.answered(time.Since(start)) }()
		leaving := false
		select {
		case <-d.leaving:
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

// drainListener gives http.Server connections that are followed.
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

// accepted follows a connection, and returns the one to give to net/http.
// ServeTLS runs TLS over it. A connection of a TLS listener that the program
// made is not wrapped: net/http does the handshake, and so HTTP/2, only for a
// *tls.Conn. Such a connection is followed by what net/http reports of it.
func (d *drainer) accepted(conn net.Conn) net.Conn {
	tc, secured := conn.(*tls.Conn)
	dc := d.follow(conn)
	if !secured {
		return dc
	}
	dc.secured.Store(tc)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tls == nil {
		d.tls = make(map[*tls.Conn]*drainConn)
	}
	d.tls[tc] = dc
	return tc
}

// follow makes the drainConn of a connection.
func (d *drainer) follow(conn net.Conn) *drainConn {
	dc := &drainConn{Conn: conn, gone: d.gone, follow: d.counts.follows.accepted(conn)}
	dc.idle.Store(time.Now().UnixNano())
	if d.own != nil {
		dc.end = newConnEnd(d.counts.tally)
	} else { // it may be anything: nobody can say what its end means
		d.counts.tally.up(tallyUntold)
	}
	d.mu.Lock()
	d.conns[dc] = struct{}{}
	d.mu.Unlock()
	d.counts.opened()
	return dc
}

// gone takes in that a connection has ended.
func (d *drainer) gone(c *drainConn) {
	d.mu.Lock()
	delete(d.conns, c)
	delete(d.tls, c.secured.Load())
	d.mu.Unlock()
	d.counts.follows.ended(c.follow)
	d.counts.ended()
}

// saw takes in what net/http does with a connection.
func (d *drainer) saw(conn net.Conn, s http.ConnState) {
	switch conn := conn.(type) {
	case *drainConn:
		conn.state(s)
	case *tls.Conn:
		if dc, ok := conn.NetConn().(*drainConn); ok {
			dc.secured.Store(conn)
			dc.state(s)
			return
		}
		d.mu.Lock()
		dc := d.tls[conn]
		d.mu.Unlock()
		if dc == nil {
			return
		}
		dc.state(s)
		switch s {
		case http.StateClosed:
			dc.over()
		case http.StateHijacked:
			go dc.awaitClosed(conn.NetConn())
		}
	}
}

// drainTick is how often to check connections while a worker leaves.
const drainTick = 50 * time.Millisecond

// wait returns when every connection has ended.
func (d *drainer) wait() {
	began := time.Now()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for now := began; d.closeIdle(began, now) > 0; now = <-tick.C {
		d.goAway() // each time: new sessions may begin on open connections
	}
}

// closeIdle sends the end on connections that are idle for too long in a drain
// that began at began, closes those whose end was sent before, and returns how
// many connections were open.
func (d *drainer) closeIdle(began, now time.Time) int {
	kept := d.kept.limit()
	d.mu.Lock()
	open := len(d.conns)
	var over, done []*drainConn
	for dc := range d.conns {
		switch at := dc.idle.Load(); at {
		case 0:
		case idleShut:
			if now.Sub(dc.shutAt) >= lingerFor {
				done = append(done, dc)
			}
		default:
			// It was in use when the drain began: its answer may have promised
			// to keep it.
			until := later(began.Add(kept), time.Unix(0, at).Add(min(idleFor, kept)))
			if !now.Before(until) && dc.idle.CompareAndSwap(at, idleShut) {
				dc.shutAt = now
				over = append(over, dc)
			}
		}
	}
	d.mu.Unlock()
	for _, dc := range over {
		dc.sayEnd()
	}
	for _, dc := range done {
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
