package engine

import (
	"fmt"
	"strings"
	"time"
)

// A stop has a bound of its own, over all the limits of its workers: whatever one
// of them does, the cluster ends. What cannot be ended is left behind, and said.

const (
	// stopSlack is how much longer than its limits a stop may take.
	stopSlack = 2 * time.Second
	// stopKills is when, past the limits, all that is left is killed at once.
	stopKills = time.Second
	// atOnceLimit is how long an end at once may take.
	atOnceLimit = 5 * time.Second
	// listenersFor is how long listeners may take when the cluster has ended and no
	// Options.Grace bounds its stop.
	listenersFor = 10 * time.Second
	// tasksFor is the least time for what ends by itself when the cluster has ended.
	tasksFor = 250 * time.Millisecond
	// boundEvery is how often a stop is held against its bound.
	boundEvery = 50 * time.Millisecond
	// endTakes is what comes after the decision to end: the next look, the tasks, and
	// as much again as a look may be late. The whole is within the bound.
	endTakes = boundEvery + tasksFor + boundEvery
)

// stopPart is a worker a stop waits for.
type stopPart struct {
	left   leaving
	forked time.Time
	starts bool      // its process is being started
	killed time.Time // it was sent SIGKILL; zero = it was not
	ended  time.Time // its process has ended, its exit is not told; zero = it lives
}

// stopLimit is when a stop is over by the limits of the workers it waits for;
// zero = one of them may take as long as it likes, as Grace or KillTimeout wants it.
// since is when it was asked for, empty when the last worker had exited (zero = it
// has not): then what they have started has its time.
func (r leaveRules) stopLimit(since, empty time.Time, parts []stopPart) time.Time {
	if r.grace > 0 && r.kill > 0 {
		return since.Add(r.grace + r.kill)
	}
	if !empty.IsZero() {
		return empty.Add(orphanTime(r))
	}
	limit := since
	for _, p := range parts {
		var own time.Time
		switch {
		case !p.ended.IsZero():
			own = p.ended
		case !p.killed.IsZero():
			own = p.killed
		case p.starts:
			own = p.forked.Add(orphanTime(r))
		default:
			if own = r.killAt(p.left); own.IsZero() {
				return time.Time{}
			}
		}
		if own.After(limit) {
			limit = own
		}
	}
	return limit
}

// stopDo is what the bound of a stop asks for.
type stopDo int

const (
	stopWaits  stopDo = iota
	stopEnds          // kill all that is left
	stopLeaves        // end without it
)

// stopBound is what is to be done at now; limit is as of stopLimit, atOnce when an
// end at once was asked for (zero = it was not).
func stopBound(limit, atOnce, now time.Time) stopDo {
	switch {
	case !atOnce.IsZero() && !now.Before(atOnce.Add(atOnceLimit-endTakes)):
		return stopLeaves
	case limit.IsZero():
		return stopWaits
	case !now.Before(limit.Add(stopSlack - endTakes)):
		return stopLeaves
	case !now.Before(limit.Add(stopKills)):
		return stopEnds
	}
	return stopWaits
}

// boundStop holds a stop to its bound, from its beginning to its end.
func (l *loop) boundStop(now time.Time) {
	if l.finished() {
		return
	}
	l.timers.at(now.Add(boundEvery), l.boundStop)
	st := l.stopping
	var parts []stopPart
	for _, w := range l.workers {
		p := stopPart{left: w.left, forked: w.forked, starts: w.proc == nil, killed: w.killedAt}
		if w.life.procEnded {
			p.ended = w.ended
		}
		parts = append(parts, p)
	}
	switch stopBound(l.rules.stopLimit(st.since, st.empty, parts), st.atOnce, now) {
	case stopEnds:
		if st.now {
			return
		}
		for _, w := range l.supervisor.liveInOrder() {
			if w.proc != nil && !w.life.procEnded && w.killedAt.IsZero() {
				l.killer.tellKill(w, "the stop has come to its bound")
			}
		}
		l.killLeft()
	case stopLeaves:
		l.leaveBehind()
	}
}

// leaveBehind has the loop end although something is left, and says what.
func (l *loop) leaveBehind() {
	l.supervisor.abandoned.Store(true) // before the look: a process that comes now is killed by who started it
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
	if !w.killedAt.IsZero() {
		text += " by SIGKILL"
	}
	if tracer, name := tracerOf(w.pid()); tracer != 0 {
		text += fmt.Sprintf(", process %d (%s) traces it", tracer, name)
	}
	return text
}

// awaitTasks waits for the goroutines of a cluster whose loop has ended. A task that
// does not end (a listener that hangs) is left behind when the stop's bound is over.
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
	if !done && l.panicked.Load() { // it is being told: an owner that goes on could end the process before
		wait.Reset(stopSlack)
		done = ended()
	}
	if !done && len(left) == 0 { // what was left has goroutines of its own
		left = []string{"a listener that has not returned"}
	}
	return leftError(left)
}

// leftError is nil if nothing is left.
func leftError(left []string) error {
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrLeftBehind, strings.Join(left, "; "))
}

// tasksUntil is until when awaitTasks waits.
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

// shift moves all times by gap: the primary itself stood still.
func (s *stopState) shift(gap time.Duration) {
	for _, t := range []*time.Time{&s.since, &s.atOnce, &s.empty} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
}
