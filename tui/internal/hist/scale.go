package hist

import "math"

// holdScale is how many ticks a scale stands before it may shrink.
const holdScale = 5

// Whose figures a graph or a scale shows; otherwise it is the id of a worker.
const (
	OfCluster = -1 // the cluster's own figure
	OfRows    = 0  // each worker's, in its row of the table
)

// scaleKey names a scale: there is one for each metric, width and owner.
type scaleKey struct {
	m     Metric
	cells int
	of    int
}

type scaleAt struct {
	v  float64
	at int // position at which the scale was set
	as int // number of cells the scale was computed for
}

// ScaleOf is the value a full cell stands for: the step above the highest of
// the last n cells, for OfRows of all workers. The scale grows at once and
// shrinks at most every 5 s, so that the picture does not jump.
func (h *History) ScaleOf(m Metric, n, of int) float64 {
	if h == nil {
		return 1
	}
	n = max(0, min(n, Keep))
	k := scaleKey{m, n, of}
	sc := h.scale[k]
	if sc != nil && sc.as == h.n {
		return sc.v
	}
	top := 0.0
	if of != OfRows {
		top = h.top(h.Track(of), m, n)
	} else {
		for _, t := range h.byID {
			top = max(top, h.top(t, m, n))
		}
	}
	need := scaleStep(m, top)
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

func (h *History) top(t *track, m Metric, n int) float64 {
	top := 0.0
	for ago := range n {
		if v := h.At(t, m, ago); v > top {
			top = v
		}
	}
	return top
}

// scaleStep is a metric's smallest step of at least v. Steps of bytes are round
// in their unit, so that they print as round numbers; steps of counts are
// whole.
func scaleStep(m Metric, v float64) float64 {
	if m != Mem {
		return math.Ceil(step(v))
	}
	unit := 1.0
	for v/unit >= 1024 && unit < 1<<60 {
		unit *= 1024
	}
	return unit * step(v/unit)
}

// step is the smallest of 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20... that is at least
// v. No step is more than five thirds of the one before, so the highest value
// fills at least 60 % of a graph (half, if it is a count between one and two);
// with 1, 2, 5 it would be 40 %.
func step(v float64) float64 {
	if math.IsNaN(v) || v <= 1 {
		return 1
	}
	if math.IsInf(v, 1) || v > 1e300 {
		return math.MaxFloat64
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 1.5, 2, 3, 5, 7.5, 10} {
		if v <= f*p {
			return f * p
		}
	}
	return 15 * p // a rounding error of the logarithm
}
