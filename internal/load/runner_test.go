package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A mixed crowd against a server that misbehaves in turn: whatever happens,
// the sum is right, at the end and at every moment before.
func TestTheSumIsRightWhenStoppedHalfway(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(p *peer) {
		for i := 0; p.read(); i++ {
			switch (p.n + i) % 7 {
			case 0:
				p.reset()
				return
			case 1:
				p.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
				return
			case 2:
				return
			case 3:
				p.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
			default:
				p.answer("Muster-Worker: 2 (pid 7)\r\n")
			}
		}
	})
	for _, how := range []string{"context", "stop", "duration", "requests"} {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := Options{Addr: s.addr(), Concurrency: 8, KeepAlive: true, Timeout: 5 * time.Second}
			switch how {
			case "duration":
				o.Duration = 30 * time.Millisecond
			case "requests":
				o.Requests = 301
			}
			r, err := Start(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if how == "context" || how == "stop" {
				eventually(t, "200 requests", func() bool {
					st := r.Stats()
					if st.Sent != st.OK+st.Failed()+st.InFlight || st.InFlight > 8 {
						t.Errorf("while it runs: %v, %d in flight", st.Counts, st.InFlight)
					}
					return st.Sent >= 200
				})
				if how == "stop" {
					r.Stop()
				}
				cancel()
			}
			res, err := r.Wait()
			if err != nil {
				t.Fatal(err)
			}
			checkSum(t, res)
			if how == "requests" && res.Sent != 301 {
				t.Errorf("sent %d, want 301", res.Sent)
			}
			if res.OK == 0 || res.Reset == 0 || res.Cut == 0 || res.Wrong == 0 {
				t.Errorf("not every end was met: %v", res)
			}
			if res.ByWorker["2"] != res.OK || len(res.ByWorker) != 1 {
				t.Errorf("by worker %v, want %d of worker 2", res.ByWorker, res.OK)
			}
			if st := r.Stats(); st.Counts != res.Counts || st.InFlight != 0 {
				t.Errorf("stats after the end: %v, %d in flight", st.Counts, st.InFlight)
			}
		})
	}
}

// A request under way when the time is up may finish.
func TestARequestUnderWayMayFinish(t *testing.T) {
	got, release := make(chan struct{}), make(chan struct{})
	s := serve(t, "tcp", func(p *peer) {
		p.read()
		close(got)
		<-release
		p.answer("Connection: close\r\n")
	})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Start(ctx, Options{Addr: s.addr(), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	<-got
	if st := r.Stats(); st.Sent != 1 || st.InFlight != 1 {
		t.Errorf("under way: %v, %d in flight", st.Counts, st.InFlight)
	}
	cancel()
	close(release)
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if res.Counts != (Counts{Sent: 1, OK: 1}) {
		t.Errorf("%v %q, want the one request ok", res.Counts, res.Errors)
	}
}

// A long pause must not outlive the run.
func TestStopEndsThePause(t *testing.T) {
	s := serve(t, "tcp", func(p *peer) { p.read(); p.answer("Connection: close\r\n") })
	answered := make(chan struct{})
	r, err := Start(t.Context(), Options{
		Addr: s.addr(), Think: time.Hour,
		OnAnswer: func(*Answer, error) { close(answered) },
	})
	if err != nil {
		t.Fatal(err)
	}
	<-answered
	r.Stop()
	if res, err := r.Wait(); err != nil || res.Counts != (Counts{Sent: 1, OK: 1}) {
		t.Errorf("%v, %v", res, err)
	}
}

func TestAnswersAreMatchedToRequests(t *testing.T) {
	s := serve(t, "unix", func(p *peer) {
		for p.read() {
			id := p.req.Header.Get("X-Request-Id")
			p.write("HTTP/1.1 200 OK\r\nX-Request-Id: %s\r\nContent-Length: %d\r\n\r\n%s %s", id, len(id)+len(p.req.URL.String())+1, id, p.req.URL)
		}
	})
	var mu sync.Mutex
	seen := map[string]int{}
	r, err := Run(t.Context(), Options{
		Addr: s.addr(), Path: "/a?b=c", Concurrency: 3, Requests: 60, KeepAlive: true,
		Expect: func(a *Answer) error {
			if want := a.ID + " /a?b=c"; string(a.Body) != want {
				return fmt.Errorf("body %q, want %q", a.Body, want)
			}
			return nil
		},
		OnAnswer: func(a *Answer, err error) {
			mu.Lock()
			defer mu.Unlock()
			seen[a.ID]++
			if a.Latency <= 0 || a.Status != 200 || err != nil {
				t.Errorf("answer %+v, %v", a, err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.OK != 60 || len(seen) != 60 {
		t.Errorf("%v %q, %d ids, want 60", r.Counts, r.Errors, len(seen))
	}
	if l := r.Latency; l.P50 <= 0 || l.P50 > l.P99 || l.P99 > l.Max || r.Elapsed < l.Max {
		t.Errorf("latency %+v in %v", l, r.Elapsed)
	}
}

// A limit of the client itself ends the run with an error and counts as
// nobody's failure.
func TestALocalLimitIsNotTheServersFault(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL} {
		var local *localError
		if err := dialFailure(fmt.Errorf("dial: %w", errno)); !errors.As(err, &local) {
			t.Errorf("%v counts as %v", errno, err)
		}
	}
	s := serve(t, "tcp", func(p *peer) { p.read(); p.answer("Connection: close\r\n") })
	r, err := Start(t.Context(), Options{Addr: s.addr(), Think: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer", func() bool { return r.Stats().OK == 1 })
	r.giveUp(&localError{syscall.EMFILE}) // as a client does that gets it
	res, err := r.Wait()
	if !errors.Is(err, syscall.EMFILE) || res.Counts != (Counts{Sent: 1, OK: 1}) {
		t.Errorf("%v, %v", res.Counts, err)
	}
}

func TestWrongOptions(t *testing.T) {
	tests := []Options{
		{},
		{Addr: "nonsense"},
		{Addr: "127.0.0.1:0"},
		{Addr: "127.0.0.1:http"},
		{Addr: "127.0.0.1:70000"},
		{Addr: "unix:"},
		{Addr: "unix:a\x00b"},
		{Addr: "unix:" + strings.Repeat("x", maxUnixPath+1)},
		{Addr: "abstract:"},
		{Addr: "192.0.2.1:80"},
		{Addr: "[2001:db8::1]:80"},
		{Addr: "[::ffff:192.0.2.1]:80"},
		{Addr: "127.0.0.1:80", Path: "x"},
		{Addr: "127.0.0.1:80", Path: "/ HTTP/1.1\r\nX: y"},
		{Addr: "127.0.0.1:80", Concurrency: -1},
		{Addr: "127.0.0.1:80", Concurrency: MaxClients + 1},
		{Addr: "127.0.0.1:80", Rate: -1},
		{Addr: "127.0.0.1:80", Rate: MaxRate + 1},
		{Addr: "127.0.0.1:80", Idle: -1},
		{Addr: "127.0.0.1:80", Idle: MaxClients + 1},
		{Addr: "127.0.0.1:80", Slow: -1},
		{Addr: "127.0.0.1:80", Slow: MaxClients + 1},
		{Addr: "127.0.0.1:80", Requests: -1},
		{Addr: "127.0.0.1:80", Think: -1},
		{Addr: "127.0.0.1:80", Duration: -1},
		{Addr: "127.0.0.1:80", Timeout: -1},
		{Addr: "127.0.0.1:80", MaxAnswer: -1},
	}
	for _, o := range tests {
		if r, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v: no error, %v", o, r)
		}
	}
}

func TestResolve(t *testing.T) {
	tests := []struct {
		addr     string
		anywhere bool
		want     target
	}{
		{"127.0.0.1:80", false, target{"tcp", []string{"127.0.0.1:80"}, "127.0.0.1:80", "127.0.0.1"}},
		{":3000", false, target{"tcp", []string{"127.0.0.1:3000"}, "127.0.0.1:3000", "127.0.0.1"}},
		{"3000", false, target{"tcp", []string{"127.0.0.1:3000"}, "127.0.0.1:3000", "127.0.0.1"}},
		{"0.0.0.0:80", false, target{"tcp", []string{"127.0.0.1:80"}, "0.0.0.0:80", "0.0.0.0"}},
		{"[::]:80", false, target{"tcp", []string{"[::1]:80"}, "[::]:80", "::"}},
		{"[::1]:80", false, target{"tcp", []string{"[::1]:80"}, "[::1]:80", "::1"}},
		{"192.0.2.1:80", true, target{"tcp", []string{"192.0.2.1:80"}, "192.0.2.1:80", "192.0.2.1"}},
		{"unix:@x", false, target{"unix", []string{"./@x"}, "localhost", "localhost"}},
		{"abstract:x", false, target{"unix", []string{"@x"}, "localhost", "localhost"}},
		{"unix:/tmp/x", false, target{"unix", []string{"/tmp/x"}, "localhost", "localhost"}},
	}
	for _, tt := range tests {
		got, err := Options{Addr: tt.addr, Anywhere: tt.anywhere}.resolve(t.Context())
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v, want %+v", tt.addr, got, err, tt.want)
		}
	}
}

// A name may have many addresses: all are tried, the families in turn; one that
// is elsewhere is enough to refuse.
func TestChoose(t *testing.T) {
	tests := []struct {
		ips      string
		anywhere bool
		want     string // "" = refused
	}{
		{"127.0.0.1", false, "127.0.0.1"},
		{"::1 127.0.0.1", false, "::1 127.0.0.1"},
		{"127.0.0.2 127.0.0.1 ::1", false, "127.0.0.2 ::1 127.0.0.1"},
		{"::1", false, "::1"},
		{"::ffff:127.0.0.1 127.0.0.1", false, "127.0.0.1"},
		{"0.0.0.0 ::", false, "127.0.0.1 ::1"},
		{"127.0.0.1 192.0.2.1", false, ""},
		{"::1 2001:db8::1", false, ""},
		{"127.0.0.1 192.0.2.1", true, "127.0.0.1 192.0.2.1"},
		{"2001:db8::1 2001:db8::2 192.0.2.1", true, "2001:db8::1 192.0.2.1 2001:db8::2"},
	}
	for _, tt := range tests {
		var ips []netip.Addr
		for ip := range strings.FieldsSeq(tt.ips) {
			ips = append(ips, netip.MustParseAddr(ip))
		}
		got, err := choose(ips, tt.anywhere)
		if tt.want == "" {
			if !errors.Is(err, ErrNotLoopback) {
				t.Errorf("%s: %v, %v, want it refused", tt.ips, got, err)
			}
		} else if err != nil || strings.Trim(fmt.Sprint(got), "[]") != tt.want {
			t.Errorf("%s: %v, %v, want %s", tt.ips, got, err, tt.want)
		}
	}
}

func TestErrorsAreFewAndDistinct(t *testing.T) {
	var n atomic.Int64
	s := serve(t, "tcp", func(p *peer) {
		p.read()
		p.write("HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 400+n.Add(1)/2%20)
	})
	r, err := Run(t.Context(), Options{Addr: s.addr(), Requests: 50})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for _, e := range r.Errors {
		texts[e] = true
	}
	if r.Wrong != 50 || len(r.Errors) != maxErrors || len(texts) != maxErrors {
		t.Errorf("%v, errors %q", r.Counts, r.Errors)
	}
}

// The server answers bytes for bytes, so that it costs little beside the client.
func BenchmarkKeptConnection(b *testing.B) {
	s := serve(b, "tcp", func(p *peer) {
		answer := []byte("HTTP/1.1 200 OK\r\nMuster-Worker: 1 (pid 1)\r\nContent-Type: text/plain; charset=utf-8\r\n" +
			"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello")
		buf := make([]byte, 4096)
		for {
			if _, err := p.conn.Read(buf); err != nil {
				return
			}
			if _, err := p.conn.Write(answer); err != nil {
				return
			}
		}
	})
	b.ReportAllocs()
	b.ResetTimer()
	r, err := Run(b.Context(), Options{Addr: s.addr(), Concurrency: 8, KeepAlive: true, Requests: b.N})
	if err != nil || r.Failed() > 0 {
		b.Fatalf("%v %q, %v", r, r.Errors, err)
	}
	b.ReportMetric(float64(r.Sent)/r.Elapsed.Seconds(), "req/s")
}
