package engine

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"

	"muster/engine/internal/rawconn"
	"muster/internal/testkit"
)

// A program that accepts by itself gets connections of package net, as promised;
// a server of ours gets the cheap ones.
func TestPolicy09WhoGetsWhichConnection(t *testing.T) {
	for name, source := range map[string]func(*testing.T, *fakePrimary, *Child) (l *listener, come func() net.Conn){
		"rr": func(t *testing.T, p *fakePrimary, c *Child) (*listener, func() net.Conn) {
			l, key := p.listening(c, "127.0.0.1:4000")
			return l, func() net.Conn { return handOff(t, p, key).Conn }
		},
		"shared": func(t *testing.T, p *fakePrimary, c *Child) (*listener, func() net.Conn) {
			shared := closing(t, must(net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t))
			l := &listener{counts: c.counts, addr: shared.Addr(), gone: func() {}}
			l.change.L = &l.mu
			if err := l.share(dupOf(t, shared)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			return l, func() net.Conn { return must(net.Dial("tcp", shared.Addr().String()))(t) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, p := startChild(t)
			l, come := source(t, p, c)
			next := func(accept func() (net.Conn, error)) string {
				t.Helper()
				client := come()
				defer client.Close()
				conn := must(accept())(t)
				defer conn.Close()
				if conn.RemoteAddr().String() != client.LocalAddr().String() {
					t.Errorf("a connection of %v, it is of %v", conn.RemoteAddr(), client.LocalAddr())
				}
				return fmt.Sprintf("%T", conn)
			}
			if is := next(l.Accept); is != "*net.TCPConn" {
				t.Errorf("Accept returns a %s", is)
			}
			l.tellsEnds() // by ServeHTTP
			if is := next(l.accept); is != "*rawconn.Conn" {
				t.Errorf("a server of ours gets a %s", is)
			}
			if is := next(l.Accept); is != "*net.TCPConn" {
				t.Errorf("Accept beside a server of ours returns a %s", is)
			}
		})
	}
}

// A handler that takes its connection over has the cheap one, followed as
// always.
func TestPolicy09HandlerHasTheCheapConnection(t *testing.T) {
	c, p := startChild(t)
	ln, key := p.listening(c, "127.0.0.1:4000")
	got := make(chan net.Conn, 1)
	served := background(func() (any, error) {
		return nil, c.serveHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			got <- conn
		})})
	})
	testkit.Eventually(t, patience, ln.isServed, "the server does not accept")
	client := handOff(t, p, key)
	client.send(t, "/")
	conn := receive(t, got)
	defer conn.Close()
	dc, ok := conn.(*drainConn)
	if !ok {
		t.Fatalf("it has a %T", conn)
	}
	if _, ok := dc.Conn.(*rawconn.Conn); !ok {
		t.Errorf("it has a %T", dc.Conn)
	}
	_ = ln.Close()
	p.expect("close")
	if r := receive(t, served); !errors.Is(r.err, net.ErrClosed) {
		t.Error(r.err)
	}
}
