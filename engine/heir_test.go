package engine

import (
	"testing"
	"time"
)

// An address was kept for as long as any worker came up, and for ever if none
// listened: of a program that listens at an address of its own in each process
// every death left one open.
func TestWhoIsWaitedForAtADeadWorkersAddress(t *testing.T) {
	start := time.Unix(1000, 0)
	own, common := &server{}, &server{}
	dead := func(sl *slot, listened time.Duration, has ...*server) *worker {
		w := &worker{slot: sl, servers: map[*server]bool{}, at: moments{forked: start, listening: start, heard: start}}
		if listened < 0 {
			w.at.listening = time.Time{}
		}
		for _, s := range has {
			w.servers[s] = true
		}
		w.life = life{leaving: true, chanEnded: true, procEnded: true, voluntary: no}
		return w
	}
	// next is a worker that was forked for the slot and last listened a while ago;
	// negative = never.
	next := func(now time.Time, quiet time.Duration) *worker {
		w := &worker{at: moments{forked: now, heard: now.Add(-quiet), listening: now.Add(-quiet)}}
		if quiet < 0 {
			w.at.heard, w.at.listening = time.Time{}, time.Time{}
		}
		return w
	}
	for _, c := range []struct {
		name                string
		o                   Options
		prepare             func(l *loop, sl *slot, now time.Time)
		own, common, gaveUp bool // awaited; the slot
	}{
		{"its fork is due", Options{}, func(_ *loop, sl *slot, now time.Time) { sl.due = &timer{} }, true, true, false},
		{"none is to come", Options{NoRestart: true}, func(*loop, *slot, time.Time) {}, false, false, true},
		{"none is to come, and another one serves", Options{NoRestart: true}, func(l *loop, _ *slot, _ time.Time) {
			for _, s := range []*server{own, common} {
				l.supervisor.takenOver(&worker{slot: &slot{}}, s)
			}
		}, false, false, false},
		{"the slot has given up", Options{}, func(_ *loop, sl *slot, _ time.Time) { sl.stopped = true }, false, false, true},
		{"the next comes up", Options{}, func(_ *loop, sl *slot, now time.Time) { sl.live = []*worker{next(now, -1)} }, true, true, false},
		{"the next never listened", Options{ReadyTimeout: time.Nanosecond}, func(_ *loop, sl *slot, now time.Time) {
			w := next(now, -1)
			w.at.forked = now.Add(-time.Second)
			sl.live = []*worker{w}
		}, false, false, false},
		{"the next has just listened elsewhere", Options{}, func(_ *loop, sl *slot, now time.Time) { sl.live = []*worker{next(now, 0)} }, true, true, false},
		{"the next has listened elsewhere", Options{}, func(_ *loop, sl *slot, now time.Time) { sl.live = []*worker{next(now, moveWait)} }, false, false, false},
		{"the next is dying", Options{}, func(_ *loop, sl *slot, now time.Time) {
			w := next(now, moveWait)
			w.life = life{leaving: true, procEnded: true, voluntary: no}
			w.slot = sl
			sl.live = []*worker{w}
		}, true, true, false},
		{"the next has died at once", Options{}, func(l *loop, sl *slot, now time.Time) {
			l.supervisor.bequeath(dead(sl, -1), now)
			l.supervisor.bequeath(dead(sl, 0, common), now)
			sl.due = &timer{}
		}, true, true, false},
		{"the next has died later", Options{}, func(l *loop, sl *slot, now time.Time) {
			l.supervisor.bequeath(dead(sl, 0, common), now.Add(wellAfter))
			sl.due = &timer{}
		}, false, true, false},
		{"the next left as it was told", Options{}, func(l *loop, sl *slot, now time.Time) {
			w := dead(sl, 0, common)
			w.life.voluntary = yes
			l.supervisor.bequeath(w, now)
		}, false, false, false},
		{"the slot was cleared", Options{NoRestart: true}, func(l *loop, sl *slot, _ time.Time) { l.supervisor.clearSlot(sl) }, false, false, false},
	} {
		sl := &slot{}
		l := newLoop(c.o, program{}, nil, func() time.Time { return start })
		l.supervisor.slots = []*slot{sl}
		l.supervisor.bequeath(dead(sl, 0, own, common), start)
		c.prepare(l, sl, start)
		for _, w := range sl.live {
			w.slot = sl
		}
		if a, b, g := l.supervisor.awaited(own, start), l.supervisor.awaited(common, start), l.supervisor.gaveUp(); a != c.own || b != c.common || g != c.gaveUp {
			t.Errorf("%s: its own awaited %v, the common one %v, gave up %v; want %v, %v, %v", c.name, a, b, g, c.own, c.common, c.gaveUp)
		}
	}
}
