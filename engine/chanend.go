package engine

import (
	"fmt"
	"syscall"
	"time"
)

// endGrace is how long a worker may live on whose channel has ended while
// hand-offs were unanswered. Their clients wait for that long.
const endGrace = time.Second

// channelEnd is what is known of a worker whose channel has ended, for whatever
// reason: the end of its half, garbage, an error of ours.
type channelEnd struct {
	unanswered int       // hand-offs
	since      time.Time // the channel's end
	gone       bool      // its process is known to be gone
	dying      bool      // it is in its end
}

// endDo is what is to be done about such a worker.
type endDo int

const (
	endLeave endDo = iota // it has nothing that others wait for: the limits of a leave hold
	endWait               // look again
	endKill               // SIGKILL
	endDeal               // others get what it has not answered
)

// next is what is to be done now and, if that is to wait, when to ask again. What
// a worker has not answered it may still read from its end of the channel, and
// answer the client, for as long as its process lives: so nobody else gets that
// before. One whose end has begun is waited for, so that its end stays its own.
func (e channelEnd) next(now time.Time) (do endDo, at time.Time) {
	over := e.since.Add(endGrace)
	switch {
	case e.gone:
		return endDeal, time.Time{}
	case e.unanswered == 0:
		return endLeave, time.Time{}
	case now.Before(over):
		return endWait, over
	case e.dying:
		return endWait, now.Add(dyingAgain)
	}
	return endKill, time.Time{}
}

// cutShort ends a worker that lives on without its channel, if it has to be. It
// is false if the limits of a leave are enough.
func (l *loop) cutShort(w *worker, since, now time.Time) bool {
	n := l.ledger.unanswered(w)
	do, at := channelEnd{unanswered: n, since: since, gone: w.life.gone, dying: inItsEnd(w.proc)}.next(now)
	switch do {
	case endLeave:
		return false
	case endWait:
		w.cutOff = l.timers.at(at, func(now time.Time) { l.cutShort(w, since, now) })
	case endKill:
		if !w.left.killed {
			w.left.killed = true
			l.kill9(w, fmt.Sprintf("its channel has ended with %s unanswered, and it lives on", countOf(n, "hand-off")))
		}
	}
	return true
}

// holdExit waits for the end of the channel of a worker whose process has ended:
// something that it started may hold its end, and read there what the worker has
// not answered. If there is such, that is killed first, unless it was or is kept.
func (l *loop) holdExit(w *worker, now time.Time, killed bool) {
	w.hold = l.timers.at(now.Add(exitHold), func(now time.Time) {
		if n := l.ledger.unanswered(w); !killed && n > 0 {
			l.failed(w, "", fmt.Errorf("worker %d has ended with %s unanswered, and what it has started holds its channel: its process group gets SIGKILL",
				w.id, countOf(n, "hand-off")))
			w.proc.SignalGroup(syscall.SIGKILL)
			l.holdExit(w, now, true)
			return
		}
		w.ch.Close() // its reader ends and says so
	})
}
