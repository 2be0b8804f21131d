//go:build linux

package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/load"
	"muster/internal/testkit"
)

// The policy changes every 50 ms under load, among those in which a Node worker has
// a socket of its own: no request fails, and no worker is restarted, because no
// worker notices.
func TestNodePolicySwitch(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("keep-alive %t", kept), func(t *testing.T) {
			t.Parallel()
			c := start(t, "app.js")
			c.AwaitKind(2, engine.KindListening)
			r, err := load.Start(context.Background(), load.Options{Addr: c.Addr(), Concurrency: 8, KeepAlive: kept})
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan load.Result, 1)
			go func() { // ends with the run
				res, err := r.Wait()
				if err != nil {
					t.Error(err)
				}
				over <- res
			}()
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			var res load.Result
			switches := 0
			round := []engine.Policy{engine.SchedSpread, engine.SchedRR, engine.SchedSpread, engine.SchedLeast, engine.SchedSticky, engine.SchedRR}
			for running, end := true, time.Now().Add(kit.Patience); running; {
				select {
				case res = <-over:
					running = false
				case <-tick.C:
					if switches >= 40 && r.Stats().OK >= 500 || time.Now().After(end) {
						r.Stop()
						tick.Stop()
						continue
					}
					c.do(engine.Command{Op: engine.OpPolicy, Policy: round[switches%len(round)]})
					switches++
				}
			}
			if res.Failed() > 0 || res.OK < 500 {
				t.Errorf("%v\n%q", res, res.Errors)
			}
			if len(res.ByWorker) != 2 {
				t.Errorf("answers by %v, want both workers", res.ByWorker)
			}
			if switches < 40 || len(kit.OfKind(c.SoFar(), engine.KindPolicy)) != switches {
				t.Errorf("%d switches, %d events", switches, len(kit.OfKind(c.SoFar(), engine.KindPolicy)))
			}
			if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 2 {
				t.Errorf("%d forks, want the first 2", n)
			}
		})
	}
}

// In shared a Node worker needs the socket all workers have, in spread one of its
// own: on the way to and from shared they are replaced, one after the other, and
// nobody notices.
func TestNodePolicyReplacesWorkers(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js")
	c.AwaitKind(2, engine.KindListening)
	r, err := load.Start(context.Background(), load.Options{Addr: c.Addr(), Concurrency: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	workers := 2
	for _, p := range []engine.Policy{engine.SchedNone, engine.SchedSpread} {
		c.do(engine.Command{Op: engine.OpPolicy, Policy: p})
		workers += 2
		c.Await(fmt.Sprintf("both were replaced for %v", p), func(ev []engine.Event) bool {
			return len(kit.OfKind(ev, engine.KindListening)) == workers && len(kit.OfKind(ev, engine.KindExit)) == workers-2
		})
		done := r.Stats().OK
		if !testkit.Within(kit.Patience, func() bool { return r.Stats().OK >= done+200 }) {
			t.Fatalf("in %v only %d were answered", p, r.Stats().OK-done)
		}
	}
	r.Stop()
	if res, err := r.Wait(); err != nil || res.Failed() > 0 {
		t.Errorf("%v, %v\n%q", err, res, res.Errors)
	}
	if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 6 {
		t.Errorf("%d forks, want 6", n)
	}
}

// What a reload does, one worker after the other under load: the new one
// listens before the old one is told to leave, and nobody notices.
func TestNodeRestartUnderLoad(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "app.js", policy(p))
		c.AwaitKind(2, engine.KindListening)
		// Connections of one request each: what crosses the close of a kept one
		// cannot be saved from outside the worker.
		r, err := load.Start(context.Background(), load.Options{Addr: c.Addr(), Concurrency: 4})
		if err != nil {
			t.Fatal(err)
		}
		for id := 1; id <= 2; id++ {
			n := c.do(engine.Command{Op: engine.OpRestart, Worker: id}).Worker
			c.AwaitOf(n, engine.KindListening)
			if d := exit(c.AwaitOf(id, engine.KindExit)); d.Code == nil || *d.Code != 0 || !d.Voluntary {
				t.Errorf("worker %d ended with %+v", id, d)
			}
		}
		r.Stop()
		res, err := r.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if res.Failed() > 0 || res.OK == 0 {
			t.Errorf("%v\n%q", res, res.Errors)
		}
		if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 4 {
			t.Errorf("%d forks, want 4", n)
		}
	})
}
