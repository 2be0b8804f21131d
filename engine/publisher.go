package engine

import (
	"sync/atomic"
	"time"
)

const (
	snapEvery   = 100 * time.Millisecond // the least time between two pictures
	unseenEvery = 250 * time.Millisecond // the same when nobody has asked for the last one
)

// publisher is what viewers see of the cluster: the events, the newest
// snapshot, and the subscribers to wake. Any goroutine may read the newest
// snapshot, the events and the subscribers; everything else belongs to the
// loop.
type publisher struct {
	events  *eventRing
	changed subscribers
	snap    atomic.Pointer[Snapshot]
	seen    atomic.Bool // somebody has asked for the newest snapshot

	stale bool      // the newest snapshot is out of date
	at    time.Time // of the newest picture
}

// event numbers an event and publishes it.
func (p *publisher) event(e Event) (seq uint64) {
	seq = p.events.add(e)
	p.stale = true
	p.changed.wake()
	return seq
}

// touch says that the newest picture is out of date.
func (p *publisher) touch() { p.stale = true }

// newest is the newest picture.
func (p *publisher) newest() *Snapshot {
	if !p.seen.Load() {
		p.seen.Store(true)
	}
	return p.snap.Load()
}

// due is when a new picture is to be made; ok is false if none is needed.
func (p *publisher) due() (at time.Time, ok bool) {
	every := unseenEvery
	if p.seen.Load() {
		every = snapEvery
	}
	return p.at.Add(every), p.stale
}

// show makes s the newest picture.
func (p *publisher) show(s *Snapshot) {
	p.stale, p.at = false, s.Time
	p.seen.Store(false) // before the picture can be asked for
	p.snap.Store(s)
	p.changed.wake()
}
