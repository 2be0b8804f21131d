package engine

import (
	"fmt"
	"slices"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/engine/internal/trace"
	"muster/internal/wireword"
)

// tracing follows single connections through the primary while a viewer wants
// it (OpWatch). It belongs to the loop.
type tracing struct {
	*traces // nil = nobody watches; then its methods do nothing
	clock   *clock
	pub     *publisher
	viewers map[string]*timer // when the watching ends for each viewer
}

// traces are the connections that are followed. A connection that is not kept
// costs two histogram entries and no memory.
type traces struct {
	began  time.Time
	total  uint64
	sieve  trace.Sieve
	kept   []*traced // oldest first
	fresh  []*traced // accepted since the last deal
	queued lastTimes
	handed lastTimes
	served lastTimes

	took  map[int]uint64 // by worker id: connections it had taken at the last sample
	takes []TrafficRate
}

// traced is a connection that is kept.
type traced struct {
	TrafficConn
	seq int64 // of its newest hand-off
}

const (
	tracesMax  = 64          // connections that are kept
	viewerMax  = 64          // bytes of a viewer's name
	viewersMax = 64          // viewers that have connections watched
	watchMax   = time.Minute // the longest watching one command may ask for
)

// lease is OpWatch: viewer watches connections until d from now, or no longer
// if d is 0.
func (t *tracing) lease(viewer string, d time.Duration, now time.Time) error {
	switch {
	case viewer == "" || len(viewer) > viewerMax:
		return badRequest(fmt.Errorf("watching for a viewer whose name has %d bytes: 1 to %d", len(viewer), viewerMax))
	case d < 0 || d > watchMax:
		return badRequest(fmt.Errorf("watching for %v: at most %v at a time", d, watchMax))
	}
	before := t.viewers[viewer]
	if d > 0 && before == nil && len(t.viewers) >= viewersMax {
		return fmt.Errorf("%d viewers have connections watched, which is the most there can be: %w", viewersMax, ErrBusy)
	}
	t.clock.timers.stop(before)
	if d == 0 {
		t.leaseEnds(viewer)
		return nil
	}
	if t.traces == nil {
		t.traces, t.viewers = &traces{began: now}, make(map[string]*timer)
		t.pub.touch()
	}
	t.viewers[viewer] = t.clock.timers.at(now.Add(d), func(time.Time) { t.leaseEnds(viewer) })
	return nil
}

// leaseEnds ends the watching for one viewer; without viewers nothing is
// followed any more.
func (t *tracing) leaseEnds(viewer string) {
	delete(t.viewers, viewer)
	if len(t.viewers) == 0 && t.traces != nil {
		t.traces = nil
		t.pub.touch()
	}
}

// accepted counts connection number n, and returns it if it is the one in N
// that is kept.
func (ts *traces) accepted(n uint64, a *sock.Accepted, now time.Time) *traced {
	if ts == nil {
		return nil
	}
	ts.total++
	if !ts.sieve.Keep(now) {
		return nil
	}
	k := &traced{TrafficConn: TrafficConn{N: n, From: a.From, Accepted: a.At}, seq: -1}
	if len(ts.kept) == tracesMax {
		ts.kept = slices.Delete(ts.kept, 0, 1)
	}
	ts.kept = append(ts.kept, k)
	ts.fresh = append(ts.fresh, k)
	return k
}

// dealt notes why connections that were just accepted but not handed off wait.
func (ts *traces) dealt(d *deal.Dealer, now time.Time) {
	if ts == nil || len(ts.fresh) == 0 {
		return
	}
	why := ""
	for _, k := range ts.fresh {
		if !k.Handed.IsZero() || k.Lost || len(k.Earlier) > 0 {
			continue
		}
		if why == "" {
			why = waitedFor(d.WhyNot(now))
		}
		k.Waited = why
	}
	clear(ts.fresh)
	ts.fresh = ts.fresh[:0]
}

// waitedFor is why a connection waits, in words.
func waitedFor(why deal.Why) string {
	switch why {
	case deal.Nobody:
		return wireword.WaitedNobody
	case deal.Refused:
		return wireword.WaitedRefused
	case deal.Silent:
		return wireword.WaitedSilent
	}
	return wireword.WaitedFull
}

// wants tells whether a worker that reports ends should report the end of k.
func (ts *traces) wants(k *traced, tells bool) bool { return ts != nil && k != nil && tells }

// waited says that a connection is handed to a worker for the first time.
func (ts *traces) waited(since, now time.Time) {
	if ts != nil {
		ts.queued.record(now, now.Sub(since))
	}
}

// sent says that a hand-off is on its way to a worker; tells: the worker
// reports the connection's end.
func (ts *traces) sent(k *traced, worker int, seq int64, tells bool, now time.Time) {
	if ts != nil && k != nil {
		k.Worker, k.Handed, k.seq, k.Tells = worker, now, seq, tells
	}
}

// taken says that a worker has answered yes.
func (ts *traces) taken(k *traced, took time.Duration, now time.Time) {
	if ts == nil {
		return
	}
	ts.handed.record(now, took)
	if k != nil {
		k.Taken = now
	}
}

// back says that a hand-off failed.
func (ts *traces) back(k *traced, why string, now time.Time) {
	if ts == nil || k == nil || k.Handed.IsZero() {
		return
	}
	// Snapshots share the earlier hops: the slice is appended to, never
	// changed.
	k.Earlier = append(k.Earlier, TrafficHop{Worker: k.Worker, Handed: k.Handed, Ended: now, Why: why})
	k.Worker, k.Handed, k.seq, k.Tells = 0, time.Time{}, -1, false
}

// dropped says that a connection was closed before a worker took it.
func (ts *traces) dropped(k *traced, now time.Time) {
	if ts != nil && k != nil {
		k.Lost, k.Done = true, now
	}
}

// ended takes in a worker's report of ended connections: pairs of the
// hand-off's number and the nanoseconds since it was taken. Workers are not
// trusted: a worker cannot end another's connections, nor at an impossible
// time.
func (ts *traces) ended(worker int, ends [][2]uint64, now time.Time) {
	if ts == nil {
		return
	}
	for _, e := range ends[:min(len(ends), endsMax)] {
		i := slices.IndexFunc(ts.kept, func(k *traced) bool {
			return k.seq >= 0 && uint64(k.seq) == e[0] && k.Worker == worker && !k.Taken.IsZero() && k.Done.IsZero()
		})
		if i < 0 {
			continue
		}
		k := ts.kept[i]
		d := time.Duration(min(e[1], 1<<62))
		if most := max(now.Sub(k.Taken), 0); d > most {
			d = most
		}
		k.Done = k.Taken.Add(d)
		ts.served.record(now, d)
	}
}

// died says that the connections a worker had open were cut.
func (ts *traces) died(worker int, now time.Time) {
	if ts == nil {
		return
	}
	for _, k := range ts.kept {
		if k.Worker == worker && k.Tells && !k.Taken.IsZero() && k.Done.IsZero() {
			k.Lost, k.Done = true, now
		}
	}
}

// sampled computes how many connections the workers took in the last second.
// took is, by id, how many each worker that tells has taken so far.
func (ts *traces) sampled(took map[int]uint64, seconds float64) {
	if ts == nil {
		return
	}
	ts.takes = nil
	for id, n := range took {
		if before, ok := ts.took[id]; ok && seconds > 0 {
			ts.takes = append(ts.takes, TrafficRate{id, float64(n-min(before, n)) / seconds})
		}
	}
	ts.took = took
	slices.SortFunc(ts.takes, func(a, b TrafficRate) int { return a.Worker - b.Worker })
}

// picture is the traffic as it is now; nil if nobody watches.
func (ts *traces) picture(now time.Time) *Traffic {
	if ts == nil {
		return nil
	}
	rate, oneIn := ts.sieve.Rate(now)
	t := &Traffic{
		Since: ts.began, Rate: rate, OneIn: oneIn, Total: ts.total,
		Conns:  make([]TrafficConn, len(ts.kept)),
		Queued: ts.queued.sum(now), Handed: ts.handed.sum(now), Served: ts.served.sum(now),
		Takes: ts.takes,
	}
	for i, k := range ts.kept {
		t.Conns[i] = k.TrafficConn
		t.Conns[i].Earlier = slices.Clip(k.Earlier)
	}
	return t
}

// lastTimes are the times of the last 10 s.
type lastTimes struct{ span trace.Span[Latency] }

// record counts one time.
func (l *lastTimes) record(now time.Time, d time.Duration) { l.span.Second(now).record(max(d, 0)) }

// sum is one histogram of all lastTimes.
func (l *lastTimes) sum(now time.Time) *Latency {
	var all Latency
	secs := l.span.All(now)
	for i := range secs {
		if secs[i].n > 0 {
			all.Merge(&secs[i])
		}
	}
	return &all
}
