package load

import (
	"maps"
	"sync"
	"time"
)

const (
	// lateAfter is how long after its due time a request counts as late.
	lateAfter = time.Millisecond
	// maxWorkers bounds ByWorker: the names come from outside.
	maxWorkers = 1024
)

// tally is all that a run counts, behind one lock, so that the numbers of every
// copy add up. Its methods may be called from any goroutine.
type tally struct {
	started time.Time

	mu       sync.Mutex
	sent     uint64
	late     uint64
	ends     [ends]uint64
	reasons  reasons
	lat      latencies
	recent   recent
	byWorker map[string]uint64
	holds    Holds
	slow     int
	stopped  time.Duration // when the last request had ended; 0 = not yet
}

func newTally(started time.Time) *tally {
	return &tally{started: started, lat: newLatencies(), byWorker: map[string]uint64{}}
}

// begin counts a request as sent.
func (t *tally) begin(late bool) { t.count(1, late) }

// unbegin takes a begin back: this process could not send the request.
func (t *tally) unbegin(late bool) { t.count(^uint64(0), late) }

func (t *tally) count(by uint64, late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent += by
	if late {
		t.late += by
	}
}

// fail counts the end of a request without a right answer, and why.
func (t *tally) fail(e end, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends[e]++
	t.reasons.add(e, why)
}

// anyOK tells whether any request was answered.
func (t *tally) anyOK() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ends[ok] > 0
}

// answered counts the end of a request with a right answer. worker is the
// worker that says it answered, "" = none; timed tells whether the latency
// means anything.
func (t *tally) answered(latency time.Duration, timed bool, worker string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends[ok]++
	t.recent.add(time.Since(t.started))
	if timed {
		t.lat.add(latency)
	}
	if worker == "" {
		return
	}
	if _, known := t.byWorker[worker]; known || len(t.byWorker) < maxWorkers {
		t.byWorker[worker]++
	}
}

// held lets f change the counts of the idle connections, and nothing else.
func (t *tally) held(f func(h *Holds)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.holds)
}

func (t *tally) slowOpen(by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slow += by
}

// stop ends the clock.
func (t *tally) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = time.Since(t.started)
}

// stats is the counts as they stand.
func (t *tally) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Stats{
		Counts: Counts{
			Sent: t.sent, OK: t.ends[ok], Refused: t.ends[refused], Reset: t.ends[reset],
			TimedOut: t.ends[timedOut], Cut: t.ends[cut], Wrong: t.ends[wrong],
		},
		Reasons: t.reasons.list(),
		Late:    t.late,
		Elapsed: t.stopped,
		Holds:   t.holds,
		Idle:    t.holds.open,
		Slow:    t.slow,
		Latency: t.lat.summary(),
	}
	if s.Elapsed == 0 {
		s.Elapsed = time.Since(t.started)
	}
	s.InFlight = s.Sent - s.OK - s.Failed()
	s.Rate = t.recent.perSecond(s.Elapsed)
	return s
}

func (t *tally) workers() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byWorker)
}

// recent counts the answers of the last second in tenths.
type recent struct {
	total uint64
	slot  int64 // the tenth of a second since the start that is being filled
	n     [slots]uint64
}

const (
	slotTime = 100 * time.Millisecond
	slots    = int64(time.Second/slotTime) + 1 // a second, and the one being filled
)

func (r *recent) add(elapsed time.Duration) {
	r.advance(elapsed)
	r.total++
	r.n[r.slot%slots]++
}

func (r *recent) advance(elapsed time.Duration) {
	to := int64(elapsed / slotTime)
	if to-r.slot > slots {
		r.slot = to - slots
	}
	for r.slot < to {
		r.slot++
		r.n[r.slot%slots] = 0
	}
}

// perSecond is how many came in the last second, up to the last full tenth; in
// the first second, the rate since the start.
func (r *recent) perSecond(elapsed time.Duration) float64 {
	r.advance(elapsed)
	if r.slot < slots-1 {
		if elapsed <= 0 {
			return 0
		}
		return float64(r.total) / elapsed.Seconds()
	}
	var n uint64
	for i, v := range r.n {
		if int64(i) != r.slot%slots {
			n += v
		}
	}
	return float64(n)
}
