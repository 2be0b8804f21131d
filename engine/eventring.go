package engine

import "sync"

// What the ring holds at most. With lines of output cut at 4 KiB the count is
// reached first; the JSON form of some messages is six times as long.
const (
	eventsKept  = 2048
	eventsBytes = 16 << 20
)

// eventRing keeps the last events. The loop writes, anyone reads.
type eventRing struct {
	mu    sync.Mutex
	buf   []Event
	next  uint64 // Seq of the next event
	kept  int    // number of events kept, the newest ones
	bytes int    // of these
}

func newEventRing() *eventRing { return &eventRing{next: 1} }

// add numbers the event and keeps it.
func (r *eventRing) add(e Event) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Seq = r.next
	r.next++
	r.bytes += e.size()
	for r.kept == eventsKept || r.kept > 0 && r.bytes > eventsBytes {
		oldest := &r.buf[(e.Seq-1-uint64(r.kept))%eventsKept]
		r.bytes -= oldest.size()
		*oldest = Event{}
		r.kept--
	}
	if len(r.buf) < eventsKept {
		r.buf = append(r.buf, e)
	} else {
		r.buf[(e.Seq-1)%eventsKept] = e
	}
	r.kept++
	return e.Seq
}

// size is about how many bytes the event holds.
func (e *Event) size() int {
	const own = 256 // without texts
	n := own + len(e.Call)
	switch d := e.Detail.(type) {
	case MessageDetail:
		n += len(d.Message)
	case SendDetail:
		n += len(d.Message)
	case OutputDetail:
		n += len(d.Text)
	case ErrorDetail:
		n += len(d.Text)
	case DisconnectDetail:
		n += len(d.Error)
	case ListeningDetail:
		n += len(d.Address)
	case StoppedDetail:
		n += len(d.Text)
	}
	return n
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
	oldest := newest - uint64(r.kept) + 1
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
