//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/load"
	"muster/internal/testkit"
)

// killed is one kill from outside.
type killed struct {
	worker        int
	before, after time.Time
	conns         int // connections the worker had
}

// tracked are clients that remember what every failed request was: which
// worker had answered on its connection, and when it was under way.
type tracked struct {
	addr string
	stop chan struct{}
	wait sync.WaitGroup

	mu       sync.Mutex
	ok       int
	failures []failure
}

func (tr *tracked) answered() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.ok
}

type failure struct {
	worker int // that had answered on the connection before; 0 = none had
	sent   time.Time
	failed time.Time
	err    error
}

func (f failure) String() string {
	return fmt.Sprintf("at %s, worker %d: %v", f.failed.Format("05.000"), f.worker, f.err)
}

// run is one client. It sends one request each time pace has passed.
func (tr *tracked) run(pace time.Duration, keepAlive bool) {
	next := time.NewTicker(pace)
	defer next.Stop()
	var c *client
	hangUp := func() {
		if c != nil {
			c.conn.Close()
			c = nil
		}
	}
	defer hangUp()
	for {
		select {
		case <-tr.stop:
			return
		case <-next.C:
		}
		f := failure{sent: time.Now()}
		if c == nil {
			c, f.err = dial(tr.addr)
		}
		if c != nil {
			f.worker = c.worker
			_, f.err = c.ask("/")
		}
		f.failed = time.Now()
		tr.mu.Lock()
		if f.err == nil {
			tr.ok++
		} else {
			tr.failures = append(tr.failures, f)
		}
		tr.mu.Unlock()
		if f.err != nil || !keepAlive {
			hangUp()
		}
	}
}

// explains tells whether a kill explains a failure: the request was under way
// at the killed worker, or nobody knows at whose. A process that was sent
// SIGKILL may still run for a moment on another processor.
func (k killed) explains(f failure) bool {
	const moment = 20 * time.Millisecond
	if errors.Is(f.err, syscall.ECONNREFUSED) || f.failed.Before(k.before) {
		return false
	}
	if f.worker != 0 {
		return f.worker == k.worker
	}
	return f.sent.Before(k.after.Add(moment))
}

// | 5 | 50 times kill -9 of a listening worker from outside, 0.3 s apart, 64
// connections | only requests on the killed worker fail; 50 restarts; no crash
// loop |
func TestCheck05KillFromOutside(t *testing.T) {
	t.Parallel()
	// The workers in turn, and none before it has listened for the second that
	// has it replaced at once, however slow the machine is.
	workers, kills, pace := 8, 50, 5*time.Millisecond
	if testkit.Race { // a slot has as many deaths to count
		workers, kills, pace = 4, 25, 15*time.Millisecond
	}
	killsFromOutside(t, engine.SchedRR, workers, kills, pace)
}

func killsFromOutside(t *testing.T, policy engine.Policy, workers, kills int, pace time.Duration) {
	t.Helper()
	const settled = 1100 * time.Millisecond
	p := startMuster(t, nil, nil, "--workers", fmt.Sprint(workers), "--addr", "127.0.0.1:0", "--policy", policy.String())
	p.Await("all workers listening", slotsUp(workers))
	addr := p.Addr()
	tr := &tracked{addr: addr, stop: make(chan struct{})}
	for i := range clients / 2 {
		tr.wait.Go(func() { tr.run(pace, i%2 == 0) })
	}
	hangUp := sync.OnceFunc(func() { close(tr.stop); tr.wait.Wait() })
	t.Cleanup(hangUp)
	r := startLoad(t, load.Options{Addr: addr, Concurrency: clients / 2, KeepAlive: true, Think: pace})

	var done []killed
	next := time.NewTicker(300 * time.Millisecond)
	defer next.Stop()
	for range kills {
		<-next.C
		var victim engine.Event
		if !testkit.Within(kit.Patience, func() bool {
			up := kit.Listening(p.SoFar())
			if len(up) > 0 {
				victim = up[0]
			}
			return len(up) > 0 && time.Since(victim.Time) > settled
		}) {
			t.Fatalf("after %d kills no worker has listened for %v", len(done), settled)
		}
		k := killed{worker: victim.Worker, conns: connections(t, victim.PID), before: time.Now()}
		if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		k.after = time.Now()
		done = append(done, k)
		p.Await("the exit", func(ev []engine.Event) bool { return len(kit.Of(ev, victim.Worker, engine.KindExit)) > 0 })
	}
	p.Await("every slot listening again", func(ev []engine.Event) bool {
		return len(kit.OfKind(ev, engine.KindFork)) == workers+kills && slotsUp(workers)(ev)
	})
	testkit.Within(kit.Patience, func() bool { return r.Stats().OK >= 500 && tr.answered() >= 500 }) // a slow machine
	hangUp()
	checkFailures(t, tr, r, done)

	events := p.SoFar()
	if n := len(kit.OfKind(events, engine.KindStopped)); n > 0 {
		t.Errorf("%d slots stopped", n)
	}
	for _, k := range done {
		exits := kit.Of(events, k.worker, engine.KindExit)
		if len(exits) != 1 {
			t.Errorf("worker %d: %d exits", k.worker, len(exits))
			continue
		}
		if d := exits[0].Detail.(engine.ExitDetail); d.String() != "SIGKILL" || d.Voluntary {
			t.Errorf("worker %d: exit %+v, want SIGKILL, not voluntary", k.worker, d)
		}
		replaced := 0
		for _, f := range kit.OfKind(events, engine.KindFork) {
			if d := f.Detail.(engine.ForkDetail); d.Replaces == k.worker {
				replaced++
				if d.Why != "SIGKILL" {
					t.Errorf("worker %d replaces %d because of %q, want SIGKILL", f.Worker, k.worker, d.Why)
					for _, e := range events {
						if e.Worker == k.worker {
							t.Logf("%s %s %s %+v", e.Time.Format("15:04:05.000"), e.Kind, e.Call, e.Detail)
						}
					}
				}
			}
		}
		if replaced != 1 {
			t.Errorf("worker %d was replaced %d times", k.worker, replaced)
		}
	}
}

// checkFailures checks that only requests on killed workers failed.
func checkFailures(t *testing.T, tr *tracked, r *load.Runner, done []killed) {
	t.Helper()
	r.Stop()
	res, err := r.Wait()
	if err != nil {
		t.Error(err)
	}
	conns := 0
	for _, k := range done {
		conns += k.conns
	}
	t.Logf("kept connections: %v; tracked: %d ok, %d failed; the killed had %d connections",
		res, tr.ok, len(tr.failures), conns)
	if res.OK < 500 || tr.ok < 500 {
		t.Error("too few requests to tell")
	}
	if res.Refused+res.TimedOut+res.Wrong > 0 {
		t.Errorf("failures no kill explains: %v %q", res, res.Errors)
	}
	if n := int(res.Failed()); n > conns {
		t.Errorf("%d kept connections failed, the killed workers had %d", n, conns)
	}
	for _, f := range tr.failures {
		explained := false
		for _, k := range done {
			explained = explained || k.explains(f)
		}
		if !explained {
			t.Errorf("a failure no kill explains: %v", f)
		}
	}
}
