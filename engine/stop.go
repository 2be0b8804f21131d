package engine

import (
	"fmt"
	"time"
)

// stop begins the graceful end: let no new connections in, deal the waiting
// ones, tell the workers, wait for them.
func (l *loop) stop(by By) {
	if l.stopping != nil {
		return
	}
	now := l.now()
	l.stopping = &stopState{by: by, since: now}
	l.pub.touch()
	l.supervisor.clearSlots()
	l.ledger.quietAll()
	l.timers.at(now.Add(boundEvery), l.boundStop)
	l.timers.at(now.Add(quietFor), l.drain)
	l.timers.at(now.Add(quietFor+dealFor), func(time.Time) {
		l.tellAll()
		l.stopStep()
	})
}

// drain takes in connections that came before the end of the addresses began.
func (l *loop) drain(now time.Time) {
	if l.ledger.isQuieting() && now.Sub(l.stopping.since) < quietFor+dealFor {
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
	if len(l.workers) == 0 && l.supervisor.starting() == 0 {
		if l.asides.cancel != nil {
			l.asides.cancel() // nobody needs a lookup any more
		}
		l.ledger.closeAll()
		if l.stopping.empty.IsZero() {
			l.stopping.empty = l.now()
			close(l.tidier.finish)
		}
	}
}

// tellAll makes every worker leave.
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

// stopNow is a second stop: everything left ends at once.
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
		len(l.workers) == 0 && l.supervisor.starting() == 0 && l.ledger.allGone() && l.asides.waited == 0)
}

// boundStop keeps a stop within its time limit, from its beginning to its end.
func (l *loop) boundStop(now time.Time) {
	if l.finished() {
		return
	}
	l.timers.at(now.Add(boundEvery), l.boundStop)
	st := l.stopping
	var parts []stopPart
	for _, w := range l.workers {
		p := stopPart{left: w.left, forked: w.at.forked, starts: w.proc == nil, killed: w.end.killed}
		if w.life.procEnded {
			p.ended = w.at.ended
		}
		parts = append(parts, p)
	}
	switch stopBound(l.rules.stopLimit(st.since, st.empty, parts), st.atOnce, now) {
	case stopEnds:
		if st.now {
			return
		}
		for _, w := range l.supervisor.liveInOrder() {
			if w.proc != nil && !w.life.procEnded && w.end.killed.IsZero() {
				l.killer.tellKill(w, "the stop has come to its bound")
			}
		}
		l.killLeft()
	case stopLeaves:
		l.leaveBehind()
	}
}

// leaveBehind ends the loop although something is left, and says what.
func (l *loop) leaveBehind() {
	l.supervisor.abandon() // before the look: a process that starts now is killed by the goroutine that started it
	say := func(w *worker, what string) {
		l.failed(w, "", fmt.Errorf("the cluster ends without %s", what))
		l.leftBehind = append(l.leftBehind, what)
	}
	for _, w := range l.supervisor.liveInOrder() {
		say(w, l.leftWords(w))
	}
	if len(l.workers) == 0 && !l.stopping.tidied {
		say(nil, "the end of what workers have started")
	}
	l.ledger.closeAll()
	ps, _ := l.procs.List()
	for _, p := range ps {
		l.family.end(p)
	}
	l.stopping.left = true
}

// leftWords is what is left of a worker.
func (l *loop) leftWords(w *worker) string {
	switch {
	case w.proc == nil:
		return fmt.Sprintf("worker %d, whose process is still being started", w.id)
	case w.life.procEnded:
		return fmt.Sprintf("the exit of worker %d, whose process has ended", w.id)
	}
	text := fmt.Sprintf("worker %d: process %d has not ended", w.id, w.pid())
	if !w.end.killed.IsZero() {
		text += " by SIGKILL"
	}
	if tracer, name := tracerOf(w.pid()); tracer != 0 {
		text += fmt.Sprintf(", process %d (%s) traces it", tracer, name)
	}
	return text
}

// awaitTasks waits for the goroutines of a cluster whose loop has ended. A task
// that does not end (a listener that hangs) is left behind at the stop's time
// limit.
func (l *loop) awaitTasks() error {
	all := make(chan struct{})
	go func() { // ends with the last of them
		l.tasks.wait.Wait()
		close(all)
	}()
	left := l.leftBehind
	wait := time.NewTimer(max(time.Until(l.endBy), tasksFor))
	defer wait.Stop()
	ended := func() bool {
		select {
		case <-all:
			return true
		case <-wait.C:
			return false
		}
	}
	done := ended()
	if !done && l.panicked.Load() { // the panic is being reported: an owner that goes on could end the process before that
		wait.Reset(stopSlack)
		done = ended()
	}
	if !done && len(left) == 0 { // whatever was left has goroutines of its own
		left = []string{"a listener that has not returned"}
	}
	return leftError(left)
}

// tasksUntil is how long awaitTasks waits.
func (l *loop) tasksUntil(now time.Time) time.Time {
	st := l.stopping
	switch {
	case st.left:
		return now
	case !st.atOnce.IsZero():
		return st.atOnce.Add(atOnceLimit)
	case l.rules.grace > 0 && l.rules.kill > 0:
		return st.since.Add(l.rules.grace + l.rules.kill + stopSlack)
	}
	return now.Add(listenersFor)
}
