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
	cpus       cpus.Count
	procs      proc.Set
	family     *family
	tidier     *tidier

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
	l.ledger.onClosing, l.granter.onGiven = l.supervisor.addressEnded, l.supervisor.takenOver
	return l
}

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
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	sample := time.NewTicker(sampleEvery)
	defer sample.Stop()
	deadline := time.NewTimer(time.Hour)
	defer deadline.Stop()
	awake := l.now() // when the loop last ran
	yielded := awake

	for !l.finished() {
		due := l.publish()
		if at, ok := l.timers.next(); ok && (due.IsZero() || at.Before(due)) {
			due = at
		}
		if due.IsZero() {
			deadline.Reset(time.Hour)
		} else {
			deadline.Reset(due.Sub(l.now()))
		}
		var m msg
		var beats, samples bool
		select {
		case m = <-l.in:
		case <-deadline.C:
		case <-beat.C:
			beats = true
		case <-sample.C:
			samples = true
		}
		// Check this before anything is judged by the time: the beat wakes the
		// loop four times a second, so the primary stood still if the loop
		// slept for longer.
		now := l.now()
		if gap := now.Sub(awake) - beatEvery; gap > lateBeat {
			l.stoodStill(gap)
		}
		switch {
		case m != nil:
			l.take(m)
		case beats:
			l.stalls.beat(now)
			l.unserved.lookUnserved(now)
		case samples:
			l.observer.sample()
			l.paths.keepNames()
			l.leaver.lookAtLeaving()
		}
		awake = l.now()
		l.timers.run(awake)
		if awake.Sub(yielded) > yieldEvery {
			runtime.Gosched()
			yielded = l.now()
		}
		if d := int64(l.now().Sub(now)); d > l.longestStep.Load() {
			l.longestStep.Store(d)
		}
	}
	l.end()
	panicked = false
}

// take takes in a message to the loop.
func (l *loop) take(m msg) {
	now := l.now()
	switch m := m.(type) {
	case msgRead:
		l.read(m.w, m.msgs, now)
		if m.last {
			l.intake.readOn(m.w, m.buf, now)
		}
	case msgAccepted:
		l.ledger.accepted(m.s, m.batch, now)
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
