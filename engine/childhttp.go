package engine

import (
	"errors"
	"net"
	"net/http"
)

// ServeHTTP serves HTTP in a worker on a listener of Listen, and reports what
// it does to the primary. It returns nil when the worker leaves (the primary
// has told it to, or Disconnect was called) and every connection has ended: it
// stops accepting, answers every further request on open connections with
// `Connection: close`, and closes a connection on which no request comes
// (within 5 s; less if Options.Grace is less, and 1 s if no other worker
// stays). An HTTP/2 session is told to end (GOAWAY) at once, and ends with its
// streams. The last ServeHTTP to end then ends the channel (see Hold), and
// returns when the functions of OnDisconnect, if there are any, have. Otherwise
// it returns srv.Serve's error. srv must not be served elsewhere; its Handler,
// ConnState and TLSNextProto are wrapped.
//
// HTTP/2 without TLS is served if srv.Protocols has UnencryptedHTTP2, HTTP/2 by
// TLS with ServeTLS, or on a listener of tls.NewListener around one of Listen
// with h2 in NextProtos of its configuration. A session of another HTTP/2 than
// net/http's own (golang.org/x/net/http2) is told to end only with its next
// answer; a session that package's h2c took over is not told at all.
func ServeHTTP(ln net.Listener, srv *http.Server) error {
	c := self.Load()
	if c == nil {
		return ErrNotWorker
	}
	return c.serveHTTP(ln, srv)
}

// ServeTLS is ServeHTTP by TLS (as http.Server.ServeTLS is Serve): HTTP/2 with
// clients that ask for it, HTTP/1.1 with all others. certFile and keyFile may
// be empty if srv.TLSConfig has a certificate. Each worker makes session ticket
// keys of its own unless srv.TLSConfig.SetSessionTicketKeys has set them, so a
// client that comes to another worker must do a full handshake.
func ServeTLS(ln net.Listener, srv *http.Server, certFile, keyFile string) error {
	c := self.Load()
	if c == nil {
		return ErrNotWorker
	}
	return c.serve(ln, srv, func(l net.Listener) error { return srv.ServeTLS(l, certFile, keyFile) })
}

func (c *Child) serveHTTP(ln net.Listener, srv *http.Server) error {
	return c.serve(ln, srv, srv.Serve)
}

// serve is ServeHTTP and ServeTLS; with is the method of srv to call.
func (c *Child) serve(ln net.Listener, srv *http.Server, with func(net.Listener) error) error {
	d := &drainer{counts: c.counts, kept: &c.kept, leaving: c.departure.leaving, conns: make(map[*drainConn]struct{})}
	d.own, _ = ln.(*listener)
	d.wrap(srv)
	if d.own != nil { // otherwise its connections are not those the primary handed over
		d.own.tellsEnds()
		c.counts.tellsEnds()
	}
	defer c.departure.awaitOver()
	defer c.departure.holdUp()()

	err := with(drainListener{ln, d})
	select {
	case <-c.departure.leaving:
	default:
		return err
	}
	if !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	d.wait()
	return nil
}
