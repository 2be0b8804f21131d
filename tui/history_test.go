package tui

import (
	"math"
	"testing"
	"time"

	"muster/engine"
)

// tickSnapshot is a picture of workers with these cumulative counts dealt.
func tickSnapshot(tick uint64, dealt map[int]uint64) *engine.Snapshot {
	s := &engine.Snapshot{Tick: tick, Policy: engine.SchedRR}
	for id := range 10 {
		if n, ok := dealt[id]; ok {
			s.Workers = append(s.Workers, engine.Row{ID: id, State: engine.StateListening, Dealt: n, ReqRate: ptr(float64(tick))})
		}
	}
	return s
}

func TestHistoryKeepsOneCellATick(t *testing.T) {
	h := newHistory()
	for _, tick := range []uint64{5, 5, 6, 9} {
		h.add(tickSnapshot(tick, map[int]uint64{1: 0}))
	}
	got := h.cells(h.worker(1), mReq, 7)
	want := []float64{math.NaN(), math.NaN(), 5, 6, math.NaN(), math.NaN(), 9}
	for i := range want {
		if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Fatalf("cells = %v, want %v", got, want)
		}
	}
}

func TestHistoryGoesBackTwoMinutes(t *testing.T) {
	h := newHistory()
	for tick := range uint64(300) {
		h.add(tickSnapshot(tick, map[int]uint64{1: 0}))
	}
	got := h.cells(h.worker(1), mReq, keep+1)
	if !math.IsNaN(got[0]) || got[1] != 300-keep || got[keep] != 299 {
		t.Errorf("cells begin %v and end %v", got[:2], got[keep])
	}
	h.add(tickSnapshot(1000, map[int]uint64{1: 0})) // a gap longer than all that is kept
	if got := h.cells(h.worker(1), mReq, 2); !math.IsNaN(got[0]) || got[1] != 1000 {
		t.Errorf("after a long gap: %v", got)
	}
	h.add(tickSnapshot(3, map[int]uint64{1: 0})) // another primary
	if h.ticks() != 1 {
		t.Errorf("an older tick left %d cells, want a new beginning", h.ticks())
	}
}

// TestShareOfTheLastTenSeconds: what was dealt before the window, or before the
// dashboard was there, does not count; what a new worker got all counts.
func TestShareOfTheLastTenSeconds(t *testing.T) {
	h := newHistory()
	for tick := range uint64(21) {
		dealt := map[int]uint64{1: 1000 + tick*30, 2: 5000}
		if tick >= 18 {
			dealt[3] = 100
		}
		h.add(tickSnapshot(tick, dealt))
		if tick == 0 && h.share(engine.SchedRR, h.worker(1)) != -1 {
			t.Error("a share is known although nothing was seen to be dealt")
		}
	}
	for id, want := range map[int]float64{1: 0.75, 2: 0, 3: 0.25} {
		if got := h.share(engine.SchedRR, h.worker(id)); got != want {
			t.Errorf("share of %d = %g, want %g", id, got, want)
		}
	}
	h.add(tickSnapshot(21, map[int]uint64{1: 1630}))
	if h.worker(3) != nil {
		t.Error("a worker that is gone is still known")
	}
}

func TestLatencyOfTheLastTenSeconds(t *testing.T) {
	h := newHistory()
	var all engine.Latency
	record := func(tick uint64, d time.Duration) {
		all.Record(d)
		l := all
		s := tickSnapshot(tick, map[int]uint64{1: 0})
		s.Workers[0].Latency = &l
		h.add(s)
	}
	record(0, 5*time.Second)
	if got := h.worker(1).answered; got != noLatencies {
		t.Errorf("what was answered before the dashboard came is shown: %v", got)
	}
	for tick := range uint64(12) {
		record(tick+1, time.Millisecond)
	}
	if got := h.cluster().answered.max; got > 2*time.Millisecond {
		t.Errorf("the slow answer of before the window is still in it: %v", got)
	}
}

// TestScaleShrinksSlowly: it grows with the first value over it, and shrinks
// 5 ticks after it last changed.
func TestScaleShrinksSlowly(t *testing.T) {
	h := newHistory()
	tick := uint64(0)
	add := func(v float64) float64 {
		tick++
		s := tickSnapshot(tick, map[int]uint64{1: 0})
		s.Workers[0].ReqRate = ptr(v)
		h.add(s)
		return h.scaleOf(mReq, 1, ofRows)
	}
	if got := add(80); got != 100 {
		t.Errorf("scale = %g, want 100", got)
	}
	if got := add(180); got != 200 {
		t.Errorf("scale over a higher value = %g, want 200", got)
	}
	for i := range 4 {
		if got := add(10); got != 200 {
			t.Errorf("scale %d ticks later = %g, want 200", i+1, got)
		}
	}
	if got := add(10); got != 10 {
		t.Errorf("scale 5 ticks later = %g, want 10", got)
	}
}

func TestFairness(t *testing.T) {
	s := testScreen(80, 24)
	s.snap = tickSnapshot(0, map[int]uint64{1: 0, 2: 0})
	s.hist.add(s.snap)
	if got, n := fairness(s); !math.IsNaN(got) || n != 2 {
		t.Errorf("fairness of nothing = %g of %d", got, n)
	}
	s.snap = tickSnapshot(1, map[int]uint64{1: 10, 2: 0})
	s.hist.add(s.snap)
	if got, _ := fairness(s); got != 0.5 {
		t.Errorf("one of two got all: %g, want 0.5", got)
	}
	s.snap = tickSnapshot(2, map[int]uint64{1: 10, 2: 10})
	s.hist.add(s.snap)
	if got, _ := fairness(s); got != 1 {
		t.Errorf("both got the same: %g, want 1", got)
	}
}
