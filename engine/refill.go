package engine

import "time"

// rowKept is how long a voluntary exit stays in the snapshot.
const rowKept = 5 * time.Second

// judge asks the rules what becomes of the slot of a worker that has ended, or
// whose channel has. It runs once per worker.
func (sv *supervisor) judge(w *worker, now time.Time) verdict {
	if w.end.vacated || w.life.voluntary == yes || sv.stopping != nil {
		return verdict{}
	}
	if w.slot.heldByOther(w) {
		return verdict{}
	}
	listened := time.Duration(-1)
	if w.start.noDir {
		listened = 0 // not the program's fault: retry later and later, but never give up
	}
	if !w.at.listening.IsZero() {
		end := now
		if !w.at.ended.IsZero() {
			end = w.at.ended
		}
		listened = end.Sub(w.at.listening)
	}
	var v verdict
	w.slot.record, v = w.slot.record.died(listened)
	if sv.o.NoRestart {
		return verdict{}
	}
	w.slot.deaths = v.deaths
	return v
}

// carryOut carries out what judge decided, once the exit was published.
func (sv *supervisor) carryOut(w *worker, v verdict, now time.Time) {
	sl := w.slot
	for i, x := range sl.live {
		if x == w {
			sl.live = append(sl.live[:i], sl.live[i+1:]...)
			break
		}
	}
	if w.life.voluntary != yes {
		sl.exitText, sl.exitAt = exitWords(w.end.exit), w.at.ended
	}
	sv.restartEnded(w)
	if want := sl.want; want != nil { // now there is room for the waiting fork
		sv.reforkFor(sl, want.prev, want.by)
		return
	}
	if sl.heldByOther(w) || w.end.vacated && !sl.stopped && sl.due == nil {
		return
	}
	sl.last = w
	lines, before := w.start.stderr.last()
	sl.reason = telling(lines)
	sl.lines = max(len(lines)+before-1, 0)
	switch {
	case w.end.vacated: // decided when its channel ended
	case w.life.voluntary == yes || sv.o.NoRestart || sv.stopping != nil:
		sl.row = sv.timers.at(now.Add(rowKept), func(time.Time) { sv.forgetRow(sl) })
	case v.stop:
		sl.stopped = true
		text := sl.reason
		if text == "" {
			text = exitWords(w.end.exit)
		}
		sv.emitFor(w, Event{Kind: KindStopped, By: BySupervisor, Detail: StoppedDetail{Deaths: v.deaths, Text: text}})
	default:
		sv.forkLater(sl, w, v.after, now)
	}
}

// vacate replaces a worker whose channel has ended but whose process lives on.
func (sv *supervisor) vacate(w *worker, now time.Time) {
	v := sv.judge(w, now)
	sl := w.slot
	if w.life.voluntary == yes || sv.stopping != nil || sv.o.NoRestart || sl.heldByOther(w) {
		return
	}
	w.end.vacated = true
	switch {
	case v.stop:
		sl.stopped = true
		sv.emitFor(w, Event{Kind: KindStopped, By: BySupervisor, Detail: StoppedDetail{Deaths: v.deaths, Text: "channel ended"}})
	default:
		sv.forkLater(sl, w, v.after, now)
	}
}

// reforkFor forks the replacement of prev. If the slot has no room it returns
// nil, and the replacement is forked when there is room.
func (sv *supervisor) reforkFor(sl *slot, prev *worker, by By) *worker {
	sv.timers.stop(sl.due)
	sl.due, sl.want = nil, nil
	sv.pub.touch()
	if _, ok := sl.room(); !ok {
		sl.want = &want{prev, by}
		return nil
	}
	sl.stopped = false
	sl.restarts++
	sv.restarts++
	w := sv.fork(sl, by, prev, nil)
	sv.forgetRow(sl)
	return w
}

// forgetRow takes the row of the slot's last worker off the screen.
func (sv *supervisor) forgetRow(sl *slot) {
	sv.timers.stop(sl.row)
	sl.row, sl.last = nil, nil
	sv.pub.touch()
}

// forkLater schedules the fork of the slot's replacement, now or later.
func (sv *supervisor) forkLater(sl *slot, prev *worker, after time.Duration, now time.Time) {
	if after == 0 {
		sv.reforkFor(sl, prev, BySupervisor)
		return
	}
	sl.dueAt = now.Add(after)
	sl.due = sv.timers.at(sl.dueAt, func(time.Time) { sv.reforkFor(sl, prev, BySupervisor) })
}
