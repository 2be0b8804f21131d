package engine

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
)

// endSessions gives the HTTP/2 sessions of srv a server of their own, and
// returns a function that tells all of them to end. It sends GOAWAY: the client
// sends requests this connection did not take on another one (RFC 9113, 6.8),
// and the connection ends with its streams. The function may be called again,
// for sessions that have begun since.
//
// net/http sends GOAWAY to an idle session only in Shutdown, and on srv that
// would close idle connections of HTTP/1 at once. The separate server has none.
// If the program brings its own HTTP/2, or wants none, endSessions does
// nothing; see wantsHTTP2.
func endSessions(srv *http.Server) (goAway func()) {
	if !wantsHTTP2(srv) {
		return func() {}
	}
	var all http.Protocols
	all.SetHTTP2(true)
	all.SetUnencryptedHTTP2(true)
	own := &http.Server{
		TLSConfig: srv.TLSConfig.Clone(), Protocols: &all,
		IdleTimeout: srv.IdleTimeout, ReadTimeout: srv.ReadTimeout, // HTTP/2 takes its timeouts from here
	}
	// Serve makes net/http set HTTP/2 up. An error means that the TLS
	// configuration is wrong: if it matters for srv, srv returns it itself.
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

// wantsHTTP2 tells whether net/http should serve HTTP/2 for srv, by net/http's
// rules: an entry for h2 in TLSNextProto is another HTTP/2, and entries without
// h2 are the old way to switch it off.
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
