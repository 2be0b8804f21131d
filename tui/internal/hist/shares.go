package hist

import (
	"math"

	"muster/engine"
)

// Ticks is how many cells were written; it changes with each new cell.
func (h *History) Ticks() int {
	if h == nil {
		return 0
	}
	return h.n
}

// NewOf is what the worker got in the last 10 s: connections dealt to it or, where
// the primary does not deal and so sees no connection, requests it answered.
func NewOf(snap *engine.Snapshot, t *track) uint64 {
	switch {
	case t == nil:
		return 0
	case snap.PrimaryDeals():
		return t.dealtNew
	}
	return t.doneNew
}

// Share is the part (0 to 1) of the last 10 s that went to a worker; -1 if
// nothing went to anybody.
func (h *History) Share(snap *engine.Snapshot, t *track) float64 {
	if h == nil {
		return -1
	}
	total := h.dealtTotal
	if !snap.PrimaryDeals() {
		total = h.answerTotal
	}
	if total == 0 {
		return -1
	}
	return float64(NewOf(snap, t)) / float64(total)
}

// TopShare is the largest share of all rows.
func (h *History) TopShare(snap *engine.Snapshot) float64 {
	top := -1.0
	for i := range snap.Workers {
		top = max(top, h.Share(snap, h.Worker(snap.Workers[i].ID)))
	}
	return top
}

// Fairness is Jain's index over what the listening workers got in the last 10
// s: 1 if all got the same, 1/n if one got all. It also returns how many
// workers that were; NaN if none of them got anything.
func (h *History) Fairness(snap *engine.Snapshot) (index float64, n int) {
	var sum, squares float64
	for i := range snap.Workers {
		w := &snap.Workers[i]
		if w.State != engine.StateListening {
			continue
		}
		x := float64(NewOf(snap, h.Worker(w.ID)))
		sum += x
		squares += x * x
		n++
	}
	if sum == 0 {
		return math.NaN(), n
	}
	return sum * sum / (float64(n) * squares), n
}
