package tui

import (
	"slices"
	"time"

	"muster/engine"
)

// ticks are the intervals at which figures change, in the order of the key t.
// The first is the engine's own: it samples once a second.
var ticks = []time.Duration{time.Second, 500 * time.Millisecond, 250 * time.Millisecond, 2 * time.Second}

const (
	// The shortest time a rate is counted over: Go workers report four times a
	// second, and over a single report a rate would jump between nothing and
	// twice as much.
	leastRate = 500 * time.Millisecond
	// A picture that comes a little before its tick counts for that tick.
	tickSlack = 60 * time.Millisecond
)

// pace makes the picture that is shown of the engine's. With a tick of 1 s both
// are the same. With a shorter tick pace counts the requests a second anew from
// the answers the workers have reported; figures the engine samples (CPU,
// memory) cannot come more often, and the histories keep one cell for each
// second of the engine. With a longer tick all figures of serving workers stand
// still in between, but states do not.
type pace struct {
	tick  time.Duration
	at    time.Time          // of the figures that are shown
	past  []*engine.Snapshot // as far back as a rate needs, oldest first
	shown map[int]engine.Row // figures of the last tick, by worker
	total *float64           // requests a second of all
	open  *int
}

// set changes the tick and forgets the figures of the old one.
func (p *pace) set(tick time.Duration) { *p = pace{tick: tick} }

// window is the time a rate is counted over.
func (p *pace) window() time.Duration { return max(p.tick, leastRate) }

// picture is snap as it is to be shown. snap itself is not changed.
func (p *pace) picture(snap *engine.Snapshot) *engine.Snapshot {
	if p.tick == 0 || p.tick == time.Second {
		return snap
	}
	p.past = append(p.past, snap)
	base := p.base(snap.Time)
	if p.at.IsZero() || snap.Time.Sub(p.at) >= p.tick-tickSlack {
		p.at = snap.Time
		p.count(snap, base)
	}
	c := *snap
	c.ReqRate = p.total
	c.Workers = slices.Clone(snap.Workers)
	for i := range c.Workers {
		w := &c.Workers[i]
		was, known := p.shown[w.ID]
		w.ReqRate = was.ReqRate
		if known && p.tick > time.Second && w.State == engine.StateListening && was.State == engine.StateListening {
			w.Open, w.Dealt, w.Done, w.Hand = was.Open, was.Dealt, was.Done, was.Hand
			w.CPU, w.Mem = was.CPU, was.Mem
		}
	}
	if p.tick > time.Second {
		c.Open = p.open
	}
	return &c
}

// base is the newest picture that is old enough to count a rate from, nil if
// there is none yet; it drops older pictures.
func (p *pace) base(now time.Time) *engine.Snapshot {
	limit := now.Add(tickSlack - p.window())
	n := -1
	for i, s := range p.past {
		if s.Time.After(limit) {
			break
		}
		n = i
	}
	if n < 0 {
		return nil
	}
	p.past = slices.Delete(p.past, 0, n)
	return p.past[0]
}

// count takes the figures of a tick.
func (p *pace) count(snap, base *engine.Snapshot) {
	p.shown = make(map[int]engine.Row, len(snap.Workers))
	p.total, p.open = nil, snap.Open
	total, known := 0.0, false
	for i := range snap.Workers {
		w := snap.Workers[i]
		w.ReqRate = rateSince(&w, snap, base)
		if w.ReqRate != nil {
			total, known = total+*w.ReqRate, true
		}
		p.shown[w.ID] = w
	}
	if known {
		p.total = &total
	}
}

// rateSince is how many requests w has answered a second since base, nil if
// that is not known. A worker that was not there at base had answered none.
func rateSince(w *engine.Row, snap, base *engine.Snapshot) *float64 {
	if base == nil || w.Done == nil || w.State == engine.StateExited {
		return nil
	}
	from, done := base.Time, uint64(0)
	if old := base.ByID(w.ID); old != nil && old.Done != nil {
		done = min(*old.Done, *w.Done)
	}
	seconds := snap.Time.Sub(from).Seconds()
	if seconds <= 0 {
		return nil
	}
	rate := float64(*w.Done-done) / seconds
	return &rate
}
