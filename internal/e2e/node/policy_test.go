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
)

// The policy changes every 50 ms under load: no request fails, and no worker is
// restarted, because no worker notices.
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
					c.do(engine.Command{Op: engine.OpPolicy, Policy: []engine.Policy{engine.SchedNone, engine.SchedRR}[switches%2]})
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
