package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/engine"
)

// at is a picture of one worker that has answered done requests.
func (r paceRun) at(ms int, done uint64) *engine.Snapshot {
	w := listening(1)
	w.Done, w.ReqRate, w.CPU = &done, ptr(777.0), ptr(float64(ms))
	w.Open, w.Dealt = ptr(ms), done
	snap := picture(uint64(ms/1000), ms, w)
	snap.Time, snap.ReqRate = testStart.Add(time.Duration(ms)*time.Millisecond), ptr(777.0)
	return snap
}

type paceRun struct{ p *pace }

// rate is what is shown of a picture: requests a second, of the worker and of all.
func (r paceRun) rate(ms int, done uint64) string {
	s := r.p.picture(r.at(ms, done))
	text := func(v *float64) string {
		if v == nil {
			return unknown
		}
		return fmt.Sprintf("%.0f", *v)
	}
	return text(s.Workers[0].ReqRate) + " " + text(s.ReqRate)
}

func newPace(tick time.Duration) paceRun {
	p := &pace{}
	p.set(tick)
	return paceRun{p}
}

// TestPaceOfASecondChangesNothing: it is the engine's own.
func TestPaceOfASecondChangesNothing(t *testing.T) {
	for _, tick := range []time.Duration{0, time.Second} {
		r := newPace(tick)
		snap := r.at(0, 5)
		if r.p.picture(snap) != snap || len(r.p.past) > 0 {
			t.Errorf("tick %v makes another picture", tick)
		}
	}
}

// TestRatesOfATick are counted from what the workers have answered, over the
// tick, but over no less than half a second.
func TestRatesOfATick(t *testing.T) {
	for _, c := range []struct {
		tick time.Duration
		want []string // at 0, 250, 500, ... ms, with 100 requests in each quarter second but none from 1 s to 1.5 s
	}{
		{500 * time.Millisecond, []string{"- -", "- -", "400 400", "400 400", "400 400", "400 400", "0 0", "0 0", "400 400"}},
		{250 * time.Millisecond, []string{"- -", "- -", "400 400", "400 400", "400 400", "200 200", "0 0", "200 200", "400 400"}},
		{2 * time.Second, []string{"- -", "- -", "- -", "- -", "- -", "- -", "- -", "- -", "300 300", "300 300"}},
	} {
		r := newPace(c.tick)
		done := uint64(1000)
		for i, want := range c.want {
			if i > 0 && (i <= 4 || i > 6) {
				done += 100
			}
			if got := r.rate(250*i, done); got != want {
				t.Errorf("tick %v, at %d ms: %s, want %s", c.tick, 250*i, got, want)
			}
		}
		if len(r.p.past) > 12 {
			t.Errorf("tick %v keeps %d pictures", c.tick, len(r.p.past))
		}
	}
}

// TestALongTickHoldsFigures, but no state, and nothing of a worker that leaves.
func TestALongTickHoldsFigures(t *testing.T) {
	r := newPace(2 * time.Second)
	r.p.picture(r.at(0, 1000))
	s := r.p.picture(r.at(900, 1500))
	if w := s.Workers[0]; *w.Open != 0 || w.Dealt != 1000 || *w.Done != 1000 || *w.CPU != 0 || *s.Open != 0 {
		t.Errorf("between two ticks the figures became %v, %d, %d, %v, %d", *w.Open, w.Dealt, *w.Done, *w.CPU, *s.Open)
	}
	r.p.shown[1] = engine.Row{ID: 1, State: engine.StateOnline}
	if w := r.p.picture(r.at(950, 1500)).Workers[0]; *w.Open != 950 {
		t.Error("one that has come to listen shows the figures of before")
	}
	leaves := r.at(1200, 1600)
	leaves.Workers[0].State = engine.StateDisconnecting
	if w := r.p.picture(leaves).Workers[0]; *w.Open != 1200 || w.State != engine.StateDisconnecting {
		t.Errorf("one that leaves has %d open, state %s", *w.Open, w.State)
	}
	if s = r.p.picture(r.at(2000, 2000)); *s.Open != 2000 || s.Workers[0].Dealt != 2000 {
		t.Errorf("after a tick the figures are still %d, %d", *s.Open, s.Workers[0].Dealt)
	}
	short := newPace(250 * time.Millisecond)
	short.p.picture(short.at(0, 1000))
	if s := short.p.picture(short.at(100, 1100)); *s.Workers[0].Open != 100 || *s.Workers[0].CPU != 100 {
		t.Error("a short tick holds counts that are known")
	}
}

// TestPaceForgetsAWorkerOfABaseItWasNotIn: a new one had answered none.
func TestPaceOfANewWorker(t *testing.T) {
	r := newPace(500 * time.Millisecond)
	r.p.picture(picture(0, 0))
	snap := r.at(500, 50)
	if got := *r.p.picture(snap).Workers[0].ReqRate; got != 100 {
		t.Errorf("a new worker has %v requests/s", got)
	}
	snap = r.at(1000, 50)
	snap.Workers[0].Done = nil
	if s := r.p.picture(snap); s.Workers[0].ReqRate != nil || s.ReqRate != nil {
		t.Error("of a worker that tells nothing a rate is shown")
	}
}

// TestTheTickKey goes round, says what a tick means, and does not hold what q
// asks about.
func TestTheTickKey(t *testing.T) {
	d := newDeck(t, picture(1, 87, listening(1)))
	for _, want := range []struct {
		tick  time.Duration
		toast string
	}{
		{500 * time.Millisecond, "tick 500 ms: req/s; cpu, mem, graphs stay at 1 s"},
		{250 * time.Millisecond, "tick 250 ms: req/s over 500 ms; cpu, mem, graphs stay at 1 s"},
		{2 * time.Second, "tick 2 s: figures of every 2 s, states at once"},
		{time.Second, "tick 1 s: all figures once a second"},
	} {
		d.press("t")
		if d.m.s.tick != want.tick || d.m.pace.tick != want.tick || d.m.s.toast != want.toast {
			t.Errorf("t: %v, %v, %q", d.m.s.tick, d.m.pace.tick, d.m.s.toast)
		}
		if n := len(want.toast); n > 60 {
			t.Errorf("%q has %d cells", want.toast, n)
		}
	}
	d.press("t", "t", "t")
	idle := picture(1, 87, listening(1))
	idle.Time = idle.Time.Add(100 * time.Millisecond)
	*idle.Open = 0
	d.show(idle)
	if !d.m.idle() || *d.m.s.snap.Open != 87 {
		t.Errorf("idle %v, shown %d open", d.m.idle(), *d.m.s.snap.Open)
	}
}

// TestTheHistoryKeepsItsSeconds whatever the tick.
func TestTheHistoryKeepsItsSeconds(t *testing.T) {
	d := newDeck(t, picture(0, 0, listening(1)))
	d.press("t")
	for i := 1; i <= 12; i++ {
		d.show(paceRun{}.at(250*i, uint64(100*i)))
	}
	if got := d.m.s.hist.Ticks(); got != 4 {
		t.Errorf("3 s have %d cells", got)
	}
	if got := strings.Join(strings.Fields(plain(render(&d.m.s))), " "); !strings.Contains(got, "req/s 400 ") {
		t.Errorf("the head has no rate of the tick:\n%s", got)
	}
}
