package load

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestIdleConnectionsAreHeld(t *testing.T) {
	t.Parallel()
	var bytes, closed atomic.Int64
	s := serve(t, "tcp", func(p *peer) {
		if p.n < 3 { // the server does not want the first ones
			return
		}
		n, _ := io.Copy(io.Discard, p.conn)
		bytes.Add(n)
		closed.Add(1)
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 1, Concurrency: 1, Idle: 10, Timeout: time.Second})
	eventually(t, "ten held, two or three opened again", func() bool {
		st := r.Stats()
		return st.Idle == 10 && st.Holds.Opened >= 12
	})
	res := ended(t, r)
	if h := res.Holds; h.Closed < 2 || h.Closed > 3 || h.Failed() != 0 { // one of the three may have been the request's
		t.Errorf("%+v", h)
	}
	if n := r.Stats().Idle; n != 0 {
		t.Errorf("%d held after the end", n)
	}
	eventually(t, "the server sees them closed", func() bool { return closed.Load() >= 10 })
	if n := bytes.Load(); n > 200 { // at most the one request
		t.Errorf("%d bytes were sent on idle connections", n)
	}
}

func TestIdleConnectionsThatCannotBeOpened(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	r := startRun(t, t.Context(), Options{Addr: ln.Addr().String(), Rate: 1, Idle: 3})
	eventually(t, "refusals", func() bool { return r.Stats().Holds.Refused >= 6 })
	res := ended(t, r)
	if h := res.Holds; h.Opened != 0 || h.Failed() != h.Refused {
		t.Errorf("%+v", h)
	}

	var h Holds
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.EACCES} {
		h.fail(dialFailure(errno))
	}
	if h != (Holds{Local: 1, Reset: 1, TimedOut: 1, Refused: 1}) || h.Failed() != 4 {
		t.Errorf("by kind: %+v", h)
	}
}

// A slow client's request comes byte by byte, is answered, and is one request.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	pieces := make(chan int, 1)
	s := serve(t, "tcp", func(p *peer) {
		n, total := 0, 0
		buf := make([]byte, 4096)
		for total < 4 || string(buf[total-4:total]) != "\r\n\r\n" {
			m, err := p.conn.Read(buf[total:])
			if err != nil {
				return
			}
			total += m
			if n++; n == 5 {
				pieces <- total
			}
		}
		p.answer("Connection: close\r\n")
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Concurrency: 1, Rate: 1, Slow: 1, Timeout: 5 * time.Second})
	select {
	case n := <-pieces:
		if n > 10 {
			t.Errorf("%d bytes in five pieces", n)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no five pieces")
	}
	if st := r.Stats(); st.Slow != 1 {
		t.Errorf("%d slow clients open", st.Slow)
	}
	begin := time.Now()
	res := ended(t, r) // it hurries: at its pace the rest would take ten seconds
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("the slow client took %v to finish", d)
	}
	if res.Failed() > 0 || res.OK != res.Sent {
		t.Errorf("%v %q", res, res.Errors)
	}
	if res.Latency.Max > 400*time.Millisecond {
		t.Errorf("the slow request is in the latency: %v", res.Latency.Max)
	}
	if n := r.Stats().Slow; n != 0 {
		t.Errorf("%d slow clients after the end", n)
	}
}

// A slow client against a server that never answers ends with the run.
func TestSlowClientsTimeOutAfterAStop(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", (*peer).stall)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 1, Concurrency: 1, Slow: 1, Timeout: 200 * time.Millisecond})
	eventually(t, "the slow client under way", func() bool { st := r.Stats(); return st.Slow == 1 && st.InFlight >= 1 })
	res := ended(t, r)
	if res.TimedOut == 0 || res.OK != 0 {
		t.Errorf("%v %q", res, res.Errors)
	}
}

// A server that refuses slow clients is not stormed by them.
func TestSlowClientsPauseAfterAFailure(t *testing.T) {
	t.Parallel()
	var slow, others atomic.Int64
	s := serve(t, "tcp", func(p *peer) {
		var b [64]byte
		switch n, _ := p.conn.Read(b[:]); n {
		case 0:
		case 1:
			slow.Add(1)
		default:
			others.Add(1)
		}
		p.reset()
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 50, Slow: 1})
	eventually(t, "a second of others", func() bool { return others.Load() >= 60 })
	if n := slow.Load(); n < 1 || n > 3 {
		t.Errorf("%d slow connections in a second", n)
	}
	ended(t, r)
}

// Until the stop a slow connection passes a byte at a time, however many there
// are; after it all there is.
func TestSlowConn(t *testing.T) {
	r := &Runner{opts: Options{Timeout: time.Second}}
	var stop context.CancelCauseFunc
	r.ctx, stop = context.WithCancelCause(t.Context())
	s := &slowConn{Conn: &canned{in: strings.NewReader("an answer")}, r: r}
	var b [64]byte
	if n, err := s.Read(b[:]); n != 1 || err != nil {
		t.Errorf("%d bytes, %v, want one", n, err)
	}
	stop(errStopped)
	s.hurried.Store(true)
	if n, err := s.Read(b[:]); n != len("n answer") || err != nil {
		t.Errorf("%d bytes, %v, want the rest", n, err)
	}
}

// A server that answers as slowly for ever holds up no stop: the rest of a
// request has Timeout, not each byte of it.
func TestSlowClientsEndThoughTheServerTrickles(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(p *peer) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := p.conn.Write([]byte("H")); err != nil {
				return
			}
		}
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 1, Slow: 1, Timeout: 300 * time.Millisecond, MaxAnswer: 1 << 30})
	eventually(t, "the slow client under way", func() bool { return r.Stats().Slow == 1 })
	begin := time.Now()
	res := ended(t, r)
	if d := time.Since(begin); d > 3*time.Second || res.OK > 0 {
		t.Errorf("%v after %v", res, d)
	}
}
