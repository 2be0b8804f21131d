package engine

import (
	"fmt"
	"time"
)

// heldByOther tells whether another worker than w has the slot and will keep it:
// the other one of a restart, say.
func (s *slot) heldByOther(w *worker) bool {
	for _, x := range s.live {
		if x != w && !x.vacated && !x.life.leaving {
			return true
		}
	}
	return false
}

// judge asks the rules what becomes of the slot of a worker that has ended, or
// whose channel has. It is asked once per worker.
func (l *loop) judge(w *worker, now time.Time) verdict {
	if w.vacated || w.life.voluntary == yes || l.stopping != nil {
		return verdict{}
	}
	if w.slot.heldByOther(w) {
		return verdict{}
	}
	listened := time.Duration(-1)
	if !w.listening.IsZero() {
		end := now
		if !w.ended.IsZero() {
			end = w.ended
		}
		listened = end.Sub(w.listening)
	}
	var v verdict
	w.slot.record, v = w.slot.record.died(listened)
	if l.o.NoRestart {
		return verdict{}
	}
	w.slot.deaths = v.deaths
	return v
}

// carryOut does what judge decided, once the exit was published.
func (l *loop) carryOut(w *worker, v verdict, now time.Time) {
	sl := w.slot
	for i, x := range sl.live {
		if x == w {
			sl.live = append(sl.live[:i], sl.live[i+1:]...)
			break
		}
	}
	if w.life.voluntary != yes {
		sl.exitText, sl.exitAt = exitWords(w.exit), w.ended
	}
	l.restartEnded(w)
	if sl.heldByOther(w) || w.vacated && !sl.stopped && sl.due == nil {
		return
	}
	sl.last = w
	lines, before := w.errs.last()
	sl.reason = telling(lines)
	sl.lines = max(len(lines)+before-1, 0)
	switch {
	case w.vacated: // decided when its channel ended
	case w.life.voluntary == yes || l.o.NoRestart || l.stopping != nil:
		sl.row = l.timers.at(now.Add(rowKept), func(time.Time) { l.forgetRow(sl) })
	case v.stop:
		sl.stopped = true
		text := sl.reason
		if text == "" {
			text = exitWords(w.exit)
		}
		l.emitFor(w, Event{Kind: KindStopped, By: BySupervisor, Detail: StoppedDetail{Deaths: v.deaths, Text: text}})
	case v.after == 0:
		l.refork(sl, BySupervisor)
	default:
		sl.dueAt = now.Add(v.after)
		sl.due = l.timers.at(sl.dueAt, func(time.Time) { l.refork(sl, BySupervisor) })
	}
}

// vacate replaces a worker whose channel has ended but whose process lives on.
func (l *loop) vacate(w *worker, now time.Time) {
	v := l.judge(w, now)
	sl := w.slot
	if w.life.voluntary == yes || l.stopping != nil || l.o.NoRestart || sl.heldByOther(w) {
		return
	}
	w.vacated = true
	switch {
	case v.stop:
		sl.stopped = true
		l.emitFor(w, Event{Kind: KindStopped, By: BySupervisor, Detail: StoppedDetail{Deaths: v.deaths, Text: "channel ended"}})
	case v.after == 0:
		l.reforkFor(sl, w, BySupervisor)
	default:
		sl.dueAt = now.Add(v.after)
		sl.due = l.timers.at(sl.dueAt, func(time.Time) { l.reforkFor(sl, w, BySupervisor) })
	}
}

// refork forks the replacement of the slot's last worker.
func (l *loop) refork(sl *slot, by By) *worker { return l.reforkFor(sl, sl.last, by) }

func (l *loop) reforkFor(sl *slot, prev *worker, by By) *worker {
	l.timers.stop(sl.due)
	sl.due = nil
	sl.stopped = false
	sl.restarts++
	l.tot.restarts++
	w := l.fork(sl, by, prev, nil)
	l.forgetRow(sl)
	return w
}

// forgetRow takes the row of the slot's last worker off the screen.
func (l *loop) forgetRow(sl *slot) {
	l.timers.stop(sl.row)
	sl.row, sl.last = nil, nil
	l.dirty = true
}

// restart replaces a worker, the new one first.
func (l *loop) restart(w *worker, by By) (*worker, error) {
	switch {
	case w.replacedBy != nil:
		return nil, fmt.Errorf("worker %d is being replaced by worker %d: %w", w.id, w.replacedBy.id, ErrBusy)
	case w.restartOf != nil:
		return nil, fmt.Errorf("worker %d is coming up to replace worker %d: %w", w.id, w.restartOf.id, ErrBusy)
	case w.life.leaving:
		return nil, fmt.Errorf("worker %d is leaving: %w", w.id, ErrBusy)
	}
	n := l.fork(w.slot, by, w, nil)
	n.restartOf, w.replacedBy = w, n
	n.up = l.timers.at(l.now().Add(restartMax), func(time.Time) {
		if n.proc == nil {
			return
		}
		n.life.voluntary = yes
		l.kill9(n, fmt.Sprintf("it did not listen within %v; worker %d stays", restartMax, w.id))
	})
	return n, nil
}

// restartMax is how long the new worker of a restart may take to listen.
const restartMax = 30 * time.Second

// restartEnded settles the restart a worker that has ended had part in.
func (l *loop) restartEnded(w *worker) {
	if old := w.restartOf; old != nil {
		w.restartOf, old.replacedBy = nil, nil
		l.failed(w, "", fmt.Errorf("restart of worker %d: worker %d ended (%s) before it listened; worker %d stays",
			old.id, w.id, exitWords(w.exit), old.id))
	}
	if n := w.replacedBy; n != nil {
		w.replacedBy, n.restartOf = nil, nil
		l.timers.stop(n.up)
	}
}
