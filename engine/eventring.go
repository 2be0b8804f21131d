package engine

import "sync"

// eventsKept is how many events the ring holds. With lines of output cut at 4
// KiB it is 8 MiB at the most.
const eventsKept = 2048

// eventRing keeps the last events. The loop writes, anyone reads.
type eventRing struct {
	mu   sync.Mutex
	buf  []Event
	next uint64 // Seq of the next event
}

func newEventRing() *eventRing { return &eventRing{next: 1} }

// add numbers the event and keeps it.
func (r *eventRing) add(e Event) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Seq = r.next
	r.next++
	if len(r.buf) < eventsKept {
		r.buf = append(r.buf, e)
	} else {
		r.buf[(e.Seq-1)%eventsKept] = e
	}
	return e.Seq
}

// after returns a copy of the events with Seq > seq, oldest first, and how many
// of them are gone.
func (r *eventRing) after(seq uint64) (ev []Event, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := r.next - 1
	if seq >= newest {
		return nil, 0
	}
	oldest := newest - uint64(len(r.buf)) + 1
	first := seq + 1
	if first < oldest {
		lost = oldest - first
		first = oldest
	}
	ev = make([]Event, 0, newest-first+1)
	for s := first; s <= newest; s++ {
		ev = append(ev, r.buf[(s-1)%eventsKept])
	}
	return ev, lost
}

// newest is the Seq of the newest event, 0 if there is none.
func (r *eventRing) newest() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next - 1
}
