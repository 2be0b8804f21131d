package hist

import (
	"maps"
	"math"

	"muster/engine"
)

const (
	Keep   = 120 // ticks the history goes back: seconds
	Window = 10  // ticks of "in the last 10 s"
)

// Metric is a figure whose past is kept.
type Metric int

const (
	Req   Metric = iota // requests answered in the second
	CPU                 // percent of one core
	Mem                 // bytes resident
	Open                // connections open
	Queue               // connections accepted and not yet dealt
	Dealt               // connections dealt in the second, if the primary deals
	metrics
)

// track is the past of one worker, or of the cluster.
type track struct {
	first     int // position of its first cell
	inherited bool
	seen      int // position of its newest cell

	val [metrics][Keep]float64 // NaN = not known

	// Cumulative counts at the last ticks, and their sums in the window.
	dealt, done [Window + 1]uint64
	lat         [Window + 1]*engine.Latency
	hand        [Window + 1]*engine.Latency
	dealtNew    uint64
	doneNew     uint64
	Answered    Latencies
	Loop        Latencies // answers to hand-offs in the window
}

// History is what the snapshots of the last two minutes said, a cell for each
// tick. It belongs to the model's goroutine. A nil history knows nothing.
type History struct {
	n     int    // cells written so far; the newest is n-1
	tick  uint64 // of the newest cell
	all   track
	byID  map[int]*track
	scale map[scaleKey]*scaleAt
	told  teller

	accepted, taken         uint64  // counters of the newest tick
	AcceptRate, TakenRate   float64 // per second, NaN = not known
	handOff                 [Window + 1]*engine.Latency
	HandOffNew              Latencies
	dealtTotal, answerTotal uint64 // all workers together, in the window
}

// New makes an empty history.
func New() *History {
	h := &History{byID: map[int]*track{}, scale: map[scaleKey]*scaleAt{}}
	h.reset()
	return h
}

func (h *History) reset() {
	clear(h.byID)
	clear(h.scale)
	h.n, h.tick, h.told = 0, 0, teller{}
	h.all = newTrack(0, true)
	h.handOff = [Window + 1]*engine.Latency{}
	h.HandOffNew = NoLatencies
	h.AcceptRate, h.TakenRate = math.NaN(), math.NaN()
	h.dealtTotal, h.answerTotal = 0, 0
}

func newTrack(pos int, inherited bool) track {
	t := track{first: pos, inherited: inherited, Answered: NoLatencies, Loop: NoLatencies}
	for m := range t.val {
		for i := range t.val[m] {
			t.val[m][i] = math.NaN()
		}
	}
	return t
}

// Add notes a snapshot; a snapshot of a tick that is known already changes
// nothing. Missed ticks become cells that are not known.
func (h *History) Add(s *engine.Snapshot) {
	if h == nil || s == nil || (h.n > 0 && s.Tick == h.tick) {
		return
	}
	if h.n > 0 && s.Tick < h.tick {
		h.reset() // another primary
	}
	step := uint64(1)
	if h.n > 0 {
		step = s.Tick - h.tick
		for range min(step-1, Keep) {
			h.skip()
		}
	}
	h.tick = s.Tick
	h.rates(s, step)
	h.write(s, step)
	h.n++
	h.forget()
}

// skip writes a cell that is not known.
func (h *History) skip() {
	pos := h.n
	h.all.skip(pos)
	for _, t := range h.byID {
		t.skip(pos)
	}
	h.handOff[pos%(Window+1)] = h.handOff[(pos+Window)%(Window+1)]
	h.n++
}

func (t *track) skip(pos int) {
	for m := range t.val {
		t.val[m][pos%Keep] = math.NaN()
	}
	now, last := pos%(Window+1), (pos+Window)%(Window+1)
	t.dealt[now], t.done[now], t.lat[now], t.hand[now] = t.dealt[last], t.done[last], t.lat[last], t.hand[last]
	t.seen = pos
}

func (h *History) rates(s *engine.Snapshot, step uint64) {
	if h.n > 0 {
		h.AcceptRate = float64(s.Accepted-min(h.accepted, s.Accepted)) / float64(step)
		h.TakenRate = float64(s.Taken-min(h.taken, s.Taken)) / float64(step)
	}
	h.accepted, h.taken = s.Accepted, s.Taken
}

// write makes the cell of a snapshot, step ticks after the last one.
func (h *History) write(s *engine.Snapshot, step uint64) {
	pos := h.n
	h.dealtTotal, h.answerTotal = 0, 0
	var window10 engine.Latency
	cpu, mem, dealt := math.NaN(), math.NaN(), math.NaN()
	for i := range s.Workers {
		w := &s.Workers[i]
		t := h.byID[w.ID]
		if t == nil {
			n := newTrack(pos, pos == 0)
			t = &n
			h.byID[w.ID] = t
		}
		t.writeWorker(pos, w)
		if s.PrimaryDeals() && w.State != engine.StateExited {
			t.val[Dealt][pos%Keep] = t.dealtSince(pos) / float64(step)
			dealt = plus(dealt, t.val[Dealt][pos%Keep])
		}
		h.dealtTotal += t.dealtNew
		h.answerTotal += t.doneNew
		if l := t.recent(&t.lat, pos); l != nil {
			window10.Merge(l)
			t.Answered = LatenciesOf(l)
		}
		t.Loop = NoLatencies
		if l := t.recent(&t.hand, pos); l != nil {
			t.Loop = LatenciesOf(l)
		}
		cpu, mem = plus(cpu, t.val[CPU][pos%Keep]), plus(mem, t.val[Mem][pos%Keep])
	}
	h.told.see(s)
	at := pos % Keep
	h.all.val[Req][at] = Value(s.ReqRate)
	h.all.val[Open][at] = Value(s.Open)
	h.all.val[CPU][at], h.all.val[Mem][at], h.all.val[Dealt][at] = cpu, mem, dealt
	h.all.val[Queue][at] = math.NaN()
	if s.PrimaryDeals() {
		h.all.val[Queue][at] = float64(s.Queue)
	}
	h.all.Answered = LatenciesOf(&window10)
	h.all.seen = pos
	h.handOff[pos%(Window+1)] = s.HandOff
	h.HandOffNew = LatenciesOf(s.HandOff.Since(h.handOff[base(pos, 0)%(Window+1)]))
}

func (t *track) writeWorker(pos int, w *engine.Row) {
	at := pos % Keep
	for m := range t.val {
		t.val[m][at] = math.NaN()
	}
	if w.State != engine.StateExited {
		t.val[Req][at] = Value(w.ReqRate)
		t.val[CPU][at] = Value(w.CPU)
		t.val[Mem][at] = Value(w.Mem)
		t.val[Open][at] = Value(w.Open)
	}
	now := pos % (Window + 1)
	t.dealt[now] = w.Dealt
	t.done[now] = 0
	if w.Done != nil {
		t.done[now] = *w.Done
	} else if pos > t.first {
		t.done[now] = t.done[(pos+Window)%(Window+1)]
	}
	t.lat[now], t.hand[now] = w.Latency, w.HandOff
	t.seen = pos

	// A worker's counts before its first cell belong to the window only if the
	// worker was forked within the window.
	var dealt0, done0 uint64
	if pos-Window >= t.first || t.inherited {
		b := base(pos, t.first) % (Window + 1)
		dealt0, done0 = t.dealt[b], t.done[b]
	}
	t.dealtNew = w.Dealt - min(dealt0, w.Dealt)
	t.doneNew = t.done[now] - min(done0, t.done[now])
	t.Answered = NoLatencies
}

// dealtSince is what was dealt to the worker since its last cell, NaN if that
// is not known.
func (t *track) dealtSince(pos int) float64 {
	now := t.dealt[pos%(Window+1)]
	switch {
	case pos > t.first:
		return float64(now - min(t.dealt[(pos+Window)%(Window+1)], now))
	case t.inherited:
		return math.NaN()
	}
	return float64(now)
}

// recent is the times in ring that were recorded in the window; nil if that is
// not known.
func (t *track) recent(ring *[Window + 1]*engine.Latency, pos int) *engine.Latency {
	now := ring[pos%(Window+1)]
	if now == nil {
		return nil
	}
	if pos-Window >= t.first || t.inherited {
		return now.Since(ring[base(pos, t.first)%(Window+1)])
	}
	return now
}

// base is the position a window that ends at pos counts from.
func base(pos, first int) int { return max(pos-Window, first) }

// forget drops the workers that are gone.
func (h *History) forget() {
	for id, t := range h.byID {
		if t.seen < h.n-1 {
			delete(h.byID, id)
			maps.DeleteFunc(h.scale, func(k scaleKey, _ *scaleAt) bool { return k.of == id })
		}
	}
}

// Track is the track of a worker, or of the cluster; nil if there is none.
func (h *History) Track(of int) *track {
	if of == OfCluster {
		return h.Cluster()
	}
	return h.Worker(of)
}

// Worker is the track of a worker, nil if there is none.
func (h *History) Worker(id int) *track {
	if h == nil {
		return nil
	}
	return h.byID[id]
}

// Cluster is the track of all workers together, nil if there is none.
func (h *History) Cluster() *track {
	if h == nil {
		return nil
	}
	return &h.all
}

// At is how many ticks ago a cell is, 0 = the newest; NaN if not known.
func (h *History) At(t *track, m Metric, ago int) float64 {
	pos := h.n - 1 - ago
	if t == nil || ago < 0 || ago >= Keep || pos < t.first || pos > t.seen {
		return math.NaN()
	}
	return t.val[m][pos%Keep]
}

// Cells are the last n values of a metric, oldest first.
func (h *History) Cells(t *track, m Metric, n int) []float64 {
	v := make([]float64, max(n, 0))
	for i := range v {
		if h == nil {
			v[i] = math.NaN()
			continue
		}
		v[i] = h.At(t, m, n-1-i)
	}
	return v
}

// Highest is the largest of values, NaN if none is known.
func Highest(values []float64) float64 {
	top := math.NaN()
	for _, v := range values {
		if !math.IsNaN(v) && (math.IsNaN(top) || v > top) {
			top = v
		}
	}
	return top
}

func plus(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return a + b
}

// Value is the figure p points to; NaN for none.
func Value[T int | uint64 | float64](p *T) float64 {
	if p == nil {
		return math.NaN()
	}
	return float64(*p)
}
