package engine

import (
	"time"

	"muster/engine/internal/sock"
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
	for _, sl := range l.slots {
		l.clearSlot(sl)
	}
	for _, s := range l.order {
		l.quiet(s.port)
	}
	l.timers.at(now.Add(boundEvery), l.boundStop)
	l.timers.at(now.Add(quietFor), l.drain)
	l.timers.at(now.Add(quietFor+dealFor), func(time.Time) {
		l.tellAll()
		l.stopStep()
	})
}

// quiet begins the end of an address, see Port.Quiet. The name of a unix socket
// is removed aside: its file system may not answer.
func (l *loop) quiet(p *sock.Port) {
	said := func(err error) {
		if err != nil {
			l.failed(nil, "ending "+p.Addr().String(), err)
		}
	}
	if p.Name() == nil {
		said(p.Quiet())
		return
	}
	l.quieting++
	l.runAside(func() error { return l.sys.quiet(p) }, func(err error) {
		l.quieting--
		said(err)
	}, nil)
}

// drain takes in what has come before the end of the addresses began.
func (l *loop) drain(now time.Time) {
	if l.quieting > 0 && now.Sub(l.stopping.since) < quietFor+dealFor {
		l.timers.at(now.Add(quietFor/4), l.drain)
		return
	}
	for _, s := range l.order {
		if s.primaryAccepts() {
			l.accepted(s, s.port.Drain(sock.Front, queueMax), now)
		}
		// A descriptor of common is in the workers' hands too, but they are
		// about to leave.
		if s.port.Can().Gate {
			l.accepted(s, s.port.Drain(sock.Common, sock.All), now)
		}
	}
	l.stopping.drained = true
	l.stopStep()
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
		if l.asides.cancel != nil {
			l.asides.cancel() // nobody is left to hear of a lookup
		}
		for len(l.order) > 0 {
			l.closeServer(l.order[0])
		}
		if l.stopping.empty.IsZero() {
			l.stopping.empty = l.now()
			close(l.tidier.finish)
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
			l.killedNow(w)
			l.family.end(w.proc)
		default:
			l.leave(w, l.stopping.by, callFacts{all: true})
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
		len(l.workers) == 0 && l.spawning == 0 && len(l.order) == 0 && l.closing == 0 && l.asides.waited == 0)
}
