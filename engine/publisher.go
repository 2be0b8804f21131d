package engine

import (
	"sync/atomic"
	"time"
)

// snapEvery is the least time between two pictures.
const snapEvery = 100 * time.Millisecond

// publisher is what viewers see of the cluster: the events, the newest
// snapshot, and the subscribers to wake. Any goroutine may read the newest
// snapshot, the events and the subscribers; everything else belongs to the
// loop.
type publisher struct {
	events  *eventRing
	changed subscribers
	snap    atomic.Pointer[Snapshot]

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

// due is when a new picture is to be made; ok is false if none is needed.
func (p *publisher) due() (at time.Time, ok bool) { return p.at.Add(snapEvery), p.stale }

// show makes s the newest picture.
func (p *publisher) show(s *Snapshot) {
	p.stale, p.at = false, s.Time
	p.snap.Store(s)
	p.changed.wake()
}
