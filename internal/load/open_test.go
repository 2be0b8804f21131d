package load

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// answering is a server that does nothing but answer, on kept connections too.
func answering(t *testing.T) *server {
	return serve(t, "tcp", func(p *peer) {
		for p.read() {
			p.answer("Muster-Worker: 1 (pid 1)\r\n")
		}
	})
}

// startRun starts a run that ends with the test at the latest.
func startRun(t *testing.T, ctx context.Context, o Options) *Runner {
	t.Helper()
	r, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Stop()
		<-r.Done()
	})
	return r
}

// ended stops a run and checks its result.
func ended(t *testing.T, r *Runner) Result {
	t.Helper()
	r.Stop()
	res, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, res)
	if st := r.Stats(); st.Counts != res.Counts || st.InFlight != 0 || st.Overdue != res.Overdue || st.Elapsed != res.Elapsed || st.Left != 0 {
		t.Errorf("stats after the end: %+v, result %+v", st, res)
	}
	return res
}

func TestTheRateIsHeld(t *testing.T) {
	for _, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("keep-alive %t", keep), func(t *testing.T) {
			t.Parallel()
			rateIsHeld(t, keep)
		})
	}
}

func rateIsHeld(t *testing.T, keep bool) {
	s := answering(t)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 200, KeepAlive: keep, Duration: 2 * time.Second})
	if st := r.Stats(); st.Target != 200 || st.Left <= 0 || st.Left > 2*time.Second {
		t.Errorf("at the start: target %d, %v left", st.Target, st.Left)
	}
	<-r.Done()
	res := ended(t, r)
	// Never more than were due until its end, which a busy machine may come to late;
	// what it did not get to is told.
	due := uint64(200*res.Elapsed.Seconds()) + 2
	if res.OK > due || res.OK+res.Overdue < 399 {
		t.Errorf("keep-alive %t: %v, %d overdue, want 400 in 2 s, and at most %d", keep, res, res.Overdue, due)
	}
	if res.ByWorker["1"] != res.OK {
		t.Errorf("by worker %v", res.ByWorker)
	}
	if keep && s.connections() > 100 {
		t.Errorf("%d connections for a server that answers at once", s.connections())
	}
	if rate := r.Stats().Rate; rate <= 0 {
		t.Errorf("%.0f in the last second", rate)
	}
}

// A server that stalls for a second is asked as before, and the wait of those
// who asked shows in the percentiles. A closed loop asks it once in that time.
func TestAStallShows(t *testing.T) {
	t.Parallel()
	stall := func(o Options) (Result, *Runner) {
		var mu sync.Mutex
		var until time.Time // of the stall; it begins with the 40th answer
		n := 0
		s := serve(t, "tcp", func(p *peer) {
			for p.read() {
				mu.Lock()
				if n++; n == 40 {
					until = time.Now().Add(time.Second)
				}
				wait := time.Until(until)
				mu.Unlock()
				if wait > 0 {
					<-time.After(wait) // it is the thing tested, no wait for something
				}
				p.answer("")
			}
		})
		o.Addr, o.KeepAlive, o.Requests = s.addr(), true, 300
		r := startRun(t, t.Context(), o)
		<-r.Done()
		return ended(t, r), r
	}
	// 100 of 300 requests are due within the second of the stall.
	res, _ := stall(Options{Rate: 100, Concurrency: 4})
	if res.OK != 300 || res.Latency.P90 < 500*time.Millisecond || res.Latency.P99 < 900*time.Millisecond {
		t.Errorf("open loop: %v, p90 %v", res, res.Latency.P90)
	}
	if res.Late < 50 { // four were under way, the rest waited
		t.Errorf("%d late, want those that waited for a client", res.Late)
	}
	res, _ = stall(Options{Concurrency: 4, Think: time.Millisecond})
	if res.OK != 300 || res.Latency.P90 > 500*time.Millisecond {
		t.Errorf("closed loop: %v, p90 %v", res, res.Latency.P90)
	}
}

// With enough clients nothing is sent late because of a stall.
func TestClientsAreStartedAsNeeded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, "tcp", func(p *peer) {
		for p.read() {
			<-release
			p.answer("")
		}
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 500, Concurrency: 30, KeepAlive: true})
	eventually(t, "all clients busy and more due", func() bool {
		st := r.Stats()
		return st.InFlight == 30 && st.Overdue > 20
	})
	if n := s.connections(); n > 30 {
		t.Errorf("%d connections for 30 clients", n)
	}
	close(release)
	eventually(t, "the rest sent", func() bool { st := r.Stats(); return st.Overdue == 0 && st.OK > 60 })
	if res := ended(t, r); res.Late < 20 || res.Failed() > 0 {
		t.Errorf("%v, %d late", res, res.Late)
	}
}

func TestSetRate(t *testing.T) {
	s := answering(t)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 1, Concurrency: 8, KeepAlive: true})
	eventually(t, "the first answer", func() bool { return r.Stats().OK == 1 })
	begin := time.Now()
	if err := r.SetRate(500); err != nil {
		t.Fatal(err)
	}
	eventually(t, "more answers than the first rate brings", func() bool { return r.Stats().OK > 100 })
	if d := time.Since(begin); d > 800*time.Millisecond { // the second request of the first rate would be due then
		t.Errorf("the new rate came into force after %v", d)
	}
	if got := r.Stats().Target; got != 500 {
		t.Errorf("target %d", got)
	}
	if err := r.SetRate(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a closed loop", func() bool { return r.Stats().OK > 2000 })
	if err := r.SetRate(1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the clients idle", func() bool {
		r.pacer.mu.Lock()
		defer r.pacer.mu.Unlock()
		return len(r.pacer.idle) == 8
	})
	for _, n := range []int{-1, MaxRate + 1} {
		if err := r.SetRate(n); err == nil {
			t.Errorf("rate %d: no error", n)
		}
	}
	if got := r.Stats().Target; got != 1 {
		t.Errorf("target %d", got)
	}
	if res := ended(t, r); res.Failed() > 0 {
		t.Error(res)
	}
	if err := r.SetRate(5); err != ErrEnded {
		t.Errorf("after the end: %v", err)
	}
}

// A closed loop that becomes an open one.
func TestSetRateOfAClosedLoop(t *testing.T) {
	t.Parallel()
	s := answering(t)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Concurrency: 2, KeepAlive: true})
	eventually(t, "answers", func() bool { return r.Stats().OK > 50 })
	if err := r.SetRate(100); err != nil {
		t.Fatal(err)
	}
	before := r.Stats().OK
	eventually(t, "more answers", func() bool { return r.Stats().OK > before+10 })
	eventually(t, "about the rate", func() bool { rate := r.Stats().Rate; return rate > 80 && rate < 120 })
	ended(t, r)
}

// However a run is stopped while requests wait, are sent and are answered, the
// sum is right, and nothing is under way any more.
func TestOpenLoopStoppedHalfway(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"context", "stop", "duration", "requests"} {
		t.Run(how, func(t *testing.T) {
			s := serve(t, "tcp", func(p *peer) {
				for i := 0; p.read(); i++ {
					switch (p.n + i) % 5 {
					case 0:
						p.reset()
						return
					case 1:
						return
					case 2:
						p.stall()
						return
					default:
						p.answer("")
					}
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := Options{Addr: s.addr(), Rate: 3000, Concurrency: 8, KeepAlive: true, Timeout: 30 * time.Millisecond}
			switch how {
			case "duration":
				o.Duration = 200 * time.Millisecond
			case "requests":
				o.Requests = 151
			}
			r := startRun(t, ctx, o)
			if how == "context" || how == "stop" {
				eventually(t, "100 requests", func() bool {
					st := r.Stats()
					if st.Sent != st.OK+st.Failed()+st.InFlight || st.InFlight > 8 {
						t.Errorf("while it runs: %v, %d in flight", st.Counts, st.InFlight)
					}
					return st.Sent >= 100
				})
				if how == "stop" {
					r.Stop()
				}
				cancel()
			}
			<-r.Done()
			res := ended(t, r)
			if res.OK == 0 || res.Reset == 0 || res.Cut == 0 || res.TimedOut == 0 {
				t.Errorf("not every end was met: %v", res)
			}
			if how == "requests" && (res.Sent != 151 || res.Overdue != 0) {
				t.Errorf("sent %d, %d overdue, want 151, 0", res.Sent, res.Overdue)
			}
		})
	}
}

// A request that is never answered is waited for up to Timeout after a stop.
func TestStopWaitsUpToTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", (*peer).stall)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 100, Requests: 3, Timeout: time.Second})
	eventually(t, "three sent", func() bool { return r.Stats().Sent == 3 })
	if res := ended(t, r); res.Counts != (Counts{Sent: 3, TimedOut: 3}) {
		t.Errorf("%v %q", res, res.Errors)
	}
}

// A kept connection that the server closes while it is idle is no failure of
// an open loop: its client sees it closed and takes another.
func TestAnIdleConnectionMayBeClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(p *peer) {
		p.read()
		p.answer("")
	})
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 50, Requests: 10, KeepAlive: true})
	<-r.Done()
	if res := ended(t, r); res.OK != 10 || s.connections() != 10 {
		t.Errorf("%v %q, %d connections", res, res.Errors, s.connections())
	}
}

// The owner hears of a panic before it ends the process.
func TestOnPanicIsCalled(t *testing.T) {
	var told any
	r := &Runner{opts: Options{OnPanic: func(v any) { told = v }}, dialer: newDialer(target{})}
	again := func() (v any) {
		defer func() { v = recover() }()
		func() {
			defer r.onPanic()
			panic("a fault")
		}()
		return nil
	}()
	if told != "a fault" || again != "a fault" {
		t.Errorf("told %v, panicked again with %v", told, again)
	}
}

// A request that was handed to a client just before the stop is sent: it counts
// as begun.
func TestAHandedOutRequestIsSentAfterAStop(t *testing.T) {
	r := &Runner{started: time.Now(), opts: Options{Rate: 1, Concurrency: 1}, dialer: newDialer(target{})}
	r.ctx, r.cancel = context.WithCancelCause(t.Context())
	r.pacer = newPacer(r)
	c := newClient(r, 0)
	r.Stop()
	for range 50 {
		c.jobs <- job{timed: true}
		if _, ok := r.pacer.next(c); !ok {
			t.Fatal("it is lost")
		}
	}
	if _, ok := r.pacer.next(c); ok {
		t.Error("a request nobody handed out")
	}
}

// The client that was idle for the shortest time is next: the others may go.
func TestTheLastIdleClientIsNext(t *testing.T) {
	r := &Runner{started: time.Now(), dialer: newDialer(target{})}
	p := newPacer(r)
	a, b := newClient(r, 0), newClient(r, 1)
	p.idle = []*client{a, b}
	for i, want := range []*client{b, a} {
		p.free() <- job{}
		if len(want.jobs) != 1 {
			t.Errorf("request %d went to the other", i)
		}
	}
}
