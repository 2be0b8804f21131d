package load

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Every way a server can treat one request, and what it counts as. One client
// sends two requests; the table says how both ended.
func TestEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handle  func(p *peer)
		opts    Options // Addr, Requests and Timeout are filled in
		want    Counts
		wantErr string // in Result.Errors
		conns   int    // connections the server saw
	}{
		{
			name:   "answer, new connections",
			handle: func(p *peer) { p.read(); p.answer("Connection: close\r\n") },
			want:   Counts{Sent: 2, OK: 2}, conns: 2,
		},
		{
			name: "answer, kept connection",
			handle: func(p *peer) {
				for p.read() {
					p.answer("")
				}
			},
			opts: Options{KeepAlive: true},
			want: Counts{Sent: 2, OK: 2}, conns: 1,
		},
		{
			name:   "kept only as long as the server wants",
			handle: func(p *peer) { p.read(); p.answer("Connection: close\r\n") },
			opts:   Options{KeepAlive: true},
			want:   Counts{Sent: 2, OK: 2}, conns: 2,
		},
		{
			name:   "HTTP/1.0, the end of the body is the end of the connection",
			handle: func(p *peer) { p.read(); p.write("HTTP/1.0 200 OK\r\n\r\nhello") },
			opts:   Options{KeepAlive: true, ExpectBody: "hello"},
			want:   Counts{Sent: 2, OK: 2}, conns: 2,
		},
		{
			name: "chunked",
			handle: func(p *peer) {
				for p.read() {
					p.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
				}
			},
			opts: Options{KeepAlive: true, ExpectBody: "hello"},
			want: Counts{Sent: 2, OK: 2}, conns: 1,
		},
		{
			name: "an interim answer is not the answer",
			handle: func(p *peer) {
				for p.read() {
					p.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
					p.answer("")
				}
			},
			opts: Options{KeepAlive: true, ExpectBody: "hello"},
			want: Counts{Sent: 2, OK: 2}, conns: 1,
		},
		{
			name: "a kept connection closed without a word is not retried",
			handle: func(p *peer) {
				if p.n == 0 {
					p.read()
					p.answer("")
					return
				}
				for p.read() {
					p.answer("")
				}
			},
			opts:    Options{KeepAlive: true, Think: 20 * time.Millisecond},
			want:    Counts{Sent: 2, OK: 1, Cut: 1},
			wantErr: "cut: kept connection closed", conns: 1,
		},
		{
			name:    "closed instead of an answer",
			handle:  func(p *peer) { p.read() },
			want:    Counts{Sent: 2, Cut: 2},
			wantErr: "cut: connection closed", conns: 2,
		},
		{
			name:    "cut in the header",
			handle:  func(p *peer) { p.read(); p.write("HTTP/1.1 200 OK\r\nContent-") },
			want:    Counts{Sent: 2, Cut: 2},
			wantErr: "cut: in the answer: EOF", conns: 2,
		},
		{
			name:   "cut in the body",
			handle: func(p *peer) { p.read(); p.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel") },
			want:   Counts{Sent: 2, Cut: 2}, conns: 2,
		},
		{
			name: "cut in a chunk",
			handle: func(p *peer) {
				p.read()
				p.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
			},
			want: Counts{Sent: 2, Cut: 2}, conns: 2,
		},
		{
			name:    "reset before the answer",
			handle:  func(p *peer) { p.read(); p.reset() },
			want:    Counts{Sent: 2, Reset: 2},
			wantErr: "reset: read: connection reset by peer", conns: 2,
		},
		{
			name: "stalled before the answer", handle: (*peer).stall,
			opts:    Options{Timeout: 30 * time.Millisecond},
			want:    Counts{Sent: 2, TimedOut: 2},
			wantErr: "timed out: read: i/o timeout", conns: 2,
		},
		{
			name: "stalled in the answer",
			handle: func(p *peer) {
				p.read()
				p.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
				p.stall()
			},
			opts: Options{Timeout: 30 * time.Millisecond},
			want: Counts{Sent: 2, TimedOut: 2}, conns: 2,
		},
		{
			name:    "another status",
			handle:  func(p *peer) { p.read(); p.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") },
			want:    Counts{Sent: 2, Wrong: 2},
			wantErr: "wrong: status 503", conns: 2,
		},
		{
			name:    "another body",
			handle:  func(p *peer) { p.read(); p.answer("Connection: close\r\n") },
			opts:    Options{ExpectBody: "hellO"},
			want:    Counts{Sent: 2, Wrong: 2},
			wantErr: "wrong: body not as expected", conns: 2,
		},
		{
			name:   "the caller's own expectation",
			handle: func(p *peer) { p.read(); p.answer("Connection: close\r\n") },
			opts: Options{Expect: func(a *Answer) error {
				if a.ID == "0-2" {
					return errors.New("not the second")
				}
				return nil
			}},
			want:    Counts{Sent: 2, OK: 1, Wrong: 1},
			wantErr: "wrong: not the second", conns: 2,
		},
		{
			name:   "garbage",
			handle: func(p *peer) { p.read(); p.write("SSH-2.0-OpenSSH\r\n\r\n") },
			want:   Counts{Sent: 2, Wrong: 2}, conns: 2,
		},
		{
			name: "garbage in a chunk",
			handle: func(p *peer) {
				p.read()
				p.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
			},
			want: Counts{Sent: 2, Wrong: 2}, conns: 2,
		},
		{
			name: "an endless header",
			handle: func(p *peer) {
				p.read()
				p.write("HTTP/1.1 200 OK\r\nA: %s", strings.Repeat("a", 1<<16))
				p.stall()
			},
			opts:    Options{MaxAnswer: 1 << 12},
			want:    Counts{Sent: 2, Wrong: 2},
			wantErr: "wrong: answer too long", conns: 2,
		},
		{
			name:    "an answer to another request",
			handle:  func(p *peer) { p.read(); p.answer("Connection: close\r\nX-Request-Id: 0-1\r\n") },
			want:    Counts{Sent: 2, OK: 1, Wrong: 1},
			wantErr: "wrong: answer to another request", conns: 2,
		},
		{
			name: "two answers on one connection that closes",
			handle: func(p *peer) {
				p.read()
				p.answer("Connection: close\r\n")
				p.answer("Connection: close\r\n")
			},
			want:    Counts{Sent: 2, Wrong: 2},
			wantErr: "wrong: bytes after the end", conns: 2,
		},
		{
			name: "two answers in one piece on a kept connection",
			handle: func(p *peer) {
				for p.read() {
					p.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			},
			opts:    Options{KeepAlive: true},
			want:    Counts{Sent: 2, Wrong: 2},
			wantErr: "wrong: bytes after the end", conns: 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "tcp", tt.handle)
			o := tt.opts
			o.Addr, o.Requests = s.addr(), 2
			if o.Timeout == 0 {
				o.Timeout = 5 * time.Second
			}
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			checkSum(t, r)
			if r.Counts != tt.want {
				t.Errorf("got  %v %q\nwant %v", r.Counts, r.Errors, tt.want)
			}
			if got := s.connections(); got != tt.conns {
				t.Errorf("%d connections, want %d", got, tt.conns)
			}
			if tt.wantErr != "" && !slices.ContainsFunc(r.Errors, func(e string) bool { return strings.HasPrefix(e, tt.wantErr) }) {
				t.Errorf("errors %q: none begins with %q", r.Errors, tt.wantErr)
			}
			var told uint64
			for _, reason := range r.Reasons {
				told += reason.Count
			}
			if told != r.Failed() {
				t.Errorf("reasons %+v of %d failures", r.Reasons, r.Failed())
			}
			if r.Failed() > 0 == (len(r.Errors) == 0) {
				t.Errorf("%d failed, errors %q", r.Failed(), r.Errors)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	for _, addr := range []string{ln.Addr().String(), "unix:" + filepath.Join(t.TempDir(), "nobody")} {
		start := time.Now()
		r, err := Run(t.Context(), Options{Addr: addr, Requests: 4})
		if err != nil {
			t.Fatal(err)
		}
		checkSum(t, r)
		if r.Refused != 4 || len(r.Errors) != 1 {
			t.Errorf("%s: %v %q, want 4 refused, one text", addr, r.Counts, r.Errors)
		}
		if time.Since(start) < 3*afterRefusal {
			t.Errorf("%s: 4 refusals without a pause", addr)
		}
	}
}

// A write into a kept connection that the server has reset.
func TestResetOfAKeptConnection(t *testing.T) {
	gone := make(chan struct{})
	s := serve(t, "tcp", func(p *peer) {
		p.read()
		p.answer("")
		p.reset()
		close(gone)
	})
	r, err := Run(t.Context(), Options{
		Addr: s.addr(), Requests: 2, KeepAlive: true, Timeout: 5 * time.Second,
		OnAnswer: func(*Answer, error) { <-gone },
	})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, r)
	if r.OK != 1 || r.Reset != 1 {
		t.Errorf("%v %q, want 1 ok, 1 reset", r.Counts, r.Errors)
	}
}

// A connection nobody accepts from: connected, never answered.
func TestTimeoutIncludesTheAccept(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	r, err := Run(context.Background(), Options{Addr: ln.Addr().String(), Requests: 1, Timeout: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, r)
	if r.TimedOut != 1 {
		t.Errorf("%v, want 1 timed out", r.Counts)
	}
}

// The system's call was named twice: "read: read: connection reset by peer".
func TestTheCallStoodTwiceInAReason(t *testing.T) {
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
	for want, err := range map[string]error{
		"read: connection reset by peer": op("read", os.NewSyscallError("read", syscall.ECONNRESET)),
		"write: broken pipe":             op("write", os.NewSyscallError("write", syscall.EPIPE)),
		"read: i/o timeout":              op("read", os.ErrDeadlineExceeded),
		"connect: connection refused":    op("dial", os.NewSyscallError("connect", syscall.ECONNREFUSED)),
	} {
		if got := plainText(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
