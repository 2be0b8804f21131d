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

func watchFor(t *testing.T) (*watch, func(ms float64) time.Time) {
	t.Helper()
	return &watch{began: epoch, took: map[int]uint64{}}, func(ms float64) time.Time {
		return epoch.Add(time.Duration(ms * float64(time.Millisecond)))
	}
}

// come has a connection come, handed and taken are left to the test.
func come(wa *watch, n uint64, at time.Time) *held {
	h := &held{at: at}
	wa.accepted(h, n, &sock.Accepted{At: at, From: fromTest}, at)
	return h
}

// tellingWorker is a worker that tells of the ends of its connections.
func tellingWorker(id int) *worker { return &worker{id: id, stats: &workerStats{tells: true}} }

func TestWatchTellsTheWayOfAConnection(t *testing.T) {
	wa, at := watchFor(t)
	w2, w3 := tellingWorker(2), tellingWorker(3)
	h := come(wa, 7, at(0))
	d := deal.New(deal.TurnOrder)
	wa.dealt(d, at(0))
	if got := wa.picture(at(0)).Conns[0]; got.Waited != wireword.WaitedNobody {
		t.Errorf("it waits because %q", got.Waited)
	}
	if !wa.wants(h, w2) || wa.wants(h, &worker{}) || wa.wants(h, &worker{stats: &workerStats{}}) {
		t.Error("only a worker that tells is asked to follow")
	}
	wa.handOff(h, w2, 40, at(1))
	shared := wa.picture(at(1))
	wa.back(h, wireword.HopRefused, at(2))
	h.again = true
	wa.handOff(h, w3, 41, at(3))
	wa.taken(h, at(4).Sub(at(3)), at(4))

	// What is not so: another worker's, another hand-off's, before it was taken.
	for name, tell := range map[string]func(){
		"another worker":   func() { wa.ended(w2, [][2]uint64{{41, 1e6}}, at(5)) },
		"another hand-off": func() { wa.ended(w3, [][2]uint64{{40, 1e6}, {1 << 63, 1}}, at(5)) },
	} {
		if tell(); !wa.picture(at(5)).Conns[0].Done.IsZero() {
			t.Errorf("it ended by %s", name)
		}
	}
	wa.ended(w3, [][2]uint64{{41, 2e6}}, at(9))
	wa.ended(w3, [][2]uint64{{41, 1e6}}, at(9)) // once is enough
	got := wa.picture(at(9)).Conns[0]
	want := TrafficConn{N: 7, From: fromTest, Accepted: at(0), Waited: wireword.WaitedNobody, Worker: 3, Handed: at(3), Taken: at(4),
		Done: at(6), Tells: true, Earlier: []TrafficHop{{2, at(1), at(2), wireword.HopRefused}}}
	if !slices.Equal(got.Earlier, want.Earlier) {
		t.Errorf("earlier %+v, want %+v", got.Earlier, want.Earlier)
	}
	got.Earlier, want.Earlier = nil, nil
	if !equalConn(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	p := wa.picture(at(9))
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
	wa, at := watchFor(t)
	w := tellingWorker(1)
	h := come(wa, 1, at(0))
	wa.handOff(h, w, 5, at(0))
	wa.taken(h, 0, at(1))
	wa.ended(w, [][2]uint64{{5, 1<<64 - 1}}, at(3))
	if c := wa.picture(at(3)).Conns[0]; !c.Done.Equal(at(3)) {
		t.Errorf("done %v after it was taken", c.Done.Sub(c.Taken))
	}
}

func TestWatchSaysWhatWasLost(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(wa *watch, h *held, w *worker, at func(float64) time.Time)
		lost bool
		done bool
	}{
		"open when its worker died": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) {
			wa.handOff(h, w, 1, at(1))
			wa.taken(h, 0, at(2))
			wa.died(w, at(3))
		}, true, true},
		"closed before": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) {
			wa.handOff(h, w, 1, at(1))
			wa.taken(h, 0, at(2))
			wa.ended(w, [][2]uint64{{1, 1}}, at(3))
			wa.died(w, at(3))
		}, false, true},
		"not answered: it goes to another": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) {
			wa.handOff(h, w, 1, at(1))
			wa.back(h, wireword.HopDied, at(2))
			wa.died(w, at(3))
		}, false, false},
		"another worker died": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) {
			wa.handOff(h, w, 1, at(1))
			wa.taken(h, 0, at(2))
			wa.died(tellingWorker(9), at(3))
		}, false, false},
		"a worker that does not tell: nobody knows": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) {
			silent := &worker{id: 4}
			wa.handOff(h, silent, 1, at(1))
			wa.taken(h, 0, at(2))
			wa.died(silent, at(3))
		}, false, false},
		"the address was closed": {func(wa *watch, h *held, w *worker, at func(float64) time.Time) { wa.dropped(h, at(1)) }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			wa, at := watchFor(t)
			h := come(wa, 1, at(0))
			c.do(wa, h, tellingWorker(1), at)
			if got := wa.picture(at(4)).Conns[0]; got.Lost != c.lost || got.Done.IsZero() == c.done {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A connection that is not kept costs no memory, and the list is bounded.
func TestWatchIsBounded(t *testing.T) {
	wa, at := watchFor(t)
	w := tellingWorker(1)
	h := &held{}
	ms := 0.0
	step := func() {
		ms += 0.1 // 10,000 a second
		h.kept, h.at = nil, at(ms)
		wa.accepted(h, uint64(ms*10), &sock.Accepted{At: h.at, From: fromTest}, h.at)
		wa.handOff(h, w, 1, h.at)
		wa.taken(h, time.Millisecond, h.at)
		wa.dealt(nil, h.at)
	}
	for range 50_000 {
		step()
	}
	if n := len(wa.kept); n != trafficKept {
		t.Errorf("%d connections are kept", n)
	}
	if first, last := wa.kept[0].N, wa.kept[trafficKept-1].N; first >= last || last < 49_000 {
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
		if err := l.watchFor(viewer, time.Duration(seconds)*time.Second, at(now)); err != nil {
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
	come(l.watching, 1, epoch)
	want("b", 10, 1)
	want("a", 10, 8) // once more: until 18
	watched(12, true)
	want("b", 10, 12)
	want("a", 0, 13)
	want("a", 0, 13)
	watched(14, true) // for b
	watched(21, true)
	watched(22, false) // b has died
	if len(l.watchers) != 0 || len(l.timers.h) != 0 {
		t.Errorf("left: %v, %d timers", l.watchers, len(l.timers.h))
	}
	want("nobody", 0, 23)
	watched(23, false)
}

func TestWatchIsBoundedByViewer(t *testing.T) {
	l := loopAt(epoch)
	for name, err := range map[string]error{
		"no name":   l.watchFor("", time.Second, epoch),
		"long name": l.watchFor(strings.Repeat("x", viewerMax+1), time.Second, epoch),
		"too long":  l.watchFor("a", watchMax+1, epoch),
		"negative":  l.watchFor("a", -1, epoch),
	} {
		if errorCode(err) != "bad_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range viewersMax {
		if err := l.watchFor(fmt.Sprint(i), time.Second, epoch); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.watchFor("one more", time.Second, epoch); errorCode(err) != "busy" {
		t.Errorf("%v", err)
	}
	if err := l.watchFor("7", time.Minute, epoch); err != nil { // it has one already
		t.Error(err)
	}
	if len(l.timers.h) != viewersMax {
		t.Errorf("%d timers for %d viewers", len(l.timers.h), viewersMax)
	}
}

func TestWhatWorkersTake(t *testing.T) {
	wa, _ := watchFor(t)
	w1, w2, silent := tellingWorker(1), tellingWorker(2), &worker{id: 3}
	all := map[int]*worker{1: w1, 2: w2, 3: silent}
	w1.stats.accepted = 100
	wa.sampled(all, 1)
	if len(wa.takes) != 0 {
		t.Errorf("rates from nothing: %v", wa.takes)
	}
	w1.stats, w2.stats = &workerStats{accepted: 150}, &workerStats{accepted: 10}
	wa.sampled(all, 0.5)
	if want := []TrafficRate{{1, 100}, {2, 20}}; !slices.Equal(wa.takes, want) {
		t.Errorf("%v, want %v", wa.takes, want)
	}
	delete(all, 1)
	if wa.sampled(all, 1); len(wa.took) != 1 {
		t.Errorf("a dead worker is remembered: %v", wa.took)
	}
}

// What watching costs a connection, nearly all of which are not kept.
func BenchmarkWatchedConnection(b *testing.B) {
	wa := &watch{began: epoch, took: map[int]uint64{}}
	w := tellingWorker(1)
	h, a, now := &held{}, &sock.Accepted{From: fromTest}, epoch
	b.ReportAllocs()
	for i := range b.N {
		now = now.Add(100 * time.Microsecond) // 10,000 a second
		h.kept, h.at, a.At = nil, now, now
		wa.accepted(h, uint64(i), a, now)
		wa.wants(h, w)
		wa.handOff(h, w, 1, now)
		wa.taken(h, time.Millisecond, now)
		wa.dealt(nil, now)
	}
}
