package tui

import (
	"slices"
	"time"

	"muster/engine"
)

// In slow motion a step takes a hundred times as long as it did, within bounds:
// long enough to be seen, but not so long that nothing seems to happen.
const (
	slowFactor = 100
	slowLeast  = 400 * time.Millisecond
	slowMost   = 2 * time.Second
	slowDraw   = 100 * time.Millisecond // between two frames
	slowLate   = 250 * time.Millisecond // the most one frame moves the slow motion
	slowBehind = 6                      // how many connections the slow motion begins with
)

// slowMotion replays connections from their times. Only the picture is slow: it
// shows the measured times. Its methods change only its fields.
type slowMotion struct {
	conns []engine.TrafficConn // oldest first
	at    time.Time            // the moment that is shown
	from  time.Time            // the step before at
	spent time.Duration        // time on the screen since from
	moved time.Time            // when move was last called, on the screen's clock
}

// begin loads the newest connections and goes to the first of them. old is the
// newest connection that was shown before; false = there is none newer.
func (sm *slowMotion) begin(conns []engine.TrafficConn, old uint64) bool {
	fresh := slices.IndexFunc(conns, func(c engine.TrafficConn) bool { return c.N > old })
	if fresh < 0 {
		return false
	}
	sm.conns = conns
	first := &conns[max(fresh, len(conns)-slowBehind)]
	sm.from, sm.at, sm.spent = first.Accepted, first.Accepted, 0
	return true
}

// refresh updates the connections with what has happened since.
func (sm *slowMotion) refresh(conns []engine.TrafficConn) {
	at := make(map[uint64]*engine.TrafficConn, len(conns))
	for i := range conns {
		at[conns[i].N] = &conns[i]
	}
	sm.conns = slices.Clone(sm.conns) // the slice may be a snapshot's
	for i := range sm.conns {
		if c := at[sm.conns[i].N]; c != nil {
			sm.conns[i] = *c
		}
	}
}

// move advances by the time that has passed on the screen. When all steps were
// shown it continues with newer connections, if there are any.
func (sm *slowMotion) move(d time.Duration, newest []engine.TrafficConn) {
	d = clampDuration(0, d, slowLate)
	for d > 0 {
		next := sm.next()
		if next.IsZero() {
			old := uint64(0)
			if n := len(sm.conns); n > 0 {
				old = sm.conns[n-1].N
			}
			if !sm.begin(newest, old) {
				return
			}
			continue
		}
		span := next.Sub(sm.from)
		show := clampDuration(slowLeast, slowFactor*min(span, slowMost), slowMost)
		if left := show - sm.spent; d >= left {
			d -= max(left, 1)
			sm.from, sm.at, sm.spent = next, next, 0
			continue
		}
		sm.spent += d
		sm.at = sm.from.Add(time.Duration(float64(span) * float64(sm.spent) / float64(show)))
		return
	}
}

// next is the first step after the one before the moment shown; zero = none.
func (sm *slowMotion) next() time.Time {
	var next time.Time
	look := func(t time.Time) {
		if t.After(sm.from) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for i := range sm.conns {
		c := &sm.conns[i]
		for _, t := range []time.Time{c.Accepted, c.Handed, c.Taken, c.Done} {
			look(t)
		}
		for _, h := range c.Earlier {
			look(h.Handed)
			look(h.Ended)
		}
	}
	return next
}

// shown are the connections as they were at the moment shown.
func (sm *slowMotion) shown() []engine.TrafficConn {
	var out []engine.TrafficConn
	for i := range sm.conns {
		if c, ok := connAt(sm.conns[i], sm.at); ok {
			out = append(out, c)
		}
	}
	return out
}

// connAt is a connection as it was at a time; false = it had not come yet.
func connAt(c engine.TrafficConn, at time.Time) (engine.TrafficConn, bool) {
	if c.Accepted.After(at) {
		return c, false
	}
	for i, h := range c.Earlier {
		if !h.Ended.After(at) {
			continue
		}
		c.Worker, c.Handed, c.Taken, c.Done, c.Lost = h.Worker, h.Handed, time.Time{}, time.Time{}, false
		c.Earlier = c.Earlier[:i]
		break
	}
	if c.Handed.After(at) {
		c.Worker, c.Handed, c.Taken = 0, time.Time{}, time.Time{}
	}
	if c.Taken.After(at) {
		c.Taken = time.Time{}
	}
	if c.Done.After(at) || c.Taken.IsZero() && !c.Handed.IsZero() {
		c.Done, c.Lost = time.Time{}, false
	}
	if c.Handed.IsZero() && c.Done.IsZero() {
		c.Lost = false
	}
	return c, true
}

func clampDuration(lo, v, hi time.Duration) time.Duration { return max(lo, min(v, hi)) }

// trafficState is what view 3 shows of the traffic. The snapshot has the
// traffic itself.
type trafficState struct {
	selected uint64      // number of the selected connection, 0 = none: the list follows the newest
	slow     *slowMotion // nil = live
}
