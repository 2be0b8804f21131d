package load

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestParseStatuses(t *testing.T) {
	for text, want := range map[string]string{
		"200": "200", "2xx": "200 204 299", " 200 , 204,302 ": "200 204 302", "5XX": "500 599", "1xx,404": "100 199 404", "599": "599",
	} {
		s, err := ParseStatuses(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for _, n := range []int{0, 99, 100, 199, 200, 204, 299, 302, 404, 500, 599, 600, 1000, -1} {
			in := strings.Contains(" "+want+" ", fmt.Sprintf(" %d ", n))
			class := strings.Contains(strings.ToLower(text), fmt.Sprintf("%dxx", n/100)) && n >= 100
			if s.Has(n) != (in || class) {
				t.Errorf("%q: %d in it: %t", text, n, s.Has(n))
			}
		}
	}
	for _, text := range []string{"", " ", ",", "200,", "20", "2000", "600", "099", "6xx", "0xx", "xx", "2x", "2xxx", "-200", "+200", "0x2", "200-204", "２00"} {
		if s, err := ParseStatuses(text); err == nil {
			t.Errorf("%q is %+v", text, s)
		}
	}
	var def Statuses
	if !def.Has(200) || !def.Has(204) || !def.Has(299) || def.Has(302) || def.Has(199) {
		t.Error("the default is not 2xx")
	}
}

func TestParseField(t *testing.T) {
	for text, want := range map[string]Field{
		"Accept: text/html":  {"Accept", "text/html"},
		"X:y":                {"X", "y"},
		"X-Empty:":           {"X-Empty", ""},
		"x : \t a: b \t":     {"x", "a: b"},
		"Cookie: a=\tb; c=é": {"Cookie", "a=\tb; c=é"},
		"host: example.com":  {"host", "example.com"},
	} {
		if got, err := ParseField(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, why := range map[string]string{
		"": "no colon", "X": "no colon", ": x": "no name", "a b: c": "name", "é: c": "name", "a\r\nb: c": "name",
		"X: a\r\nEvil: 1": "control", "X: a\nEvil: 1": "control", "X: a\x00": "control", "X: \x1b[2J": "control", "X: a\x7f": "control",
		"Content-Length: 5": "counted from the body", "transfer-encoding: chunked": "with its length", "Connection: upgrade": "keep-alive",
		"Host: a b": "no host", "Host:": "no host", "Host: a/b": "no host",
	} {
		if got, err := ParseField(text); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, why)
		}
	}
}

// What arrives is what the options say, and nothing twice.
func TestTheRequestAsTheServerSeesIt(t *testing.T) {
	got, bodies := make(chan *http.Request, 1), make(chan string, 1)
	s := serve(t, "tcp", func(p *peer) {
		if !p.read() {
			return
		}
		body, _ := io.ReadAll(p.req.Body)
		got <- p.req
		bodies <- string(body)
		p.answer("Connection: close\r\n")
	})
	long := strings.Repeat("x", 300_000)
	for _, tt := range []struct {
		name   string
		o      Options
		line   string
		header string // fields that must be there, as the server writes them
		absent string
		body   string
	}{
		{"plain", Options{}, "GET /", "User-Agent: muster-load, X-Request-Id: 0-1", "Content-Length", ""},
		{"a body is a POST", Options{Body: []byte("a=1"), Path: "/form"}, "POST /form", "Content-Length: 3", "", "a=1"},
		{"a long body", Options{Body: []byte(long), Method: "put"}, "PUT /", "Content-Length: 300000", "", long},
		{"a POST without a body", Options{Method: "POST"}, "POST /", "Content-Length: 0", "", ""},
		{"the caller's fields", Options{Method: "DELETE", Header: []Field{{"Host", "example.com"}, {"User-Agent", "me"}, {"X-Request-Id", "7"}, {"A", "1"}, {"A", "2"}}},
			"DELETE /", "User-Agent: me, X-Request-Id: 7, A: 1 2", "Content-Length", ""},
	} {
		o := tt.o
		o.Addr, o.Requests, o.Timeout = s.addr(), 1, 5*time.Second
		res, err := Run(t.Context(), o)
		if err != nil || res.OK != 1 {
			t.Fatalf("%s: %v %+v %v", tt.name, res, res.Reasons, err)
		}
		req, body := <-got, <-bodies
		if line := req.Method + " " + req.RequestURI; line != tt.line || body != tt.body {
			t.Errorf("%s: %s with %d bytes, want %s with %d", tt.name, line, len(body), tt.line, len(tt.body))
		}
		for want := range strings.SplitSeq(tt.header, ", ") {
			name, value, _ := strings.Cut(want, ": ")
			have := req.Header[name]
			if name == "Content-Length" {
				have = []string{fmt.Sprint(req.ContentLength)}
			}
			if strings.Join(have, " ") != value {
				t.Errorf("%s: %s is %q, want %q", tt.name, name, have, value)
			}
		}
		if tt.absent != "" && req.Header.Get(tt.absent) != "" {
			t.Errorf("%s: there is a %s", tt.name, tt.absent)
		}
		if want := o.Addr; req.Host != want && len(o.Header) == 0 || len(o.Header) > 0 && req.Host != "example.com" {
			t.Errorf("%s: Host %s", tt.name, req.Host)
		}
	}
}

func TestWrongRequests(t *testing.T) {
	for why, o := range map[string]Options{
		"one word": {Method: "GET /x"}, "proxies": {Method: "connect"}, "no body": {Method: "TRACE", Body: []byte("x")},
		"at most 16777216": {Body: make([]byte, MaxBody+1)}, "there must be one": {Header: []Field{{"Host", "a"}, {"host", "b"}}},
		"control": {Header: []Field{{"A", "b\r\nC: d"}}}, "counted": {Header: []Field{{"content-length", "1"}}},
		"at most 65536": {Header: []Field{{"A", strings.Repeat("x", maxFields)}}}, "must start with /": {Path: "x"},
	} {
		o.Addr = "127.0.0.1:80"
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// An answer to HEAD has no body, whatever its length says; one to GET with 204
// or 304 neither.
func TestAnswersWithoutABody(t *testing.T) {
	s := serve(t, "tcp", func(p *peer) {
		for p.read() {
			if p.req.Method == "HEAD" {
				p.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
			} else {
				p.write("HTTP/1.1 204 No Content\r\n\r\n")
			}
		}
	})
	for _, method := range []string{"HEAD", "GET"} {
		res, err := Run(t.Context(), Options{Addr: s.addr(), Method: method, Requests: 4, KeepAlive: true, Timeout: 5 * time.Second})
		if err != nil || res.OK != 4 {
			t.Errorf("%s: %v %+v %v", method, res, res.Reasons, err)
		}
	}
	if n := s.connections(); n != 2 {
		t.Errorf("%d connections, want one each", n)
	}
}

// A server that answers "too large" and closes has answered; one that echoes
// while it reads is read while it is written to.
func TestAnswersToALongBodyComeInTheMiddleOfIt(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("muster "), 1<<20)
	early := serve(t, "tcp", func(p *peer) {
		p.br.ReadString('\n')
		p.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		io.CopyN(io.Discard, p.conn, 1<<20) // some of it, as servers do
	})
	want, err := ParseStatuses("413")
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(t.Context(), Options{Addr: early.addr(), Body: body, Requests: 2, Statuses: want, KeepAlive: true, Timeout: 10 * time.Second})
	if err != nil || res.OK+res.Reset != 2 || res.OK == 0 {
		t.Errorf("%v %+v %v, want the 413 heard", res, res.Reasons, err)
	}
	// Together with what the client's kernel takes there is less room than the
	// body needs both ways.
	body = bytes.Repeat([]byte("muster "), 2<<20)
	echo := serve(t, "tcp", func(p *peer) {
		_ = p.conn.(*net.TCPConn).SetReadBuffer(16 << 10)
		_ = p.conn.(*net.TCPConn).SetWriteBuffer(16 << 10)
		for p.read() {
			p.write("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", p.req.ContentLength)
			io.Copy(p.conn, p.req.Body)
		}
	})
	res, err = Run(t.Context(), Options{Addr: echo.addr(), Body: body, ExpectBody: string(body), Requests: 3, KeepAlive: true, Timeout: 10 * time.Second})
	if err != nil || res.OK != 3 || echo.connections() != 1 {
		t.Errorf("%v %+v %v, %d connections, want one", res, res.Reasons, err, echo.connections())
	}
}

func FuzzField(f *testing.F) {
	for _, s := range []string{"A: b", "Host: x", "A:\r\nB: c", "\x00:", "X-Ünder: 1", "Content-Length: 3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		field, err := ParseField(text)
		if err != nil {
			return
		}
		o, err := Options{Addr: "127.0.0.1:80", Header: []Field{field}}.withDefaults()
		if err != nil {
			return // too long
		}
		// A strict reader finds this field and those of our own, nothing else.
		head := o.requestHead("h", false)
		if n := strings.Count(head, "\n"); n != strings.Count(head, "\r\n") || strings.Count(head, "\r") != n || strings.ContainsRune(head, 0) {
			t.Fatalf("%q breaks the lines of %q", text, head)
		}
		own := 4
		if strings.EqualFold(field.Name, "Host") || strings.EqualFold(field.Name, "User-Agent") {
			own = 3
		}
		if n := strings.Count(head, "\r\n"); n != own+1 {
			t.Fatalf("%q makes %d lines: %q", text, n, head)
		}
	})
}

func FuzzStatuses(f *testing.F) {
	for _, s := range []string{"200", "2xx,404", ",", "xx", "999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStatuses(text)
		if err != nil {
			return
		}
		some := false
		for n := -1; n < 1200; n++ {
			if s.Has(n) {
				some = true
				if n < minStatus || n > maxStatus {
					t.Fatalf("%q has %d", text, n)
				}
			}
		}
		if !some {
			t.Fatalf("%q is no status at all", text)
		}
	})
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"127.0.0.1:80", "[::1]:80", "unix:/x", "unix:", "80", ":80", "[::ffff:1.2.3.4]:1", "1.2.3.4:5", "[fe80::1%eth0]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, addr string) {
		host := strings.TrimSuffix(addr, ":80")
		if !strings.HasPrefix(addr, "unix:") && strings.ContainsFunc(host, func(r rune) bool { return r > '9' && r != ':' && r != '[' && r != ']' }) {
			return // a name: nothing is looked up here
		}
		to, err := Options{Addr: addr}.resolve(t.Context())
		if err != nil {
			return
		}
		if len(to.addrs) == 0 || strings.ContainsAny(to.host, "\r\n \x00") {
			t.Fatalf("%q: %+v", addr, to)
		}
		for _, a := range to.addrs {
			if to.network == "tcp" && !strings.HasPrefix(a, "127.") && !strings.HasPrefix(a, "[::1]:") {
				t.Fatalf("%q leads to %s", addr, a)
			}
		}
	})
}
