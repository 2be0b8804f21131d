package engine

import (
	"iter"
	"time"

	"muster/ipc"
)

// The reader of a channel has a few buffers, and waits for one to come back
// when the loop has them all. So a worker never has more than these under way,
// and the loop slows the worker by keeping them: its channel fills and its
// writes wait, as with a busy Node primary.

const (
	// readsAhead is how many buffers a reader has.
	readsAhead = 2
	// partMessages and partBytes bound what the loop takes in at once, and so how
	// long others wait.
	partMessages = 64
	partBytes    = 64 << 10
	queryCost    = 16 // messages
	// readKept is the largest buffer that is reused, in messages.
	readKept = 1024
)

// newReading is a reader's buffers.
func newReading() chan []ipc.Message {
	c := make(chan []ipc.Message, readsAhead)
	for range readsAhead {
		c <- nil
	}
	return c
}

// parts cuts the messages of one read into parts that the loop takes in at
// once.
func parts(msgs []ipc.Message) iter.Seq[[]ipc.Message] {
	return func(yield func([]ipc.Message) bool) {
		for len(msgs) > 0 {
			n, cost, size := 0, 0, 0
			for n < len(msgs) && cost < partMessages && (n == 0 || size+len(msgs[n].Raw) <= partBytes) {
				size += len(msgs[n].Raw)
				cost++
				if msgs[n].Cluster.Act == "queryServer" { // this message may open an address
					cost += queryCost - 1
				}
				n++
			}
			if !yield(msgs[:n]) {
				return
			}
			msgs = msgs[n:]
		}
	}
}

// slowed is a worker whose channel is not read just now.
type slowed struct {
	kept  [][]ipc.Message // the reader's buffers
	until time.Time
	timer *timer

	calls   uint64    // listener calls that had returned at the last look
	movedAt time.Time // since when calls is unchanged
}

// slow leaves the channel unread for a while, from now.
func (s *slowed) slow(wait time.Duration, now time.Time) {
	if until := now.Add(wait); wait > 0 && until.After(s.until) {
		s.until = until
	}
}

// listenersView is what decides whether a worker waits for the listeners of its
// messages.
type listenersView struct {
	waiting    load          // of this worker
	all        int           // bytes, of all workers
	quiet      time.Duration // since a listener has last returned
	unanswered time.Duration // the age of its oldest hand-off, or of a probe
	ends       bool          // it leaves, or the cluster does
}

const (
	// stuckAfter is how long a listener may take for one call before workers no
	// longer wait for it: a listener must not hold up the cluster.
	stuckAfter = time.Second
	// answerWithin is how long a hand-off may wait behind messages.
	answerWithin = 250 * time.Millisecond
)

// full tells whether the worker's channel should stay unread until its
// listeners have taken some of the waiting messages. Messages over messagesLoad
// are dropped, so full begins well below it: the reader has more under way.
func (v listenersView) full() bool {
	if v.ends || v.quiet >= stuckAfter || v.unanswered >= answerWithin {
		return false
	}
	return v.much()
}

// much tells whether too much waits.
func (v listenersView) much() bool {
	return v.waiting.over(messagesLoad.part(4)) || v.all > messagesAllBytes/2 && v.waiting.bytes > messagesAllBytes/256
}
