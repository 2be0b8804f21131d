//go:build linux

package cluster

import (
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
	"muster/internal/wireword"
)

// seen waits until the cluster tells of the connection of c what fits, and
// returns it.
func (p *run) seen(what string, c *client, fits func(engine.TrafficConn) bool) engine.TrafficConn {
	p.T.Helper()
	from := netip.MustParseAddrPort(c.conn.LocalAddr().String())
	var got engine.TrafficConn
	if !testkit.Within(kit.Patience, func() bool {
		tr := p.do("snapshot").Snapshot.Traffic
		if tr == nil {
			return false
		}
		i := slices.IndexFunc(tr.Conns, func(tc engine.TrafficConn) bool { return tc.From == from })
		if i < 0 {
			return false
		}
		got = tr.Conns[i]
		return fits(got)
	}) {
		p.T.Fatalf("%s: the connection from %v is told as %+v", what, from, got)
	}
	return got
}

func (p *run) watch(on string) {
	p.T.Helper()
	p.do("watch %s", on)
	if !testkit.Within(kit.Patience, func() bool { return (p.do("snapshot").Snapshot.Traffic != nil) == (on == "on") }) {
		p.T.Fatalf("traffic is told or not, in spite of watch %s", on)
	}
}

// A connection is followed from the primary through a worker to its end, only
// while somebody watches.
func TestTrafficTellsTheWayOfAConnection(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedRR, Grace: time.Second})
	p.AwaitKind(2, engine.KindListening)
	for range 2 { // round robin: once each has answered, each has said that it tells
		get(t, p.Addr(), "/")
	}
	if tr := p.do("snapshot").Snapshot.Traffic; tr != nil {
		t.Fatalf("nobody watches: %+v", tr)
	}
	p.watch("on")
	c := mustDial(t, p.Addr())
	if _, err := c.ask("/"); err != nil {
		t.Fatal(err)
	}
	tc := p.seen("open", c, func(tc engine.TrafficConn) bool { return !tc.Taken.IsZero() })
	if tc.Worker != c.worker || !tc.Tells || !tc.Done.IsZero() || tc.N != 3 || tc.Handed.Before(tc.Accepted) || tc.Taken.Before(tc.Handed) {
		t.Errorf("worker %d answered: %+v", c.worker, tc)
	}
	closed := time.Now()
	if err := c.conn.Close(); err != nil {
		t.Fatal(err)
	}
	tc = p.seen("closed", c, func(tc engine.TrafficConn) bool { return !tc.Done.IsZero() })
	if tc.Lost || tc.Done.Before(tc.Taken) || tc.Done.Before(closed.Add(-time.Second)) {
		t.Errorf("closed at %v: %+v", closed, tc)
	}
	tr := p.do("snapshot").Snapshot.Traffic
	if tr.Total != 1 || tr.OneIn != 1 || len(tr.Conns) != 1 || tr.Waiting == nil || *tr.Waiting != 0 {
		t.Errorf("%+v", tr)
	}

	cut := mustDial(t, p.Addr())
	if _, err := cut.ask("/"); err != nil {
		t.Fatal(err)
	}
	p.seen("open", cut, func(tc engine.TrafficConn) bool { return !tc.Taken.IsZero() })
	p.do("crash %d", cut.worker)
	p.seen("cut by the death of its worker", cut, func(tc engine.TrafficConn) bool { return tc.Lost && !tc.Done.IsZero() })

	p.watch("off")
}

// A connection on the way to a worker that dies is told as dealt again, with
// both hand-offs.
func TestTrafficTellsWhatIsDealtAgain(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedRR, Grace: time.Second, Stall: 20 * time.Second})
	victim := p.AwaitKind(2, engine.KindListening)[0]
	p.watch("on")
	stop(t, victim.PID)
	var stuck *client
	for range 2 { // round robin: one of them goes to the stopped worker
		c := mustDial(t, p.Addr())
		if err := c.send("/"); err != nil {
			t.Fatal(err)
		}
		tc := p.seen("handed off", c, func(tc engine.TrafficConn) bool { return !tc.Handed.IsZero() })
		if tc.Worker == victim.Worker {
			stuck = c
		}
	}
	if stuck == nil {
		t.Fatal("neither connection went to the stopped worker")
	}
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := stuck.receive(); err != nil {
		t.Fatal(err)
	}
	tc := p.seen("dealt again", stuck, func(tc engine.TrafficConn) bool { return len(tc.Earlier) == 1 && !tc.Taken.IsZero() })
	if h := tc.Earlier[0]; h.Worker != victim.Worker || h.Why != wireword.HopDied || h.Ended.Before(h.Handed) || tc.Handed.Before(h.Ended) {
		t.Errorf("%+v", tc)
	}
	if tc.Worker != stuck.worker || tc.Worker == victim.Worker || tc.Lost {
		t.Errorf("worker %d answered: %+v", stuck.worker, tc)
	}
}

// In shared the primary sees no connection; what the workers took is told.
func TestTrafficInShared(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedNone, Grace: time.Second})
	p.AwaitKind(2, engine.KindListening)
	p.watch("on")
	if !testkit.Within(kit.Patience, func() bool {
		get(t, p.Addr(), "/")
		tr := p.do("snapshot").Snapshot.Traffic
		return slices.ContainsFunc(tr.Takes, func(r engine.TrafficRate) bool { return r.Rate > 0 })
	}) {
		t.Error("nobody tells what it takes")
	}
	if tr := p.do("snapshot").Snapshot.Traffic; tr.Total != 0 || len(tr.Conns) != 0 {
		t.Errorf("%+v", tr)
	}
}
