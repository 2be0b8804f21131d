package hist

import (
	"math"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
)

// tickSnapshot is a picture of workers with these cumulative counts dealt.
func tickSnapshot(tick uint64, dealt map[int]uint64) *engine.Snapshot {
	rate := float64(tick)
	s := &engine.Snapshot{Tick: tick, Policy: engine.SchedRR}
	for id := range 10 {
		if n, ok := dealt[id]; ok {
			s.Workers = append(s.Workers, engine.Row{ID: id, State: engine.StateListening, Dealt: n, ReqRate: &rate})
		}
	}
	return s
}

func TestHistoryKeepsOneCellATick(t *testing.T) {
	h := New()
	for _, tick := range []uint64{5, 5, 6, 9} {
		h.Add(tickSnapshot(tick, map[int]uint64{1: 0}))
	}
	got := h.Cells(h.Worker(1), Req, 7)
	want := []float64{math.NaN(), math.NaN(), 5, 6, math.NaN(), math.NaN(), 9}
	for i := range want {
		if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Fatalf("cells = %v, want %v", got, want)
		}
	}
}

func TestHistoryGoesBackTwoMinutes(t *testing.T) {
	h := New()
	for tick := range uint64(300) {
		h.Add(tickSnapshot(tick, map[int]uint64{1: 0}))
	}
	got := h.Cells(h.Worker(1), Req, Keep+1)
	if !math.IsNaN(got[0]) || got[1] != 300-Keep || got[Keep] != 299 {
		t.Errorf("cells begin %v and end %v", got[:2], got[Keep])
	}
	h.Add(tickSnapshot(1000, map[int]uint64{1: 0})) // a gap longer than all that is kept
	if got := h.Cells(h.Worker(1), Req, 2); !math.IsNaN(got[0]) || got[1] != 1000 {
		t.Errorf("after a long gap: %v", got)
	}
	h.Add(tickSnapshot(3, map[int]uint64{1: 0})) // another primary
	if h.Ticks() != 1 {
		t.Errorf("an older tick left %d cells, want a new beginning", h.Ticks())
	}
}

// TestShareOfTheLastTenSeconds: what was dealt before the window, or before the
// dashboard was there, does not count; what a new worker got all counts.
func TestShareOfTheLastTenSeconds(t *testing.T) {
	h := New()
	for tick := range uint64(21) {
		dealt := map[int]uint64{1: 1000 + tick*30, 2: 5000}
		if tick >= 18 {
			dealt[3] = 100
		}
		h.Add(tickSnapshot(tick, dealt))
		if tick == 0 && h.Share(tickSnapshot(tick, dealt), h.Worker(1)) != -1 {
			t.Error("a share is known although nothing was seen to be dealt")
		}
	}
	for id, want := range map[int]float64{1: 0.75, 2: 0, 3: 0.25} {
		if got := h.Share(tickSnapshot(20, nil), h.Worker(id)); got != want {
			t.Errorf("share of %d = %g, want %g", id, got, want)
		}
	}
	h.Add(tickSnapshot(21, map[int]uint64{1: 1630}))
	if h.Worker(3) != nil {
		t.Error("a worker that is gone is still known")
	}
}

func TestLatencyOfTheLastTenSeconds(t *testing.T) {
	h := New()
	var all engine.Latency
	record := func(tick uint64, d time.Duration) {
		viewtest.Record(&all, d)
		l := all
		s := tickSnapshot(tick, map[int]uint64{1: 0})
		s.Workers[0].Latency = &l
		h.Add(s)
	}
	record(0, 5*time.Second)
	if got := h.Worker(1).Answered; got != NoLatencies {
		t.Errorf("what was answered before the dashboard came is shown: %v", got)
	}
	for tick := range uint64(12) {
		record(tick+1, time.Millisecond)
	}
	if got := h.Cluster().Answered.Max; got > 2*time.Millisecond {
		t.Errorf("the slow answer of before the window is still in it: %v", got)
	}
}

// TestScaleShrinksSlowly: it grows with the first value over it, and shrinks
// 5 ticks after it last changed.
func TestScaleShrinksSlowly(t *testing.T) {
	h := New()
	tick := uint64(0)
	add := func(v float64) float64 {
		tick++
		s := tickSnapshot(tick, map[int]uint64{1: 0})
		s.Workers[0].ReqRate = at(v)
		h.Add(s)
		return h.ScaleOf(Req, 1, OfRows)
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
	h := New()
	snap := tickSnapshot(0, map[int]uint64{1: 0, 2: 0})
	h.Add(snap)
	if got, n := h.Fairness(snap); !math.IsNaN(got) || n != 2 {
		t.Errorf("fairness of nothing = %g of %d", got, n)
	}
	snap = tickSnapshot(1, map[int]uint64{1: 10, 2: 0})
	h.Add(snap)
	if got, _ := h.Fairness(snap); got != 0.5 {
		t.Errorf("one of two got all: %g, want 0.5", got)
	}
	snap = tickSnapshot(2, map[int]uint64{1: 10, 2: 10})
	h.Add(snap)
	if got, _ := h.Fairness(snap); got != 1 {
		t.Errorf("both got the same: %g, want 1", got)
	}
}

func at(v float64) *float64 { return &v }

// TestScaleOfOneWorker: it too shrinks only after 5 s, and is forgotten with its
// worker.
func TestScaleOfOneWorker(t *testing.T) {
	h := New()
	for i, v := range []float64{80, 10, 10, 10, 10, 10} {
		snap := tickSnapshot(uint64(i+1), map[int]uint64{1: 0})
		snap.Workers[0].ReqRate = at(v)
		h.Add(snap)
		want := 100.0
		if i == 5 {
			want = 10
		}
		if got := h.ScaleOf(Req, 1, 1); got != want {
			t.Errorf("tick %d: scale %g, want %g", i, got, want)
		}
	}
	h.Add(tickSnapshot(9, nil))
	if len(h.scale) != 0 {
		t.Errorf("scales of a worker that is gone: %v", h.scale)
	}
}
