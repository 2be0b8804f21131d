package engine

import (
	"fmt"
	"time"
)

// restart replaces a worker: it forks the new one first.
func (sv *supervisor) restart(w *worker, by By) (*worker, error) {
	switch {
	case w.restart.by != nil:
		return nil, fmt.Errorf("worker %d is being replaced by worker %d: %w", w.id, w.restart.by.id, ErrBusy)
	case w.restart.of != nil:
		return nil, fmt.Errorf("worker %d is coming up to replace worker %d: %w", w.id, w.restart.of.id, ErrBusy)
	case w.life.leaving:
		return nil, fmt.Errorf("worker %d is leaving: %w", w.id, ErrBusy)
	case w.restart.late != "":
		return nil, fmt.Errorf("worker %d is being ended: %w", w.id, ErrBusy)
	}
	if blocks, ok := w.slot.room(); !ok {
		return nil, fmt.Errorf("worker %d cannot be replaced yet, %v: %w", w.id, blocks, ErrBusy)
	}
	sv.noteRestart(w, "")
	n := sv.fork(w.slot, by, w, nil)
	n.restart.of, w.restart.by = w, n
	if sv.o.ReadyTimeout > 0 {
		n.restart.up = sv.timers.at(sv.now().Add(sv.o.ReadyTimeout), func(time.Time) { sv.notReady(n) })
	}
	return n, nil
}

// notReady ends the new worker of a restart if it does not come up. A worker
// without a process yet is ended when it has one; a worker in a debugger may be
// paused.
func (sv *supervisor) notReady(n *worker) {
	old := n.restart.of
	if old == nil || n.proc == nil {
		sv.endLate(n)
		return
	}
	sv.stalls.debugger(n, true, func(why string) {
		switch {
		case n.restart.of != old || n.life.leaving || n.life.state == StateListening || n.seen.ready: // meanwhile
		case why != "":
			n.restart.up = sv.timers.at(sv.now().Add(sv.o.ReadyTimeout), func(time.Time) { sv.notReady(n) })
		default:
			sv.endLate(n)
		}
	})
}

// endLate ends the new worker of a restart.
func (sv *supervisor) endLate(n *worker) {
	why := fmt.Sprintf("it did not listen within %v", sv.o.ReadyTimeout)
	if old := n.restart.of; old != nil {
		why += fmt.Sprintf("; worker %d stays", old.id)
	}
	n.life.voluntary = yes
	n.show()
	n.restart.late = why
	if n.proc == nil {
		sv.restartFailed(n, fmt.Sprintf("worker %d has no process after %v", n.id, sv.o.ReadyTimeout))
		return
	}
	sv.killer.kill9(n, why)
}

// restartFailed ends a restart whose new worker n will not come up: the old one
// keeps the slot, and its row says so.
func (sv *supervisor) restartFailed(n *worker, why string) {
	old := n.restart.of
	if old == nil {
		return
	}
	n.restart.of, old.restart.by = nil, nil
	if sv.stopping != nil {
		return
	}
	sv.failed(n, "", fmt.Errorf("restart of worker %d: %s; worker %d stays", old.id, why, old.id))
	sv.noteRestart(old, "restart failed")
}

// restartLeft settles a restart if one of its workers leaves before it is over,
// for whatever reason.
func (sv *supervisor) restartLeft(w *worker) {
	if n := w.restart.by; n != nil { // the new worker has the slot
		w.restart.by, n.restart.of = nil, nil
		sv.timers.stop(n.restart.up)
	}
	switch { // if the worker dies, its exit says how
	case w.restart.of == nil || w.life.procEnded:
	case !w.life.chanEnded:
		sv.restartFailed(w, fmt.Sprintf("worker %d leaves before it listened%s", w.id, w.onAll()))
	case !w.proc.Dying():
		sv.restartFailed(w, fmt.Sprintf("worker %d closed its channel before it listened%s", w.id, w.onAll()))
	}
}

// onAll completes the text "before it listened" for the new worker of a
// restart.
func (w *worker) onAll() string {
	if w.at.listening.IsZero() {
		return ""
	}
	return " on all that the old one does"
}

// restartEnded settles the restart in which a worker that has ended had part.
func (sv *supervisor) restartEnded(w *worker) {
	sv.restartFailed(w, fmt.Sprintf("worker %d ended (%s) before it listened%s", w.id, exitWords(w.end.exit), w.onAll()))
	if n := w.restart.by; n != nil {
		w.restart.by, n.restart.of = nil, nil
		sv.timers.stop(n.restart.up)
	}
}

// noteKept is how long a row says that a restart failed.
const noteKept = time.Minute

// noteRestart puts a note on a worker's row for a while; "" removes it.
func (sv *supervisor) noteRestart(w *worker, note string) {
	sv.timers.stop(w.restart.noted)
	w.restart.note, w.restart.noted = note, nil
	sv.pub.touch()
	if note != "" {
		w.restart.noted = sv.timers.at(sv.now().Add(noteKept), func(time.Time) { sv.noteRestart(w, "") })
	}
}

// retry brings forward the fork of the slot that waits, or has given up, after worker
// id. found is false if there is none.
func (sv *supervisor) retry(id int, by By) (w *worker, found bool, err error) {
	for _, sl := range sv.slots {
		if sl.last == nil || sl.last.id != id || !sl.stopped && sl.due == nil {
			continue
		}
		if blocks, ok := sl.room(); !ok {
			return nil, true, fmt.Errorf("worker %d cannot be replaced yet, %v: %w", id, blocks, ErrBusy)
		}
		sl.record = record{}
		return sv.reforkFor(sl, sl.last, by), true, nil
	}
	return nil, false, nil
}
