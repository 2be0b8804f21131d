package engine

import (
	"sync"
	"testing"
)

func TestEventRing(t *testing.T) {
	for _, c := range []struct {
		name        string
		added       int
		after       uint64
		first, last uint64 // 0: none
		lost        uint64
	}{
		{"empty", 0, 0, 0, 0, 0},
		{"empty, a reader from elsewhere", 0, 7, 0, 0, 0},
		{"all", 3, 0, 1, 3, 0},
		{"the rest", 3, 1, 2, 3, 0},
		{"nothing new", 3, 3, 0, 0, 0},
		{"ahead of it", 3, 99, 0, 0, 0},
		{"as far ahead as can be", 3, 1<<64 - 1, 0, 0, 0},
		{"just full", eventsKept, 0, 1, eventsKept, 0},
		{"one gone", eventsKept + 1, 0, 2, eventsKept + 1, 1},
		{"gone, but known", eventsKept + 1, 1, 2, eventsKept + 1, 0},
		{"round twice", 3*eventsKept + 5, 10, 2*eventsKept + 6, 3*eventsKept + 5, 2*eventsKept - 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newEventRing()
			for i := range c.added {
				if seq := r.add(Event{Worker: i + 1}); seq != uint64(i+1) {
					t.Fatalf("event %d is number %d", i+1, seq)
				}
			}
			if n := r.newest(); n != uint64(c.added) {
				t.Errorf("newest %d, want %d", n, c.added)
			}
			ev, lost := r.after(c.after)
			if lost != c.lost {
				t.Errorf("lost %d, want %d", lost, c.lost)
			}
			if c.first == 0 {
				if len(ev) != 0 {
					t.Errorf("%d events, want none", len(ev))
				}
				return
			}
			if uint64(len(ev)) != c.last-c.first+1 {
				t.Fatalf("%d events, want %d to %d", len(ev), c.first, c.last)
			}
			for i, e := range ev {
				if e.Seq != c.first+uint64(i) || e.Worker != int(e.Seq) {
					t.Fatalf("event %d: number %d of worker %d", i, e.Seq, e.Worker)
				}
			}
		})
	}
}

// What a reader got is its own: later events do not change it.
func TestEventRingReaderKeepsWhatItGot(t *testing.T) {
	r := newEventRing()
	for range eventsKept {
		r.add(Event{})
	}
	ev, _ := r.after(0)
	for range eventsKept {
		r.add(Event{})
	}
	for i, e := range ev {
		if e.Seq != uint64(i+1) {
			t.Fatalf("event %d became number %d", i+1, e.Seq)
		}
	}
}

// A slow reader beside the writer misses nothing without being told.
func TestEventRingCountsWhatAReaderMissed(t *testing.T) {
	const all = 5 * eventsKept
	r := newEventRing()
	var writer sync.WaitGroup
	writer.Go(func() {
		for range all {
			r.add(Event{})
		}
	})
	var seq, got, missed uint64
	for seq < all {
		ev, lost := r.after(seq)
		missed += lost
		got += uint64(len(ev))
		for i, e := range ev {
			if want := seq + lost + uint64(i) + 1; e.Seq != want {
				t.Fatalf("number %d, want %d", e.Seq, want)
			}
		}
		if len(ev) > 0 {
			seq = ev[len(ev)-1].Seq
		}
	}
	writer.Wait()
	if got+missed != all {
		t.Errorf("%d read and %d missed of %d", got, missed, all)
	}
}
