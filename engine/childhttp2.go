package engine

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
)

// endSessions has the HTTP/2 sessions of srv belong to a server of their own,
// and returns what tells all of them to end: with GOAWAY, after which a client
// sends on another connection what this one did not take (RFC 9113, 6.8), and
// the connection ends when its streams have. It may be called again, for
// sessions that have begun since.
//
// net/http has GOAWAY for a session that is not answering anything in Shutdown
// only, and on srv that would close idle connections of HTTP/1 at once. The
// server of their own has none. If the program brings an HTTP/2 of its own, or
// none is wanted, it does nothing; see wantsHTTP2.
func endSessions(srv *http.Server) (goAway func()) {
	if !wantsHTTP2(srv) {
		return func() {}
	}
	var all http.Protocols
	all.SetHTTP2(true)
	all.SetUnencryptedHTTP2(true)
	own := &http.Server{
		TLSConfig: srv.TLSConfig.Clone(), Protocols: &all,
		IdleTimeout: srv.IdleTimeout, ReadTimeout: srv.ReadTimeout, // those HTTP/2 takes from here
	}
	// Serve is what makes net/http set HTTP/2 up. An error of that is one of the
	// TLS configuration: srv says it itself, if it is one there.
	if err := own.Serve(noConns{}); !errors.Is(err, errNoConns) || own.TLSNextProto["h2"] == nil {
		return func() {}
	}
	protos := maps.Clone(own.TLSNextProto)
	maps.Copy(protos, srv.TLSNextProto)
	srv.TLSNextProto = protos
	goAway = func() { _ = own.Shutdown(context.Background()) } // it has no connection to wait for
	srv.RegisterOnShutdown(goAway)
	return goAway
}

// wantsHTTP2 tells whether net/http is to serve HTTP/2 for srv, by its own rules:
// an entry for h2 is somebody else's HTTP/2, and other entries without one are
// the old way to say no.
func wantsHTTP2(srv *http.Server) bool {
	switch _, others := srv.TLSNextProto["h2"]; {
	case others:
		return false
	case srv.Protocols != nil:
		return srv.Protocols.HTTP2() || srv.Protocols.UnencryptedHTTP2()
	default:
		return srv.TLSNextProto == nil
	}
}

var errNoConns = errors.New("no connections come here")

// noConns is a listener that ends a server as soon as it is set up.
type noConns struct{}

func (noConns) Accept() (net.Conn, error) { return nil, errNoConns }
func (noConns) Close() error              { return nil }
func (noConns) Addr() net.Addr            { return namedAddr{"none", "none"} }
