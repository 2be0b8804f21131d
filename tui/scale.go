package tui

import "math"

// holdScale is how many ticks a scale stands before it may shrink.
const holdScale = 5

// scaleKey names a scale: one for each metric and width it is shown in.
type scaleKey struct {
	m     metric
	cells int
	whole bool // the cluster's own figure, not its workers'
}

type scaleAt struct {
	v  float64
	at int // position at which it was set
	as int // number of cells it was computed for
}

// scaleOf is the value a full cell stands for in the last n cells: the same
// for all workers, the 1-2-5 step above their highest. It grows at once and
// shrinks at most every 5 s, so that the picture does not jump.
func (h *history) scaleOf(m metric, n int, whole bool) float64 {
	if h == nil {
		return 1
	}
	n = clamp(0, n, keep)
	k := scaleKey{m, n, whole}
	sc := h.scale[k]
	if sc != nil && sc.as == h.n {
		return sc.v
	}
	top := 0.0
	if whole {
		top = max(top, h.top(&h.all, m, n))
	} else {
		for _, t := range h.byID {
			top = max(top, h.top(t, m, n))
		}
	}
	need := step125(top)
	switch {
	case sc == nil:
		sc = &scaleAt{v: need, at: h.n}
		h.scale[k] = sc
	case need > sc.v, need < sc.v && h.n-sc.at >= holdScale:
		sc.v, sc.at = need, h.n
	}
	sc.as = h.n
	return sc.v
}

func (h *history) top(t *track, m metric, n int) float64 {
	top := 0.0
	for ago := range n {
		if v := h.at(t, m, ago); v > top {
			top = v
		}
	}
	return top
}

// step125 is the smallest of 1, 2, 5, 10, 20, 50... that is not under v.
func step125(v float64) float64 {
	if math.IsNaN(v) || v <= 1 {
		return 1
	}
	if math.IsInf(v, 1) || v > 1e300 {
		return math.MaxFloat64
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5, 10} {
		if v <= f*p {
			return f * p
		}
	}
	return 20 * p // a rounding error of the logarithm
}
