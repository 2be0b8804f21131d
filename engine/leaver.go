package engine

import (
	"fmt"
	"syscall"
	"time"

	"muster/internal/plural"
	"muster/ipc"
)

// leaver is the loop's part that takes a worker through its leave: out of the
// rotation, told, looked at, ended by a signal if it has to be.
type leaver struct {
	*common
	ledger    *ledger
	killer    *killer
	messages  *messages
	looking   bool // a look at those that leave is under way
	lookAgain bool // and another is wanted after it

	step func(*worker, input) // moves a worker's life, see loop.step
}

// tellAfter is the time between a worker's leaving the rotation and its being
// told: with less, Node 26 resets connections it has just been handed.
const tellAfter = 200 * time.Millisecond

// leave is worker.disconnect(): out of the rotation now, told a little later.
func (l *leaver) leave(w *worker, by By, call callFacts) {
	if w.life.leaving || w.life.chanEnded {
		return
	}
	now := l.now()
	d := LeaveDetail{GraceMs: ms(l.o.Grace)}
	if w.seen.stats != nil {
		d.InFlight = w.seen.stats.open()
	}
	l.step(w, inOrder)
	l.timers.stop(w.restart.up) // its leave has limits of its own
	l.emitCall(w, Event{Kind: KindLeave, By: by, Detail: d}, call)
	wait := tellAfter
	if len(w.servers) == 0 {
		wait = 0
	}
	w.due.tell = l.timers.at(now.Add(wait), func(time.Time) { l.tellToLeave(w) })
	l.leaves(w, now)
}

// tellToLeave tells a worker to disconnect, once. One that has no process yet is
// told when it has.
func (l *leaver) tellToLeave(w *worker) {
	if w.ch == nil || w.life.chanEnded || !w.left.told.IsZero() {
		return
	}
	if m := l.o.StopMessage; m != nil {
		if err := l.messages.sendUser(w, m, nil); err != nil {
			l.failed(w, fmt.Sprintf("stop message to worker %d", w.id), err)
		} else {
			l.messages.sent(w, m, BySupervisor)
		}
	}
	l.tellKept(w, l.alone(w))
	l.send(w, ipc.Disconnect{Seq: l.nextSeq()})
	w.left.told = l.now()
}

// announced takes in that a worker leaves by itself.
func (l *leaver) announced(w *worker) {
	now := l.now()
	if !w.life.leaving {
		l.emitCall(w, Event{Kind: KindLeave, By: ByOutside, Detail: LeaveDetail{GraceMs: ms(l.o.Grace)}}, callFacts{own: true})
	}
	l.step(w, inAnnounce)
	if w.life.chanEnded {
		return
	}
	if w.left.told.IsZero() {
		w.left.told = now
	}
	l.leaves(w, now)
}

// leftChannel takes in that the channel of a worker has ended and its process
// has not: it may tidy up, but not for ever.
func (l *leaver) leftChannel(w *worker, now time.Time) {
	w.left.ended = true
	w.left.drained = !w.left.told.IsZero() && len(w.servers) > 0
	w.left.told, w.left.clear = now, 0
	l.leaves(w, now)
	l.lookAtLeaving()
}

// leaves starts the clock of a leave.
func (l *leaver) leaves(w *worker, now time.Time) {
	if w.left.since.IsZero() {
		w.left.since = now
	}
	l.leaveStep(w)
}

// leaveStep carries out what the rules say is next for a worker that leaves.
func (l *leaver) leaveStep(w *worker) {
	l.timers.stop(w.due.grace)
	w.due.grace = nil
	if w.life.gone {
		return
	}
	now := l.now()
	do, at := l.rules.next(w.left, now)
	switch {
	case do == leaveWait && at.IsZero():
		return
	case do == leaveWait:
	case w.proc == nil: // asked again when it is there
		return
	case do == leaveSignal && inItsEnd(w.proc): // its end must stay its own
		at = now.Add(dyingAgain)
	case do == leaveSignal:
		l.sendStopSignal(w, now)
		return
	default:
		w.left.killed = true
		l.killer.kill9(w, l.whyKilled(w, now))
		return
	}
	w.due.grace = l.timers.at(at, func(time.Time) { l.leaveStep(w) })
}

// sendStopSignal sends the stop signal, and SIGCONT, should the worker be
// stopped.
func (l *leaver) sendStopSignal(w *worker, now time.Time) {
	why := "nothing is open any more, and it lives on"
	if w.left.empty.IsZero() {
		why = fmt.Sprintf("the grace of %v is over", l.o.Grace)
	}
	sig := l.rules.signal
	name := signalName(sig)
	l.emitFor(w, Event{Kind: KindKill, By: BySupervisor, Detail: KillDetail{Signal: name, Reason: why}})
	if err := w.proc.Signal(sig); err != nil {
		l.failed(w, fmt.Sprintf("%s to worker %d", name, w.id), err)
	}
	_ = w.proc.Signal(syscall.SIGCONT)
	w.left.stopped = now
	l.leaveStep(w)
}

// whyKilled is why a worker that leaves gets SIGKILL.
func (l *leaver) whyKilled(w *worker, now time.Time) string {
	switch v := w.left; {
	case !v.stopped.IsZero():
		return fmt.Sprintf("%s did not end it in %v", signalName(l.rules.signal), roundly(now.Sub(v.stopped)))
	case !v.empty.IsZero():
		return fmt.Sprintf("nothing has been open for %v, and it lives on", roundly(now.Sub(v.empty)))
	}
	return fmt.Sprintf("the grace of %v is over", l.o.Grace)
}

// roundly is a time as people say it.
func roundly(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// tellKept tells a Go worker how long its kept connections may hold it up when
// it leaves.
func (l *leaver) tellKept(w *worker, alone bool) {
	if w.seen.stats == nil || w.life.chanEnded {
		return
	}
	limit := keptLimit(l.o.Grace, alone).Milliseconds()
	if line, err := ipc.AppendMuster(nil, kept{&limit}); err == nil {
		_ = w.ch.Send(line, -1) // its reader says what is wrong
	}
}

// alone tells whether no other worker stays when w leaves.
func (l *leaver) alone(w *worker) bool {
	for _, other := range l.workers {
		if other != w && !other.life.leaving && other.life.state == StateListening {
			return false
		}
	}
	return true
}

// keptLimit is how long a worker that leaves may wait for kept connections, so
// that it is done when the grace is over (0 = never). alone: no other worker
// stays.
func keptLimit(grace time.Duration, alone bool) time.Duration {
	kept := keptFor
	if alone {
		kept = idleFor
	}
	if grace > 0 {
		kept = min(kept, max(grace-tellAfter-2*lingerFor, grace/2))
	}
	return kept
}

// cutShort ends a worker that lives on without its channel, if it has to be. It
// is false if the limits of a leave are enough.
func (l *leaver) cutShort(w *worker, since, now time.Time) bool {
	n := l.ledger.unanswered(w)
	do, at := channelEnd{unanswered: n, since: since, gone: w.life.gone, dying: inItsEnd(w.proc)}.next(now)
	switch do {
	case endLeave:
		return false
	case endWait:
		w.due.cutOff = l.timers.at(at, func(now time.Time) { l.cutShort(w, since, now) })
	case endKill:
		if !w.left.killed {
			w.left.killed = true
			l.killer.kill9(w, fmt.Sprintf("its channel has ended with %s unanswered, and it lives on", plural.Of(n, "hand-off")))
		}
	}
	return true
}

// awaitChannel waits for the end of the channel of a worker whose process has ended:
// something that it started may hold its end, and read there what the worker has
// not answered. If there is such, that is killed first, unless it was or is kept.
func (l *leaver) awaitChannel(w *worker, now time.Time, killed bool) {
	w.due.otherEnd = l.timers.at(now.Add(otherEndWait), func(now time.Time) {
		if n := l.ledger.unanswered(w); !killed && n > 0 {
			l.failed(w, "", fmt.Errorf("worker %d has ended with %s unanswered, and what it has started holds its channel: its process group gets SIGKILL",
				w.id, plural.Of(n, "hand-off")))
			w.proc.SignalGroup(syscall.SIGKILL)
			l.awaitChannel(w, now, true)
			return
		}
		w.ch.Close() // its reader ends and says so
	})
}
