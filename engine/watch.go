package engine

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// watch follows single connections through the primary, while a viewer wants it
// (OpWatch). It is the loop's. A connection that is not kept costs two histogram
// entries and no memory.
type watch struct {
	began  time.Time
	total  uint64
	sieve  sieve
	kept   []*watched // oldest first
	fresh  []*watched // accepted since the last deal
	queued span
	handed span
	served span

	took  map[int]uint64 // by worker id: connections it had taken at the last sample
	takes []TrafficRate
}

// watched is a connection that is kept.
type watched struct {
	TrafficConn
	seq int64 // of its newest hand-off
}

const (
	viewerMax  = 64          // bytes of a viewer's name
	viewersMax = 64          // viewers that have connections watched
	watchMax   = time.Minute // one may ask for
)

// watchFor is OpWatch: viewer has connections watched until d from now, or no
// longer if d is 0.
func (l *loop) watchFor(viewer string, d time.Duration, now time.Time) error {
	switch {
	case viewer == "" || len(viewer) > viewerMax:
		return badRequest(fmt.Errorf("watching for a viewer whose name has %d bytes: 1 to %d", len(viewer), viewerMax))
	case d < 0 || d > watchMax:
		return badRequest(fmt.Errorf("watching for %v: at most %v at a time", d, watchMax))
	}
	before := l.watchers[viewer]
	if d > 0 && before == nil && len(l.watchers) >= viewersMax {
		return fmt.Errorf("%d viewers have connections watched, which is the most there can be: %w", viewersMax, ErrBusy)
	}
	l.timers.stop(before)
	if d == 0 {
		l.watchEnds(viewer)
		return nil
	}
	if l.watching == nil {
		l.watching, l.watchers = &watch{began: now, took: make(map[int]uint64)}, make(map[string]*timer)
		l.pub.touch()
	}
	l.watchers[viewer] = l.timers.at(now.Add(d), func(time.Time) { l.watchEnds(viewer) })
	return nil
}

// watchEnds ends the watching for one viewer, and with the last all of it.
func (l *loop) watchEnds(viewer string) {
	delete(l.watchers, viewer)
	if len(l.watchers) == 0 && l.watching != nil {
		l.watching = nil
		l.pub.touch()
	}
}

// accepted counts connection number n, and keeps it if it is one in N.
func (wa *watch) accepted(h *held, n uint64, a *sock.Accepted, now time.Time) {
	wa.total++
	if !wa.sieve.keep(now) {
		return
	}
	k := &watched{TrafficConn: TrafficConn{N: n, From: a.From, Accepted: a.At}, seq: -1}
	h.kept = k
	if len(wa.kept) == trafficKept {
		wa.kept = slices.Delete(wa.kept, 0, 1)
	}
	wa.kept = append(wa.kept, k)
	wa.fresh = append(wa.fresh, k)
}

// dealt says of those just accepted that were not handed off why they wait.
func (wa *watch) dealt(d *deal.Dealer, now time.Time) {
	if len(wa.fresh) == 0 {
		return
	}
	why := ""
	for _, k := range wa.fresh {
		if !k.Handed.IsZero() || k.Lost || len(k.Earlier) > 0 {
			continue
		}
		if why == "" {
			why = waitedFor(d.WhyNot(now))
		}
		k.Waited = why
	}
	clear(wa.fresh)
	wa.fresh = wa.fresh[:0]
}

// wants tells whether the worker is to be asked to follow a connection.
func (wa *watch) wants(h *held, w *worker) bool {
	return h.kept != nil && w.stats != nil && w.stats.tells
}

// follow asks it to tell of the end of the next hand-off, number seq. It is sent
// before: a connection may be over before another message arrives.
func (w *worker) follow(seq int64) {
	line, err := ipc.AppendMuster(nil, follow{&seq})
	if err == nil {
		_ = w.ch.Send(line, -1) // a channel that has ended tells its reader
	}
}

func (wa *watch) handOff(h *held, w *worker, seq int64, now time.Time) {
	if !h.again {
		wa.queued.record(now, now.Sub(h.at))
	}
	if k := h.kept; k != nil {
		k.Worker, k.Handed, k.seq, k.Tells = w.id, now, seq, wa.wants(h, w)
	}
}

func (wa *watch) taken(h *held, took time.Duration, now time.Time) {
	wa.handed.record(now, took)
	if k := h.kept; k != nil {
		k.Taken = now
	}
}

// back says that a hand-off came to nothing.
func (wa *watch) back(h *held, why string, now time.Time) {
	k := h.kept
	if k == nil || k.Handed.IsZero() {
		return
	}
	// Pictures share the hops before: they are appended to, never changed.
	k.Earlier = append(k.Earlier, TrafficHop{Worker: k.Worker, Handed: k.Handed, Ended: now, Why: why})
	k.Worker, k.Handed, k.seq, k.Tells = 0, time.Time{}, -1, false
}

// dropped says that a connection was closed before a worker took it.
func (wa *watch) dropped(h *held, now time.Time) {
	if k := h.kept; k != nil {
		k.Lost, k.Done = true, now
	}
}

// ended takes in what a worker tells of the ends of its connections: pairs of
// the hand-off's number and the nanoseconds since it was taken. A worker is
// outside: it cannot end what is not its own, nor before or after its time.
func (wa *watch) ended(w *worker, ends [][2]uint64, now time.Time) {
	for _, e := range ends[:min(len(ends), endsMax)] {
		i := slices.IndexFunc(wa.kept, func(k *watched) bool {
			return k.seq >= 0 && uint64(k.seq) == e[0] && k.Worker == w.id && !k.Taken.IsZero() && k.Done.IsZero()
		})
		if i < 0 {
			continue
		}
		k := wa.kept[i]
		d := time.Duration(min(e[1], 1<<62))
		if most := max(now.Sub(k.Taken), 0); d > most {
			d = most
		}
		k.Done = k.Taken.Add(d)
		wa.served.record(now, d)
	}
}

// died says that what a worker had open was cut.
func (wa *watch) died(w *worker, now time.Time) {
	for _, k := range wa.kept {
		if k.Worker == w.id && k.Tells && !k.Taken.IsZero() && k.Done.IsZero() {
			k.Lost, k.Done = true, now
		}
	}
}

// sampled computes what the workers took in the second that is over.
func (wa *watch) sampled(workers map[int]*worker, seconds float64) {
	wa.takes = nil
	for id, w := range workers {
		if w.stats == nil {
			continue
		}
		if before, ok := wa.took[id]; ok && seconds > 0 {
			wa.takes = append(wa.takes, TrafficRate{id, float64(w.stats.accepted-min(before, w.stats.accepted)) / seconds})
		}
		wa.took[id] = w.stats.accepted
	}
	for id := range wa.took {
		if workers[id] == nil {
			delete(wa.took, id)
		}
	}
	slices.SortFunc(wa.takes, func(a, b TrafficRate) int { return a.Worker - b.Worker })
}

// picture is the traffic as it is now.
func (wa *watch) picture(now time.Time) *Traffic {
	wa.sieve.roll(now)
	t := &Traffic{
		Since: wa.began, Rate: wa.sieve.rate, OneIn: max(wa.sieve.n, 1), Total: wa.total,
		Conns:  make([]TrafficConn, len(wa.kept)),
		Queued: wa.queued.sum(now), Handed: wa.handed.sum(now), Served: wa.served.sum(now),
		Takes: wa.takes,
	}
	for i, k := range wa.kept {
		t.Conns[i] = k.TrafficConn
		t.Conns[i].Earlier = slices.Clip(k.Earlier)
	}
	return t
}

// traffic is the picture with what the kernel holds; nil while nothing is watched.
func (l *loop) traffic(now time.Time) *Traffic {
	if l.watching == nil {
		return nil
	}
	t := l.watching.picture(now)
	if runtime.GOOS != "linux" {
		return t
	}
	for _, s := range l.ledger.order {
		if s.addr.Network != "tcp" || s.port.Closed() {
			continue
		}
		if t.Waiting == nil {
			t.Waiting = new(int)
		}
		*t.Waiting += s.port.Waiting()
	}
	return t
}
