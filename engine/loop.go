package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"muster/engine/internal/proc"
	"muster/internal/cpus"
)

const (
	beatEvery   = 250 * time.Millisecond // how often to look for stalls
	lateBeat    = time.Second            // if the loop slept this much longer, the primary itself stood still
	sampleEvery = time.Second
)

// loop owns everything that is known about the cluster, in parts. Only its run
// goroutine touches them; everything else sends it a message. What other goroutines
// may read says so: atomics, procs, and what is to be read at the end.
type loop struct {
	*common
	ledger     *ledger
	paths      *paths
	granter    *granter
	intake     *intake
	messages   *messages
	killer     *killer
	stalls     *stalls
	observer   *observer
	leaver     *leaver
	plan       *plan
	supervisor *supervisor
	unserved   *unserved
	patrol     *patrol
	cpus       cpus.Count
	procs      proc.Set
	family     *family
	tidier     *tidier

	accepts []*msgAccepted // what takeAll takes in last

	ran         atomic.Bool
	longestStep atomic.Int64 // longest time in ns for one message: others have waited that long

	started time.Time

	unadopt func() // ends what adopt began
	unguard func() // ends the guard

	// To be read when run has returned.
	leftBehind []string  // what is left
	endBy      time.Time // how long to wait for the tasks
}

// newLoop makes the loop of a cluster that has not started. inherited are the
// sockets this process was started with.
func newLoop(o Options, prog program, inherited map[int]bool, now func() time.Time) *loop {
	l := &loop{
		common:  newCommon(o, kernel{}, now),
		started: now(), cpus: cpus.Usable(),
	}
	l.start = sync.OnceFunc(func() {
		l.spawnTask(l.dispatcher.run)
		l.spawnTask(l.run)
	})
	l.procs.Changed = make(chan struct{}, 1)
	l.family = &family{self: l.pid, token: newToken(), keep: o.KeepChildren, adoption: o.Adopt, procs: &l.procs}
	l.tasks.killAll = l.family.killAll
	l.tidier = newTidier(l.family, orphanTime(l.rules), l.post)
	l.ledger = newLedger(l.common)
	l.paths = &paths{common: l.common, ledger: l.ledger}
	l.granter = &granter{
		common: l.common, ledger: l.ledger, paths: l.paths, inherited: inherited,
		lookups: make(map[string][]question), opening: make(map[string][]question),
	}
	l.ledger.onAllClosed = l.granter.askClosed
	l.intake = &intake{common: l.common}
	l.messages = &messages{common: l.common, intake: l.intake}
	l.killer = &killer{common: l.common, ledger: l.ledger}
	l.stalls = &stalls{common: l.common, ledger: l.ledger, killer: l.killer, probeFD: -1}
	l.observer = &observer{common: l.common, ledger: l.ledger}
	l.leaver = &leaver{common: l.common, ledger: l.ledger, killer: l.killer, messages: l.messages, step: l.step}
	l.plan = &plan{common: l.common, ledger: l.ledger, program: prog}
	l.supervisor = &supervisor{
		common: l.common, ledger: l.ledger, killer: l.killer, stalls: l.stalls, leaver: l.leaver, plan: l.plan,
		family: l.family, tidier: l.tidier, procs: &l.procs, apiWorkers: apiWorkers{byID: make(map[int]*Worker)},
	}
	l.unserved = &unserved{common: l.common, ledger: l.ledger, supervisor: l.supervisor}
	l.patrol = &patrol{common: l.common, ledger: l.ledger, stalls: l.stalls}
	l.ledger.onGate = l.patrol.begin
	l.ledger.onClosing, l.granter.onGiven = l.supervisor.addressEnded, l.supervisor.takenOver
	return l
}

// The loop takes in what has come together, but no more than atOnce messages, and
// none after atOnceFor, before the timers have their turn.
const (
	atOnce    = 64
	atOnceFor = time.Millisecond
)

// yieldEvery is how often the loop yields to all runnable goroutines. On the
// one processor of muster's primary the scheduler would otherwise prefer the
// loop, and goroutines that wake each other, to one that returns from a long
// system call, for seconds.
const yieldEvery = time.Millisecond

// run is the loop. It returns when the cluster has stopped.
func (l *loop) run() {
	panicked := true
	defer func() {
		if panicked {
			l.panicked.Store(true)
		}
		close(l.done)
	}()
	l.begin()
	wake := newAlarm()
	defer wake.stop()
	awake := l.now() // when the loop last ran
	yielded := awake
	beat, sample := awake.Add(beatEvery), awake.Add(sampleEvery)

	for !l.finished() {
		due := beat
		if at := l.publish(); !at.IsZero() && at.Before(due) {
			due = at
		}
		if at, ok := l.timers.next(); ok && at.Before(due) {
			due = at
		}
		wake.set(due, l.now())
		var m msg
		select {
		case m = <-l.in:
		case <-wake.rings:
			wake.rang()
		}
		// Check this before anything is judged by the time: the beat wakes the
		// loop four times a second, so the primary stood still if the loop
		// slept for longer.
		now := l.now()
		if gap := now.Sub(awake) - beatEvery; gap > lateBeat {
			l.stoodStill(gap)
		}
		if m != nil {
			now = l.takeAll(m, now)
		}
		if !now.Before(beat) {
			beat = now.Add(beatEvery)
			l.stalls.beat(now)
			l.unserved.lookUnserved(now)
			l.ledger.lookSpoilt(now)
			l.ledger.lookBlocked()
			l.supervisor.refit(now)
			if now.Add(beatEvery / 2).After(sample) { // at the beat next to it, which saves a wake-up
				sample = now.Add(sampleEvery)
				l.observer.sample()
				l.paths.keepNames()
				l.leaver.lookAtLeaving()
			}
		}
		awake = l.now()
		l.timers.run(awake)
		l.patrol.awake(awake)
		if awake.Sub(yielded) > yieldEvery {
			runtime.Gosched()
			yielded = l.now()
		}
		l.stepped(now, l.now())
	}
	l.end()
	panicked = false
}

// takeAll takes in m and the messages that have come with it, and returns the time
// afterwards. Accepted connections come last: before them come the answers, which
// make room for them at the workers, and let the primary close its copies of
// connections before the workers close theirs, so that their ends are not the
// primary's work.
func (l *loop) takeAll(m msg, now time.Time) time.Time {
	began := now
	for n := 0; ; {
		if a, ok := m.(*msgAccepted); ok {
			l.accepts = append(l.accepts, a)
		} else {
			now = l.takeOne(m, now)
		}
		if n++; n == atOnce || now.Sub(began) > atOnceFor || l.finished() {
			break
		}
		select {
		case m = <-l.in:
			continue
		default:
		}
		break
	}
	for i, a := range l.accepts {
		now = l.takeOne(a, now)
		l.accepts[i] = nil
	}
	l.accepts = l.accepts[:0]
	return now
}

// takeOne takes in one message, and returns the time afterwards.
func (l *loop) takeOne(m msg, now time.Time) time.Time {
	l.take(m, now)
	after := l.now()
	l.stepped(now, after)
	return after
}

// stepped notes how long others have waited for one step.
func (l *loop) stepped(from, to time.Time) {
	if d := int64(to.Sub(from)); d > l.longestStep.Load() {
		l.longestStep.Store(d)
	}
}

// take takes in a message to the loop.
func (l *loop) take(m msg, now time.Time) {
	switch m := m.(type) {
	case *msgRead:
		l.read(m.w, m.msgs, now)
		if m.last {
			l.intake.readOn(m.w, m.buf, now)
		}
		l.reused.readAgain(m)
	case *msgAccepted:
		l.ledger.accepted(m.s, m.batch, now)
		l.reused.acceptedAgain(m)
	case msgCommand:
		l.command(m)
	case msgRun:
		l.forkFirst()
	case msgStop:
		l.stop(ByAPI)
		if m.now {
			l.stopNow()
		}
	case msgSetup:
		m.reply <- answer[struct{}]{err: l.setupAsked(m.s, m.found)}
	case msgFork:
		w, err := l.forkAsked(m.env)
		m.reply <- answer[*Worker]{w, err}
	case msgFailed:
		l.failed(nil, m.what, m.err)
	case msgMended:
		l.mended(nil, m.text)
	case msgSpawned:
		l.spawned(m)
	case msgChanEnd:
		l.chanEnded(m.w, m.err)
	case msgGone:
		l.step(m.w, inGone)
	case msgExited:
		l.procEnded(m.w, m.exit)
	case msgOrphans:
		l.orphans(m.w, m.d)
	case msgTidied:
		l.stopping.tidied = true
	case msgOutput:
		l.output(m.w, m.stream, m.lines)
	case msgSampled:
		l.observer.sampled(m.s)
	case msgLooked:
		l.leaver.lookedAt(m)
	case msgAside:
		m.take()
	case msgCounted:
		m.w.out.counted = m.conns
	case msgHandleClosed:
		l.messages.handleClosed(m.w, m.key)
	}
}

// begin makes what the loop needs, and starts accepting.
func (l *loop) begin() {
	testPanicPoint(l)
	l.started = l.now()
	l.supervisor.begin()
	undo, err := l.family.adopt()
	if err != nil {
		l.failed(nil, "", err)
		undo = func() {}
	}
	l.unadopt = undo
	l.unguard = guarding(l.common, l.family)
	l.spawnTask(l.tidier.run)
	l.ledger.begin()
	l.observer.sample()
}

// forkFirst is Run: it forks Options.Workers.
func (l *loop) forkFirst() {
	if l.stopping != nil {
		return
	}
	if err := l.plan.setupFirst(l.o.Workers); err != nil { // never fails: there are no new settings
		l.failed(nil, "", err)
	}
	for range l.o.Workers {
		l.supervisor.fork(l.supervisor.freeSlot(), ByAPI, nil, nil)
	}
}

// end is the last step before run returns: no worker lives and no address is
// open, except for what was left behind.
func (l *loop) end() {
	l.endBy = l.tasksUntil(l.now())
	l.supervisor.close()
	if l.asides.cancel != nil {
		l.asides.cancel()
	}
	l.stalls.close()
	close(l.tidier.quit)
	l.unguard()
	l.unadopt()
	l.dispatcher.end()
	l.pub.show(l.picture(l.now()))
}

// stoodStill moves all times by the time in which the primary itself was
// stopped (SIGSTOP, a debugger, a frozen machine), so that nobody is blamed for
// it.
func (l *loop) stoodStill(gap time.Duration) {
	l.timers.shift(gap)
	l.ledger.shift(gap)
	for _, w := range l.workers {
		w.left = w.left.shift(gap)
		w.silence.probe = w.silence.probe.shift(gap)
		w.flow.account.shift(gap)
		w.flow.slowed.movedAt = w.flow.slowed.movedAt.Add(gap)
	}
	if l.stopping != nil {
		l.stopping.shift(gap)
	}
}
