package engine

import "time"

// orphansMax is the time for what a worker has left where there is no SIGKILL for
// workers.
const orphansMax = 5 * time.Second

// orphanTime is the time between SIGTERM and SIGKILL for what a worker has left.
func orphanTime(r leaveRules) time.Duration {
	if r.kill > 0 {
		return r.kill
	}
	return orphansMax
}

// adopt prepares this process for orphans, before the first fork.
func (l *loop) adopt() {
	l.unadopt = func() {}
	if l.o.Adopt == AdoptNone {
		return
	}
	// Looked at first: afterwards an orphan looks like one of them.
	l.family.foreign = l.family.strangers()
	undo, err := becomeSubreaper()
	if err != nil { // only the process groups, then
		l.failed(nil, "", err)
		return
	}
	l.unadopt = undo
}

// orphans says that what a worker has left was sent a signal: after its exit.
func (l *loop) orphans(w *worker, d OrphansDetail) {
	if w != nil && w.life.state != StateExited {
		w.orphans = append(w.orphans, d)
		return
	}
	l.orphansOf(w, d)
}

func (l *loop) orphansOf(w *worker, d OrphansDetail) {
	e := Event{Kind: KindOrphans, By: BySupervisor, Detail: d}
	if w == nil {
		l.emit(e)
		return
	}
	l.emitFor(w, e)
}
