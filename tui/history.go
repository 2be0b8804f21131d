package tui

import (
	"maps"
	"math"

	"muster/engine"
)

const (
	keep   = 120 // ticks the history goes back: seconds
	window = 10  // ticks of "in the last 10 s"
)

// metric is a figure whose past is kept.
type metric int

const (
	mReq   metric = iota // requests answered in the second
	mCPU                 // percent of one core
	mMem                 // bytes resident
	mOpen                // connections open
	mQueue               // connections accepted and not yet dealt
	mDealt               // connections dealt in the second, in rr
	metrics
)

// track is the past of one worker, or of the cluster.
type track struct {
	first     int // position of its first cell
	inherited bool
	seen      int // position of its newest cell

	val [metrics][keep]float64 // NaN = not known

	// Cumulative counts at the last ticks, and what they came to in the window.
	dealt, done [window + 1]uint64
	lat         [window + 1]*engine.Latency
	hand        [window + 1]*engine.Latency
	dealtNew    uint64
	doneNew     uint64
	answered    latencies
	loop        latencies // answers to hand-offs in the window
}

// history is what the snapshots of the last two minutes said, a cell for each
// tick. It belongs to the model's goroutine. A nil history knows nothing.
type history struct {
	n     int    // cells written so far; the newest is n-1
	tick  uint64 // of the newest cell
	all   track
	byID  map[int]*track
	scale map[scaleKey]*scaleAt
	told  teller

	accepted, taken         uint64  // counters of the newest tick
	acceptRate, takenRate   float64 // per second, NaN = not known
	handOff                 [window + 1]*engine.Latency
	handOffNew              latencies
	dealtTotal, answerTotal uint64 // all workers together, in the window
}

func newHistory() *history {
	h := &history{byID: map[int]*track{}, scale: map[scaleKey]*scaleAt{}}
	h.reset()
	return h
}

func (h *history) reset() {
	clear(h.byID)
	clear(h.scale)
	h.n, h.tick, h.told = 0, 0, teller{}
	h.all = newTrack(0, true)
	h.handOff = [window + 1]*engine.Latency{}
	h.handOffNew = noLatencies
	h.acceptRate, h.takenRate = math.NaN(), math.NaN()
	h.dealtTotal, h.answerTotal = 0, 0
}

func newTrack(pos int, inherited bool) track {
	t := track{first: pos, inherited: inherited, answered: noLatencies, loop: noLatencies}
	for m := range t.val {
		for i := range t.val[m] {
			t.val[m][i] = math.NaN()
		}
	}
	return t
}

// add notes a snapshot; one of a tick that is known already changes nothing.
// Ticks that were missed become cells that are not known.
func (h *history) add(s *engine.Snapshot) {
	if h == nil || s == nil || (h.n > 0 && s.Tick == h.tick) {
		return
	}
	if h.n > 0 && s.Tick < h.tick {
		h.reset() // another primary
	}
	step := uint64(1)
	if h.n > 0 {
		step = s.Tick - h.tick
		for range min(step-1, keep) {
			h.skip()
		}
	}
	h.tick = s.Tick
	h.rates(s, step)
	h.write(s, step)
	h.n++
	h.forget()
}

// skip writes a cell nobody knows.
func (h *history) skip() {
	pos := h.n
	h.all.skip(pos)
	for _, t := range h.byID {
		t.skip(pos)
	}
	h.handOff[pos%(window+1)] = h.handOff[(pos+window)%(window+1)]
	h.n++
}

func (t *track) skip(pos int) {
	for m := range t.val {
		t.val[m][pos%keep] = math.NaN()
	}
	now, last := pos%(window+1), (pos+window)%(window+1)
	t.dealt[now], t.done[now], t.lat[now], t.hand[now] = t.dealt[last], t.done[last], t.lat[last], t.hand[last]
	t.seen = pos
}

func (h *history) rates(s *engine.Snapshot, step uint64) {
	if h.n > 0 {
		h.acceptRate = float64(s.Accepted-min(h.accepted, s.Accepted)) / float64(step)
		h.takenRate = float64(s.Taken-min(h.taken, s.Taken)) / float64(step)
	}
	h.accepted, h.taken = s.Accepted, s.Taken
}

// write makes the cell of a snapshot, step ticks after the last one.
func (h *history) write(s *engine.Snapshot, step uint64) {
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
		if s.Policy.Dealer() == engine.DealerPrimary && alive(w) {
			t.val[mDealt][pos%keep] = t.dealtSince(pos) / float64(step)
			dealt = plus(dealt, t.val[mDealt][pos%keep])
		}
		h.dealtTotal += t.dealtNew
		h.answerTotal += t.doneNew
		if l := t.recent(&t.lat, pos); l != nil {
			window10.Merge(l)
			t.answered = latenciesOf(l)
		}
		t.loop = noLatencies
		if l := t.recent(&t.hand, pos); l != nil {
			t.loop = latenciesOf(l)
		}
		cpu, mem = plus(cpu, t.val[mCPU][pos%keep]), plus(mem, t.val[mMem][pos%keep])
	}
	h.told.see(s)
	at := pos % keep
	h.all.val[mReq][at] = deref(s.ReqRate)
	h.all.val[mOpen][at] = deref(s.Open)
	h.all.val[mCPU][at], h.all.val[mMem][at], h.all.val[mDealt][at] = cpu, mem, dealt
	h.all.val[mQueue][at] = math.NaN()
	if s.Policy.Dealer() == engine.DealerPrimary {
		h.all.val[mQueue][at] = float64(s.Queue)
	}
	h.all.answered = latenciesOf(&window10)
	h.all.seen = pos
	h.handOff[pos%(window+1)] = s.HandOff
	h.handOffNew = latenciesOf(s.HandOff.Since(h.handOff[base(pos, 0)%(window+1)]))
}

func (t *track) writeWorker(pos int, w *engine.Row) {
	at := pos % keep
	for m := range t.val {
		t.val[m][at] = math.NaN()
	}
	if alive(w) {
		t.val[mReq][at] = deref(w.ReqRate)
		t.val[mCPU][at] = deref(w.CPU)
		t.val[mMem][at] = deref(w.Mem)
		t.val[mOpen][at] = deref(w.Open)
	}
	now := pos % (window + 1)
	t.dealt[now] = w.Dealt
	t.done[now] = 0
	if w.Done != nil {
		t.done[now] = *w.Done
	} else if pos > t.first {
		t.done[now] = t.done[(pos+window)%(window+1)]
	}
	t.lat[now], t.hand[now] = w.Latency, w.HandOff
	t.seen = pos

	// What a worker did before its first cell belongs to the window only if it
	// was born in it.
	var dealt0, done0 uint64
	if pos-window >= t.first || t.inherited {
		b := base(pos, t.first) % (window + 1)
		dealt0, done0 = t.dealt[b], t.done[b]
	}
	t.dealtNew = w.Dealt - min(dealt0, w.Dealt)
	t.doneNew = t.done[now] - min(done0, t.done[now])
	t.answered = noLatencies
}

// dealtSince is what was dealt to the worker since its last cell, NaN if that
// is not known.
func (t *track) dealtSince(pos int) float64 {
	now := t.dealt[pos%(window+1)]
	switch {
	case pos > t.first:
		return float64(now - min(t.dealt[(pos+window)%(window+1)], now))
	case t.inherited:
		return math.NaN()
	}
	return float64(now)
}

// recent is what was recorded in the window, of the times kept in ring; nil if
// that is not known.
func (t *track) recent(ring *[window + 1]*engine.Latency, pos int) *engine.Latency {
	now := ring[pos%(window+1)]
	if now == nil {
		return nil
	}
	if pos-window >= t.first || t.inherited {
		return now.Since(ring[base(pos, t.first)%(window+1)])
	}
	return now
}

// base is the position a window that ends at pos counts from.
func base(pos, first int) int { return max(pos-window, first) }

// forget drops the workers that are gone.
func (h *history) forget() {
	for id, t := range h.byID {
		if t.seen < h.n-1 {
			delete(h.byID, id)
			maps.DeleteFunc(h.scale, func(k scaleKey, _ *scaleAt) bool { return k.of == id })
		}
	}
}

// track is that of a worker, or of the cluster; nil if there is none.
func (h *history) track(of int) *track {
	if of == ofCluster {
		return h.cluster()
	}
	return h.worker(of)
}

// worker is the track of a worker, nil if there is none.
func (h *history) worker(id int) *track {
	if h == nil {
		return nil
	}
	return h.byID[id]
}

// cluster is the track of all workers together, nil if there is none.
func (h *history) cluster() *track {
	if h == nil {
		return nil
	}
	return &h.all
}

// at is how many ticks ago a cell is, 0 = the newest; NaN if not known.
func (h *history) at(t *track, m metric, ago int) float64 {
	pos := h.n - 1 - ago
	if t == nil || ago < 0 || ago >= keep || pos < t.first || pos > t.seen {
		return math.NaN()
	}
	return t.val[m][pos%keep]
}

// cells are the last n values of a metric, oldest first.
func (h *history) cells(t *track, m metric, n int) []float64 {
	v := make([]float64, max(n, 0))
	for i := range v {
		if h == nil {
			v[i] = math.NaN()
			continue
		}
		v[i] = h.at(t, m, n-1-i)
	}
	return v
}

// highest is the largest of values, NaN if none is known.
func highest(values []float64) float64 {
	top := math.NaN()
	for _, v := range values {
		if !math.IsNaN(v) && (math.IsNaN(top) || v > top) {
			top = v
		}
	}
	return top
}

// alive tells whether a worker has figures of its own.
func alive(w *engine.Row) bool { return w.State != engine.StateExited }

func plus(a, b float64) float64 {
	switch {
	case math.IsNaN(a):
		return b
	case math.IsNaN(b):
		return a
	}
	return a + b
}

func deref[T int | uint64 | float64](p *T) float64 {
	if p == nil {
		return math.NaN()
	}
	return float64(*p)
}
