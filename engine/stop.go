package engine

import (
	"time"
)

// quietFor is how long the end waits after no new connection is let in, so that
// handshakes under way finish and are served (measured: 0 resets in 12 stops
// under 64 clients with new SYNs filtered out, 45 without; see port.quiet).
const quietFor = 50 * time.Millisecond

// dealFor bounds how long the end deals what was still queued.
const dealFor = time.Second

// stopState is a stop under way.
type stopState struct {
	by      By
	since   time.Time
	drained bool // nothing more will be accepted
	now     bool // asked twice: nothing is waited for
}

// stop begins the graceful end: no new connections, deal those that wait, tell
// the workers, wait for them.
func (l *loop) stop(by By) {
	if l.stopping != nil {
		return
	}
	now := l.now()
	l.stopping = &stopState{by: by, since: now}
	l.dirty = true
	for _, sl := range l.slots {
		l.clearSlot(sl)
	}
	for _, s := range l.order {
		if err := s.port.quiet(); err != nil {
			l.failed(nil, "ending "+s.port.addr.String(), err)
		}
	}
	l.timers.at(now.Add(quietFor), func(now time.Time) {
		for _, s := range l.order {
			if s.primaryAccepts() {
				l.accepted(s, s.port.drainOnce(queueMax), now)
			}
			// A descriptor of common is in the workers' hands too, but they are
			// about to leave.
			if s.port.gated {
				l.accepted(s, s.port.drainCommon(), now)
			}
		}
		l.stopping.drained = true
		l.stopStep()
	})
	l.timers.at(now.Add(quietFor+dealFor), func(time.Time) {
		l.tellAll()
		l.stopStep()
	})
}

// stopStep takes a stop further when something has changed.
func (l *loop) stopStep() {
	if l.stopping == nil || !l.stopping.drained {
		return
	}
	queued := 0
	for _, s := range l.order {
		queued += s.dealer.Queued()
	}
	if queued == 0 || len(l.workers) == 0 {
		l.tellAll()
	}
	if len(l.workers) == 0 && l.spawning == 0 {
		for len(l.order) > 0 {
			l.closeServer(l.order[0])
		}
	}
}

// tellAll has every worker leave.
func (l *loop) tellAll() {
	for _, w := range l.liveInOrder() {
		switch {
		case w.proc == nil: // asked again when it is there
		case l.stopping.now:
			w.life.voluntary = yes
			w.proc.killGroup()
		default:
			l.leave(w, l.stopping.by, "cluster.disconnect()")
		}
	}
}

// stopNow ends what is left at once.
func (l *loop) stopNow() {
	l.stopping.drained, l.stopping.now = true, true
	l.tellAll()
	l.stopStep()
}

// finished tells whether nothing is left.
func (l *loop) finished() bool {
	return l.stopping != nil && l.stopping.drained &&
		len(l.workers) == 0 && l.spawning == 0 && len(l.order) == 0 && l.closing == 0
}
