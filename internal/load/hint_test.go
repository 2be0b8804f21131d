package load

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Nothing is answered, for every cause there is: the run says which, and where
// to go instead.
func TestWhyNothingIsAnswered(t *testing.T) {
	t.Parallel()
	status := func(code int, location string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(code)
		}))
	}
	away, busy := status(302, "/login"), status(503, "")
	defer away.Close()
	defer busy.Close()
	secret := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secret.Config.ErrorLog = quietLog()
	secret.StartTLS()
	defer secret.Close()
	// As Node's does: it closes without a word of HTTP.
	curt := httptest.NewUnstartedServer(nil).Listener
	curtTLS := tls.NewListener(curt, secret.TLS)
	go func() { // ends with the listener
		for {
			conn, err := curtTLS.Accept()
			if err != nil {
				return
			}
			go func() { _ = conn.(*tls.Conn).Handshake(); conn.Close() }()
		}
	}()
	defer curt.Close()

	ln6, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	defer ln6.Close()
	port := ln6.Addr().(*net.TCPAddr).AddrPort().Port()
	other := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}).String()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	dir := t.TempDir()
	left, err := net.Listen("unix", filepath.Join(dir, "left"))
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	left.Close()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}

	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	for _, tt := range []struct {
		name  string
		o     Options
		cause Cause
		text  string
		use   string
	}{
		{"nobody", Options{Addr: gone.Addr().String()}, NobodyListens, "nothing listens on " + gone.Addr().String(), ""},
		{"the other family", Options{Addr: other, Path: "/x"}, OtherAddress, "but something does on " + ln6.Addr().String(), "http://" + ln6.Addr().String() + "/x"},
		{"plain to TLS, an answer", Options{Addr: at(secret), Path: "/x"}, SpeaksTLS, "speaks TLS", "https://" + at(secret) + "/x"},
		{"plain to TLS, no answer", Options{Addr: curt.Addr().String()}, SpeaksTLS, "speaks TLS", "https://" + curt.Addr().String() + "/"},
		{"TLS to plain", Options{Addr: at(busy), TLS: &tls.Config{}}, SpeaksPlain, "does not speak TLS", "http://" + at(busy) + "/"},
		{"a certificate of its own", Options{Addr: at(secret), TLS: &tls.Config{}}, Certificate, "unknown authority", ""},
		{"a redirect", Options{Addr: at(away)}, Redirect, "status 302 leads to /login", ""},
		{"another status", Options{Addr: at(busy)}, OtherStatus, "status 503", ""},
		{"no socket", Options{Addr: "unix:" + filepath.Join(dir, "none")}, NoSocket, "there is no socket " + dir, ""},
		{"a file", Options{Addr: "unix:" + filepath.Join(dir, "file")}, NotASocket, "is not a socket", ""},
		{"a socket that was left", Options{Addr: "unix:" + filepath.Join(dir, "left")}, NoSocket, "its server has ended", ""},
	} {
		o := tt.o
		o.Requests, o.Explain, o.Timeout = 2, true, 5*time.Second
		res, err := Run(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		checkSum(t, res)
		if h := res.Hint; res.OK != 0 || h.Cause != tt.cause || !strings.Contains(h.Text, tt.text) || h.Use != tt.use {
			t.Errorf("%s: %v %+v, %+v", tt.name, res, res.Reasons, h)
		}
		o.Explain = false
		if res, _ := Run(t.Context(), o); res.Hint != (Hint{}) {
			t.Errorf("%s: looked into without being asked: %+v", tt.name, res.Hint)
		}
	}
}

// The hint is why nothing is answered; when something is, it is gone.
func TestAHintGoesWithTheFirstAnswer(t *testing.T) {
	s := serve(t, "tcp", func(p *peer) {
		p.read()
		if p.n == 0 {
			p.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		p.answer("Connection: close\r\n")
	})
	res, err := Run(t.Context(), Options{Addr: s.addr(), Requests: 3, Explain: true})
	if err != nil || res.OK != 2 || res.Wrong != 1 || res.Hint != (Hint{}) {
		t.Errorf("%v %+v %v", res, res.Hint, err)
	}
}

// A run over TLS is one over HTTP/1.1, kept connections, closes and stops
// included.
func TestTLS(t *testing.T) {
	t.Parallel()
	conns := make(chan struct{}, 1000)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != "HTTP/1.1" {
			w.WriteHeader(505)
		}
	}))
	s.EnableHTTP2 = true // it is not asked for
	s.Config.ErrorLog = quietLog()
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns <- struct{}{}
		}
	}
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	for name, config := range map[string]*tls.Config{"verified": {RootCAs: pool}, "not verified": {InsecureSkipVerify: true}} {
		for _, kept := range []bool{true, false} {
			before := len(conns)
			res, err := Run(t.Context(), Options{Addr: s.Listener.Addr().String(), TLS: config, Requests: 10, KeepAlive: kept, Slow: 1, Timeout: 10 * time.Second})
			if err != nil || res.Failed() > 0 || res.OK < 10 {
				t.Errorf("%s, kept %t: %v %+v %v", name, kept, res, res.Reasons, err)
			}
			if n := len(conns) - before; kept && n != 2 || !kept && n != 11 { // one is slow
				t.Errorf("%s, kept %t: %d connections", name, kept, n)
			}
		}
	}
}

// A kept connection of TLS that the server closes while it is idle is not used
// again: what it says before it closes is data to the kernel.
func TestAKeptTLSConnectionThatWasClosedIsNotUsed(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 100)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = quietLog()
	s.Config.IdleTimeout = 20 * time.Millisecond
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateClosed {
			closed <- struct{}{}
		}
	}
	s.StartTLS()
	defer s.Close()
	r, err := Start(t.Context(), Options{Addr: s.Listener.Addr().String(), TLS: &tls.Config{InsecureSkipVerify: true},
		Rate: 4, Concurrency: 1, KeepAlive: true, Requests: 4, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := r.Wait(); err != nil || res.OK != 4 || len(closed) < 3 {
		t.Errorf("%v %+v %v, %d connections closed", res, res.Reasons, err, len(closed))
	}
}
