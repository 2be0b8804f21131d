package engine

import (
	"crypto/tls"
	"net"
	"net/http"
	"syscall"
	"time"
)

// accepted follows a connection, and returns what net/http is to get for it.
// ServeTLS runs TLS over that. A connection of a TLS listener that the program
// made is not wrapped: net/http does the handshake, and so HTTP/2, for a
// *tls.Conn only. It is followed by what net/http says of it.
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
