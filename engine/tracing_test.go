package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/internal/wireword"
)

var fromTest = netip.MustParseAddrPort("127.0.0.1:51234")

func tracesAt(t *testing.T) (*traces, func(ms float64) time.Time) {
	t.Helper()
	return &traces{began: epoch}, func(ms float64) time.Time {
		return epoch.Add(time.Duration(ms * float64(time.Millisecond)))
	}
}

// come has a connection come, handed and taken are left to the test.
func come(ts *traces, n uint64, at time.Time) *traced {
	return ts.accepted(n, &sock.Accepted{At: at, From: fromTest}, at)
}

// tellingWorker is a worker that tells of the ends of its connections.
func tellingWorker(id int) *worker {
	return &worker{id: id, seen: seen{stats: &workerStats{tells: true}}}
}

func TestWatchTellsTheWayOfAConnection(t *testing.T) {
	ts, at := tracesAt(t)
	k := come(ts, 7, at(0))
	d := deal.New(deal.TurnOrder)
	ts.dealt(d, at(0))
	if got := ts.picture(at(0)).Conns[0]; got.Waited != wireword.WaitedNobody {
		t.Errorf("it waits because %q", got.Waited)
	}
	if !ts.wants(k, tellingWorker(2).tells()) || ts.wants(k, (&worker{}).tells()) || ts.wants(k, (&worker{seen: seen{stats: &workerStats{}}}).tells()) {
		t.Error("only a worker that tells is asked to follow")
	}
	ts.waited(at(0), at(1))
	ts.sent(k, 2, 40, true, at(1))
	shared := ts.picture(at(1))
	ts.back(k, wireword.HopRefused, at(2))
	ts.sent(k, 3, 41, true, at(3))
	ts.taken(k, at(4).Sub(at(3)), at(4))

	// What is not so: another worker's, another hand-off's, before it was taken.
	for name, tell := range map[string]func(){
		"another worker":   func() { ts.ended(2, [][2]uint64{{41, 1e6}}, at(5)) },
		"another hand-off": func() { ts.ended(3, [][2]uint64{{40, 1e6}, {1 << 63, 1}}, at(5)) },
	} {
		if tell(); !ts.picture(at(5)).Conns[0].Done.IsZero() {
			t.Errorf("it ended by %s", name)
		}
	}
	ts.ended(3, [][2]uint64{{41, 2e6}}, at(9))
	ts.ended(3, [][2]uint64{{41, 1e6}}, at(9)) // once is enough
	got := ts.picture(at(9)).Conns[0]
	want := TrafficConn{N: 7, From: fromTest, Accepted: at(0), Waited: wireword.WaitedNobody, Worker: 3, Handed: at(3), Taken: at(4),
		Done: at(6), Tells: true, Earlier: []TrafficHop{{2, at(1), at(2), wireword.HopRefused}}}
	if !slices.Equal(got.Earlier, want.Earlier) {
		t.Errorf("earlier %+v, want %+v", got.Earlier, want.Earlier)
	}
	got.Earlier, want.Earlier = nil, nil
	if !equalConn(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	p := ts.picture(at(9))
	if p.Queued.Count() != 1 || p.Handed.Count() != 1 || p.Served.Count() != 1 || p.Queued.Max() != time.Millisecond ||
		p.Served.Max() != 2*time.Millisecond || p.Total != 1 || p.OneIn != 1 {
		t.Errorf("%+v, queued %v, served %v", p, p.Queued.Max(), p.Served.Max())
	}
	if c := shared.Conns[0]; c.Worker != 2 || len(c.Earlier) != 0 {
		t.Errorf("an old picture has changed: %+v", c)
	}
}

func equalConn(a, b TrafficConn) bool {
	return a.N == b.N && a.From == b.From && a.Accepted.Equal(b.Accepted) && a.Waited == b.Waited && a.Worker == b.Worker &&
		a.Handed.Equal(b.Handed) && a.Taken.Equal(b.Taken) && a.Done.Equal(b.Done) && a.Tells == b.Tells && a.Lost == b.Lost
}

// A worker cannot say that a connection was open for longer than it is there.
func TestWatchedEndIsNotInTheFuture(t *testing.T) {
	ts, at := tracesAt(t)
	k := come(ts, 1, at(0))
	ts.sent(k, 1, 5, true, at(0))
	ts.taken(k, 0, at(1))
	ts.ended(1, [][2]uint64{{5, 1<<64 - 1}}, at(3))
	if c := ts.picture(at(3)).Conns[0]; !c.Done.Equal(at(3)) {
		t.Errorf("done %v after it was taken", c.Done.Sub(c.Taken))
	}
}

func TestWatchSaysWhatWasLost(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(ts *traces, k *traced, at func(float64) time.Time)
		lost bool
		done bool
	}{
		"open when its worker died": {func(ts *traces, k *traced, at func(float64) time.Time) {
			ts.sent(k, 1, 1, true, at(1))
			ts.taken(k, 0, at(2))
			ts.died(1, at(3))
		}, true, true},
		"closed before": {func(ts *traces, k *traced, at func(float64) time.Time) {
			ts.sent(k, 1, 1, true, at(1))
			ts.taken(k, 0, at(2))
			ts.ended(1, [][2]uint64{{1, 1}}, at(3))
			ts.died(1, at(3))
		}, false, true},
		"not answered: it goes to another": {func(ts *traces, k *traced, at func(float64) time.Time) {
			ts.sent(k, 1, 1, true, at(1))
			ts.back(k, wireword.HopDied, at(2))
			ts.died(1, at(3))
		}, false, false},
		"another worker died": {func(ts *traces, k *traced, at func(float64) time.Time) {
			ts.sent(k, 1, 1, true, at(1))
			ts.taken(k, 0, at(2))
			ts.died(9, at(3))
		}, false, false},
		"a worker that does not tell: nobody knows": {func(ts *traces, k *traced, at func(float64) time.Time) {
			ts.sent(k, 4, 1, false, at(1))
			ts.taken(k, 0, at(2))
			ts.died(4, at(3))
		}, false, false},
		"the address was closed": {func(ts *traces, k *traced, at func(float64) time.Time) { ts.dropped(k, at(1)) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			ts, at := tracesAt(t)
			k := come(ts, 1, at(0))
			c.do(ts, k, at)
			if got := ts.picture(at(4)).Conns[0]; got.Lost != c.lost || got.Done.IsZero() == c.done {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A connection that is not kept costs no memory, and the list is bounded.
func TestWatchIsBounded(t *testing.T) {
	ts, at := tracesAt(t)
	ms := 0.0
	step := func() {
		ms += 0.1 // 10,000 a second
		now := at(ms)
		k := come(ts, uint64(ms*10), now)
		ts.waited(now, now)
		ts.sent(k, 1, 1, true, now)
		ts.taken(k, time.Millisecond, now)
		ts.dealt(nil, now)
	}
	for range 50_000 {
		step()
	}
	if n := len(ts.kept); n != tracesMax {
		t.Errorf("%d connections are kept", n)
	}
	if first, last := ts.kept[0].N, ts.kept[tracesMax-1].N; first >= last || last < 49_000 {
		t.Errorf("from %d to %d of 50000: not the newest", first, last)
	}
	if a := testing.AllocsPerRun(5000, step); a > 0.1 {
		t.Errorf("%v allocations a connection at 10,000 a second", a)
	}
}

func TestWhyNobodyGetsAConnection(t *testing.T) {
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	d := deal.New(deal.TurnOrder)
	expect := func(now time.Time, want string) {
		t.Helper()
		if got := waitedFor(d.WhyNot(now)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	expect(at(0), wireword.WaitedNobody)
	d.Add(1, at(0))
	d.Offer(0, netip.Addr{})
	d.Next(7, at(0))
	expect(at(1), wireword.WaitedFull)
	expect(at(1500), wireword.WaitedSilent)
	d.Refused(1, 7, at(1600))
	expect(at(1601), wireword.WaitedRefused)
	d.Leave(1)
	expect(at(1602), wireword.WaitedNobody)
}

// Connections are watched as long as any viewer wants it: one that leaves blinds
// no other, and one that has died is forgotten.
func TestWatchIsALease(t *testing.T) {
	l := loopAt(epoch)
	at := func(s int) time.Time { return epoch.Add(time.Duration(s) * time.Second) }
	want := func(viewer string, seconds, now int) {
		t.Helper()
		if err := l.tracing.lease(viewer, time.Duration(seconds)*time.Second, at(now)); err != nil {
			t.Fatal(err)
		}
	}
	watched := func(now int, want bool) {
		t.Helper()
		l.timers.run(at(now))
		if tr := l.traffic(at(now)); (tr != nil) != want || want && (tr.Total != 1 || !tr.Since.Equal(epoch)) {
			t.Errorf("after %d s: %+v", now, tr)
		}
	}
	watched(0, false)
	want("a", 10, 0)
	come(l.tracing.traces, 1, epoch)
	want("b", 10, 1)
	want("a", 10, 8) // once more: until 18
	watched(12, true)
	want("b", 10, 12)
	want("a", 0, 13)
	want("a", 0, 13)
	watched(14, true) // for b
	watched(21, true)
	watched(22, false) // b has died
	if len(l.tracing.viewers) != 0 || len(l.timers.h) != 0 {
		t.Errorf("left: %v, %d timers", l.tracing.viewers, len(l.timers.h))
	}
	want("nobody", 0, 23)
	watched(23, false)
}

func TestWatchIsBoundedByViewer(t *testing.T) {
	l := loopAt(epoch)
	for name, err := range map[string]error{
		"no name":   l.tracing.lease("", time.Second, epoch),
		"long name": l.tracing.lease(strings.Repeat("x", viewerMax+1), time.Second, epoch),
		"too long":  l.tracing.lease("a", watchMax+1, epoch),
		"negative":  l.tracing.lease("a", -1, epoch),
	} {
		if errorCode(err) != "bad_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range viewersMax {
		if err := l.tracing.lease(fmt.Sprint(i), time.Second, epoch); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.tracing.lease("one more", time.Second, epoch); errorCode(err) != "busy" {
		t.Errorf("%v", err)
	}
	if err := l.tracing.lease("7", time.Minute, epoch); err != nil { // it has one already
		t.Error(err)
	}
	if len(l.timers.h) != viewersMax {
		t.Errorf("%d timers for %d viewers", len(l.timers.h), viewersMax)
	}
}

func TestWhatWorkersTake(t *testing.T) {
	ts, _ := tracesAt(t)
	ts.sampled(map[int]uint64{1: 100, 2: 0}, 1)
	if len(ts.takes) != 0 {
		t.Errorf("rates from nothing: %v", ts.takes)
	}
	ts.sampled(map[int]uint64{1: 150, 2: 10}, 0.5)
	if want := []TrafficRate{{1, 100}, {2, 20}}; !slices.Equal(ts.takes, want) {
		t.Errorf("%v, want %v", ts.takes, want)
	}
	if ts.sampled(map[int]uint64{2: 10}, 1); len(ts.took) != 1 {
		t.Errorf("a dead worker is remembered: %v", ts.took)
	}
}

// What watching costs a connection, nearly all of which are not kept.
func BenchmarkWatchedConnection(b *testing.B) {
	ts := &traces{began: epoch}
	w := tellingWorker(1)
	a, now := &sock.Accepted{From: fromTest}, epoch
	b.ReportAllocs()
	for i := range b.N {
		now = now.Add(100 * time.Microsecond) // 10,000 a second
		a.At = now
		costOfTracing(ts, w, a, uint64(i), now)
	}
}

// And while nobody looks.
func BenchmarkConnectionNobodyWatches(b *testing.B) {
	t, w := &tracing{}, tellingWorker(1)
	a, now := &sock.Accepted{From: fromTest}, epoch
	for i := range b.N {
		costOfTracing(t.traces, w, a, uint64(i), now)
	}
}

func costOfTracing(ts *traces, w *worker, a *sock.Accepted, n uint64, now time.Time) {
	k := ts.accepted(n, a, now)
	tells := ts.wants(k, w.tells())
	ts.waited(a.At, now)
	ts.sent(k, w.id, 1, tells, now)
	ts.taken(k, time.Millisecond, now)
	ts.dealt(nil, now)
}

func TestTimesOfAClockThatIsBehind(t *testing.T) {
	var l lastTimes
	l.record(epoch, 2*time.Millisecond)
	l.record(epoch, -time.Millisecond)
	if all := l.sum(epoch); all.Count() != 2 || all.Max() != 2*time.Millisecond {
		t.Errorf("%d times, max %v", all.Count(), all.Max())
	}
}
