package tui

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/wireword"
)

// randomTraffic is any traffic at all, times in any order among it.
func randomTraffic(r *rand.Rand, now time.Time) *engine.Traffic {
	when := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return now.Add(time.Duration(r.Int64N(int64(20*time.Second))) - 10*time.Second)
	}
	from := []netip.AddrPort{{}, client(1), netip.MustParseAddrPort("[2001:db8:1111:2222:3333:4444:5555:6666]:65535"),
		netip.AddrPortFrom(netip.MustParseAddr("fe80::1").WithZone("\x1b[2J\u202eeth0"), 80)}
	why := append([]string{wireword.HopDied, wireword.HopRefused, wireword.HopLeft, wireword.HopUsed, wireword.WaitedFull}, nasty...)
	lat := func() *engine.Latency {
		if r.IntN(4) == 0 {
			return nil
		}
		return took(time.Duration(r.Int64N(int64(time.Hour))), time.Duration(r.Int64N(1e6)))
	}
	t := &engine.Traffic{Rate: r.Float64() * 1e6, OneIn: r.IntN(1e6), Total: r.Uint64(), Queued: lat(), Handed: lat(), Served: lat()}
	if r.IntN(2) == 0 {
		t.Waiting = ptr(r.IntN(1e6) - 10)
		t.Takes = []engine.TrafficRate{{Worker: r.IntN(70), Rate: math.NaN()}, {Worker: r.IntN(70), Rate: r.Float64() * 1e9}}
	}
	n := uint64(r.IntN(1e6))
	if r.IntN(8) == 0 {
		n = math.MaxUint64 - 100
	}
	for range r.IntN(70) {
		n += uint64(r.IntN(3))
		c := engine.TrafficConn{N: n, From: pick(r, from), Accepted: when(), Handed: when(), Taken: when(), Done: when(),
			Worker: r.IntN(300), Waited: pick(r, why), Tells: r.IntN(2) == 0, Lost: r.IntN(6) == 0}
		for range r.IntN(2) * r.IntN(8) {
			c.Earlier = append(c.Earlier, engine.TrafficHop{Worker: r.IntN(300), Handed: when(), Ended: when(), Why: pick(r, why)})
		}
		t.Conns = append(t.Conns, c)
	}
	return t
}

// Whatever the traffic, a frame has its lines and cells, and nothing in it
// that a terminal would obey.
func TestAnyTrafficIsAFrame(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 200
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range fewer(n) {
		s := randomScreen(r)
		if s.snap == nil {
			continue
		}
		s.view = viewTraffic
		s.snap.Traffic = randomTraffic(r, s.now)
		if r.IntN(8) == 0 {
			s.snap.Traffic = nil
		}
		conns := shownConns(s)
		if len(conns) > 0 && r.IntN(2) == 0 {
			c := pick(r, conns)
			s.traffic.selected = c.N
			if r.IntN(2) == 0 {
				s.dialog = &connStory{conn: c}
			}
		}
		if r.IntN(3) == 0 {
			sm := &slowMotion{at: s.now, from: s.now}
			sm.begin(conns, 0)
			for range r.IntN(20) {
				sm.move(time.Duration(r.Int64N(int64(time.Second))), conns)
			}
			s.traffic.slow = sm
		}
		f := render(s)
		if checkFrame(t, s, f); t.Failed() {
			t.Fatalf("traffic %+v", s.snap.Traffic)
		}
	}
}
