package engine

import (
	"fmt"
	"syscall"
	"time"

	"muster/internal/plural"
	"muster/ipc"
)

// leaver is the loop's part that takes a worker through its leave: takes it out
// of the rotation, tells it, looks at it, and ends it by a signal if necessary.
type leaver struct {
	*common
	ledger    *ledger
	killer    *killer
	messages  *messages
	looking   bool // a look at leaving workers is under way
	lookAgain bool // another look is wanted after it

	step func(*worker, input) // moves a worker's life, see loop.step
}

// tellAfter is the time between taking a worker out of the rotation and telling
// it: with less, Node 26 resets connections it has just been handed.
const tellAfter = 200 * time.Millisecond

// leave is worker.disconnect(): the worker is out of the rotation now, and told
// a little later.
func (lv *leaver) leave(w *worker, by By, call callFacts) {
	if w.life.leaving || w.life.chanEnded {
		return
	}
	now := lv.now()
	d := LeaveDetail{GraceMs: ms(lv.o.Grace)}
	if w.seen.stats != nil {
		d.InFlight = w.seen.stats.open()
	}
	lv.step(w, inOrder)
	lv.timers.stop(w.restart.up) // the leave has limits of its own
	lv.emitCall(w, Event{Kind: KindLeave, By: by, Detail: d}, call)
	wait := tellAfter
	if len(w.servers) == 0 {
		wait = 0
	}
	w.due.tell = lv.timers.at(now.Add(wait), func(time.Time) { lv.tellToLeave(w) })
	lv.leaves(w, now)
}

// tellToLeave tells a worker to disconnect, once. A worker without a process
// yet is told when it has one.
func (lv *leaver) tellToLeave(w *worker) {
	if w.ch == nil || w.life.chanEnded || !w.left.told.IsZero() {
		return
	}
	if m := lv.o.StopMessage; m != nil {
		if err := lv.messages.sendUser(w, m, nil); err != nil {
			lv.failed(w, fmt.Sprintf("stop message to worker %d", w.id), err)
		} else {
			lv.messages.sent(w, m, BySupervisor)
		}
	}
	lv.tellKept(w, lv.alone(w))
	lv.send(w, ipc.Disconnect{Seq: lv.nextSeq()})
	w.left.told = lv.now()
}

// announced takes in that a worker leaves by itself.
func (lv *leaver) announced(w *worker) {
	now := lv.now()
	if !w.life.leaving {
		lv.emitCall(w, Event{Kind: KindLeave, By: ByOutside, Detail: LeaveDetail{GraceMs: ms(lv.o.Grace)}}, callFacts{own: true})
	}
	lv.step(w, inAnnounce)
	if w.life.chanEnded {
		return
	}
	if w.left.told.IsZero() {
		w.left.told = now
	}
	lv.leaves(w, now)
}

// leftChannel takes in that the channel of a worker has ended but its process
// has not: the process may tidy up, but not for ever.
func (lv *leaver) leftChannel(w *worker, now time.Time) {
	w.left.ended = true
	w.left.drained = !w.left.told.IsZero() && len(w.servers) > 0
	w.left.told, w.left.clear = now, 0
	lv.leaves(w, now)
	lv.lookAtLeaving()
}

// leaves starts the clock of a leave.
func (lv *leaver) leaves(w *worker, now time.Time) {
	if w.left.since.IsZero() {
		w.left.since = now
	}
	lv.leaveStep(w)
}

// leaveStep carries out the next step of the rules for a worker that leaves.
func (lv *leaver) leaveStep(w *worker) {
	lv.timers.stop(w.due.grace)
	w.due.grace = nil
	if w.life.gone {
		return
	}
	now := lv.now()
	do, at := lv.rules.next(w.left, now)
	switch {
	case do == leaveWait && at.IsZero():
		return
	case do == leaveWait:
	case w.proc == nil: // asked again when the process is there
		return
	case do == leaveSignal && inItsEnd(w.proc): // it is ending by itself: the signal must not become its reason
		at = now.Add(dyingAgain)
	case do == leaveSignal:
		lv.sendStopSignal(w, now)
		return
	default:
		w.left.killed = true
		lv.killer.kill9(w, lv.whyKilled(w, now))
		return
	}
	w.due.grace = lv.timers.at(at, func(time.Time) { lv.leaveStep(w) })
}

// sendStopSignal sends the stop signal, and SIGCONT in case the worker is
// stopped.
func (lv *leaver) sendStopSignal(w *worker, now time.Time) {
	why := "nothing is open any more, and it lives on"
	if w.left.empty.IsZero() {
		why = fmt.Sprintf("the grace of %v is over", lv.o.Grace)
	}
	sig := lv.rules.signal
	name := signalName(sig)
	lv.emitFor(w, Event{Kind: KindKill, By: BySupervisor, Detail: KillDetail{Signal: name, Reason: why}})
	if err := w.proc.Signal(sig); err != nil {
		lv.failed(w, fmt.Sprintf("%s to worker %d", name, w.id), err)
	}
	_ = w.proc.Signal(syscall.SIGCONT)
	w.left.stopped = now
	lv.leaveStep(w)
}

// whyKilled is why a worker that leaves gets SIGKILL.
func (lv *leaver) whyKilled(w *worker, now time.Time) string {
	switch v := w.left; {
	case !v.stopped.IsZero():
		return fmt.Sprintf("%s did not end it in %v", signalName(lv.rules.signal), roundly(now.Sub(v.stopped)))
	case !v.empty.IsZero():
		return fmt.Sprintf("nothing has been open for %v, and it lives on", roundly(now.Sub(v.empty)))
	}
	return fmt.Sprintf("the grace of %v is over", lv.o.Grace)
}

// roundly is a time, rounded for people.
func roundly(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// tellKept tells a Go worker how long its kept connections may hold it up when
// it leaves.
func (lv *leaver) tellKept(w *worker, alone bool) {
	if w.seen.stats == nil || w.life.chanEnded {
		return
	}
	limit := keptLimit(lv.o.Grace, alone).Milliseconds()
	if line, err := ipc.AppendMuster(nil, kept{&limit}); err == nil {
		_ = w.ch.Send(line, -1) // on an error the reader says what is wrong
	}
}

// alone tells whether no other worker stays when w leaves.
func (lv *leaver) alone(w *worker) bool {
	for _, other := range lv.workers {
		if other != w && !other.life.leaving && other.life.state == StateListening {
			return false
		}
	}
	return true
}

// keptLimit is how long a worker that leaves may wait for kept connections, so
// that it is done when the grace is over (grace 0 = never). alone: no other
// worker stays.
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

// cutShort ends a worker that lives on without its channel, if necessary. It
// returns false if the limits of a leave are enough.
func (lv *leaver) cutShort(w *worker, since, now time.Time) bool {
	n := lv.ledger.unanswered(w)
	do, at := channelEnd{unanswered: n, since: since, gone: w.life.gone, dying: inItsEnd(w.proc)}.next(now)
	switch do {
	case endLeave:
		return false
	case endWait:
		w.due.cutOff = lv.timers.at(at, func(now time.Time) { lv.cutShort(w, since, now) })
	case endKill:
		if !w.left.killed {
			w.left.killed = true
			lv.killer.kill9(w, fmt.Sprintf("its channel has ended with %s unanswered, and it lives on", plural.Of(n, "hand-off")))
		}
	}
	return true
}

// awaitChannel waits for the end of the channel of a worker whose process has
// ended: a process it started may hold the worker's end, and read unanswered
// hand-offs there. If hand-offs are unanswered the process group is killed
// first, unless it was killed already or children are kept.
func (lv *leaver) awaitChannel(w *worker, now time.Time, killed bool) {
	w.due.otherEnd = lv.timers.at(now.Add(otherEndWait), func(now time.Time) {
		if n := lv.ledger.unanswered(w); !killed && n > 0 {
			lv.failed(w, "", fmt.Errorf("worker %d has ended with %s unanswered, and what it has started holds its channel: its process group gets SIGKILL",
				w.id, plural.Of(n, "hand-off")))
			w.proc.SignalGroup(syscall.SIGKILL)
			lv.awaitChannel(w, now, true)
			return
		}
		w.ch.Close() // the reader ends and says so
	})
}
