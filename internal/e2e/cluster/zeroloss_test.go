//go:build linux

package cluster

import (
	"context"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/load"
	"muster/internal/testkit"
)

// clients is how many the checks under load have at once.
const clients = 64

// startLoad begins a load that ends with the test at the latest.
func startLoad(t *testing.T, o load.Options) *load.Runner {
	t.Helper()
	o.ExpectBody, o.Timeout = page, kit.Patience
	r, err := load.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Stop()
		_, _ = r.Wait() // the test has looked at it, or has failed
	})
	return r
}

// noneFailed ends a load and checks that it lost nothing.
func noneFailed(t *testing.T, r *load.Runner) {
	t.Helper()
	testkit.Within(kit.Patience, func() bool { return r.Stats().OK >= 500 }) // a slow machine
	r.Stop()
	res, err := r.Wait()
	if err != nil {
		t.Error(err)
	}
	t.Log(res)
	if res.Failed() > 0 || res.OK < 500 {
		t.Errorf("want no failure and many requests: %v %q", res, res.Errors)
	}
}

// snapshot is a picture that includes the event seq.
func (p *run) snapshot(seq uint64) *engine.Snapshot {
	p.T.Helper()
	var s *engine.Snapshot
	if !testkit.Within(kit.Patience, func() bool { s = p.do("snapshot").Snapshot; return s.Seq >= seq }) {
		p.T.Fatalf("no snapshot includes event %d", seq)
	}
	return s
}

// | 3 | load: a connection each, 64 at once, 8 s; policy switched 4 times | 0
// failed; each switch an event with its duration |
func TestCheck03PolicySwitchLosesNothing(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 4, Policy: engine.SchedRR, Grace: 5 * time.Second, Stall: 10 * time.Second})
	p.AwaitKind(4, engine.KindListening)
	r := startLoad(t, load.Options{Addr: p.Addr(), Concurrency: clients})

	// Each policy is in force for so many answers, and so long that a snapshot
	// includes most of them.
	answers, least := uint64(1000), 1600*time.Millisecond
	if testkit.Race {
		answers, least = 300, 500*time.Millisecond
	}
	phase := func() {
		t.Helper()
		over, want := time.After(least), r.Stats().OK+answers
		testkit.Eventually(t, kit.Patience, func() bool { return r.Stats().OK >= want }, "the load is not answered")
		<-over
	}
	begin := p.snapshot(0)
	from := engine.SchedRR
	for i, to := range []engine.Policy{engine.SchedNone, engine.SchedRR, engine.SchedNone, engine.SchedRR} {
		phase()
		p.checkWhoAccepted(begin)
		p.do("policy %v", to)
		e := p.AwaitKind(i+1, engine.KindPolicy)[i]
		if d := e.Detail.(engine.PolicyDetail); d.From != from || d.To != to || d.Ms <= 0 || d.Ms > 1000 {
			t.Errorf("switch %d: the event says %+v", i+1, d)
		}
		begin, from = p.snapshot(e.Seq), to
	}
	phase()
	p.checkWhoAccepted(begin)
	noneFailed(t, r)
	if n := len(kit.OfKind(p.SoFar(), engine.KindPolicy)); n != 4 {
		t.Errorf("%d policy events, want 4", n)
	}
}

// checkWhoAccepted checks that a policy has been in force since a picture: that
// the primary accepted in rr, and no more than handshakes under way in shared.
func (p *run) checkWhoAccepted(since *engine.Snapshot) {
	p.T.Helper()
	var n uint64
	shared := since.Policy == engine.SchedNone
	enough := testkit.Within(kit.Patience, func() bool {
		n = p.snapshot(0).Accepted - since.Accepted
		return shared || n >= clients
	})
	if !enough || shared && n > clients {
		p.T.Errorf("policy %v: the primary accepted %d connections", since.Policy, n)
	}
}

// | 4 | the same, keep-alive, think time 0 and 5 ms; 10 times disconnect one and
// fork one | 0 failed |
func TestCheck04DisconnectLosesNothing(t *testing.T) {
	for name, think := range map[string]time.Duration{"no think time": 0, "5 ms": 5 * time.Millisecond} {
		for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
			t.Run(name+" "+policy.String(), func(t *testing.T) {
				t.Parallel()
				rounds := 10
				if testkit.Race {
					rounds = 5
				}
				p := startPrimary(t, nil, primaryConfig{Workers: 4, Policy: policy, Grace: 10 * time.Second, Stall: 10 * time.Second})
				p.AwaitKind(4, engine.KindListening)
				r := startLoad(t, load.Options{Addr: p.Addr(), Concurrency: clients, KeepAlive: true, Think: think})
				for i := range rounds {
					p.do("disconnect %d", i+1)
					p.do("fork")
					p.AwaitKind(4+i+1, engine.KindListening)
				}
				p.AwaitKind(rounds, engine.KindExit)
				noneFailed(t, r)

				events := p.SoFar()
				for id := 1; id <= rounds; id++ {
					exit := kit.Of(events, id, engine.KindExit)
					if len(exit) != 1 || len(kit.Of(events, id, engine.KindLeave)) != 1 {
						t.Errorf("worker %d did not leave once and exit once", id)
						continue
					}
					d := exit[0].Detail.(engine.ExitDetail)
					if !d.Voluntary || d.Code == nil || *d.Code != 0 {
						t.Errorf("worker %d: exit %+v, want voluntary with code 0", id, d)
					}
				}
				if kills := kit.OfKind(events, engine.KindKill); len(kills) > 0 {
					t.Errorf("a worker that was told to leave was killed: %+v", kills)
				}
				if n := len(kit.OfKind(events, engine.KindFork)); n != 4+rounds {
					t.Errorf("%d forks, want %d: who leaves is not replaced", n, 4+rounds)
				}
			})
		}
	}
}
