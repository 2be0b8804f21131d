package hist

import (
	"math"
	"testing"

	"muster/engine"
)

// TestDealtASecond: the first cell of a worker that was there before the
// dashboard is not known, a new one's is what it got, a missed tick is shared.
func TestDealtASecond(t *testing.T) {
	h := New()
	h.Add(tickSnapshot(0, map[int]uint64{1: 1000}))
	h.Add(tickSnapshot(1, map[int]uint64{1: 1030, 2: 7}))
	h.Add(tickSnapshot(3, map[int]uint64{1: 1130, 2: 7}))
	for _, c := range []struct {
		t    *track
		want []float64
	}{
		{h.Worker(1), []float64{math.NaN(), 30, math.NaN(), 50}},
		{h.Worker(2), []float64{math.NaN(), 7, math.NaN(), 0}},
		{h.Cluster(), []float64{math.NaN(), 37, math.NaN(), 50}},
	} {
		got := h.Cells(c.t, Dealt, 4)
		for i := range got {
			if got[i] != c.want[i] && !(math.IsNaN(got[i]) && math.IsNaN(c.want[i])) {
				t.Errorf("dealt a second = %v, want %v", got, c.want)
				break
			}
		}
	}
	s := tickSnapshot(4, map[int]uint64{1: 2000})
	s.Policy = engine.SchedNone
	h.Add(s)
	if got := h.At(h.Worker(1), Dealt, 0); !math.IsNaN(got) {
		t.Errorf("in shared %g were dealt", got)
	}
	s = tickSnapshot(5, map[int]uint64{1: 2030})
	s.Policy, s.ByHand = engine.SchedSticky, true
	h.Add(s)
	if got := h.At(h.Worker(1), Dealt, 0); got != 30 || h.Share(s, h.Worker(1)) != 1 {
		t.Errorf("by hand %g were dealt, and the share is %g", got, h.Share(s, h.Worker(1)))
	}
}
