package engine

import (
	"time"
)

// quietFor is how long the end waits after no new connection is let in, so that
// handshakes under way finish and are served (measured: 0 resets in 12 stops
// under 64 clients with new SYNs filtered out, 45 without; see Port.Quiet).
const quietFor = 50 * time.Millisecond

// dealFor bounds how long the end deals what was still queued.
const dealFor = time.Second

// stopState is a stop under way.
type stopState struct {
	by      By
	since   time.Time
	drained bool      // nothing more will be accepted
	now     bool      // nothing is waited for: asked twice, or the bound has come
	atOnce  time.Time // when it was asked twice; zero = it was not
	empty   time.Time // no worker has lived since then, and the tidier knows; zero = one does
	tidied  bool      // nor does anything that one has started
	left    bool      // what is left is left behind
}

// stop begins the graceful end: no new connections, deal those that wait, tell
// the workers, wait for them.
func (l *loop) stop(by By) {
	if l.stopping != nil {
		return
	}
	now := l.now()
	l.stopping = &stopState{by: by, since: now}
	l.pub.touch()
	for _, sl := range l.supervisor.slots {
		l.supervisor.clearSlot(sl)
	}
	l.ledger.quietAll()
	l.timers.at(now.Add(boundEvery), l.boundStop)
	l.timers.at(now.Add(quietFor), l.drain)
	l.timers.at(now.Add(quietFor+dealFor), func(time.Time) {
		l.tellAll()
		l.stopStep()
	})
}

// drain takes in what has come before the end of the addresses began.
func (l *loop) drain(now time.Time) {
	if l.ledger.quieting > 0 && now.Sub(l.stopping.since) < quietFor+dealFor {
		l.timers.at(now.Add(quietFor/4), l.drain)
		return
	}
	l.ledger.drain(now)
	l.stopping.drained = true
	l.stopStep()
}

// stopStep takes a stop further when something has changed.
func (l *loop) stopStep() {
	if l.stopping == nil || !l.stopping.drained {
		return
	}
	if l.ledger.queued() == 0 || len(l.workers) == 0 {
		l.tellAll()
	}
	if len(l.workers) == 0 && l.supervisor.spawning == 0 {
		if l.asides.cancel != nil {
			l.asides.cancel() // nobody is left to hear of a lookup
		}
		l.ledger.closeAll()
		if l.stopping.empty.IsZero() {
			l.stopping.empty = l.now()
			close(l.tidier.finish)
		}
	}
}

// tellAll has every worker leave.
func (l *loop) tellAll() {
	for _, w := range l.supervisor.liveInOrder() {
		switch {
		case w.proc == nil: // asked again when it is there
		case l.stopping.now:
			w.life.voluntary = yes
			l.killer.killedNow(w)
			l.family.end(w.proc)
		default:
			l.leaver.leave(w, l.stopping.by, callFacts{all: true})
		}
	}
}

// stopNow is a second stop: what is left ends at once.
func (l *loop) stopNow() {
	if l.stopping.atOnce.IsZero() {
		l.stopping.atOnce = l.now()
	}
	l.killLeft()
}

// killLeft kills what is left of a cluster that stops.
func (l *loop) killLeft() {
	if !l.stopping.now {
		l.stopping.drained, l.stopping.now = true, true
		close(l.tidier.atOnce)
	}
	l.tellAll()
	l.stopStep()
}

// finished tells whether nothing is left.
func (l *loop) finished() bool {
	st := l.stopping
	return st != nil && (st.left || st.drained && st.tidied &&
		len(l.workers) == 0 && l.supervisor.spawning == 0 && l.ledger.allGone() && l.asides.waited == 0)
}
