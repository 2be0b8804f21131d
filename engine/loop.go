package engine

import (
	"encoding/json"
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/ipc"
)

const (
	beatEvery   = 250 * time.Millisecond // stalls are looked for
	lateBeat    = time.Second            // asleep for this much longer: the primary itself stood still
	sampleEvery = time.Second
	snapEvery   = 100 * time.Millisecond // at most one snapshot in this time
)

// loop owns everything that is known about the cluster. Only its run goroutine
// touches the fields below the line; everything else sends it a message.
type loop struct {
	o         Options
	cpus      int
	inherited map[int]bool // sockets this process was started with
	now       func() time.Time
	events    *eventRing
	changed   chan struct{}
	snap      atomic.Pointer[Snapshot]
	in        chan msg
	done      chan struct{} // closed when run has returned
	procs     procSet
	tasks     sync.WaitGroup // goroutines of ours, run among them

	starting    sync.Once
	ran         atomic.Bool
	listeners   clusterListeners
	dispatcher  *dispatcher
	live        liveWorkers
	settingsNow atomic.Pointer[Settings]
	policyNow   atomic.Int32
	logsMissed  atomic.Uint64

	// ---- owned by run ----

	pid     int
	started time.Time
	policy  Policy

	settings Settings
	wasSetUp bool
	program  program // what settings run

	servers map[string]*server // by key
	order   []*server          // in the order they were opened
	workers map[int]*worker    // live ones by id
	slots   []*slot
	nextID  int
	timers  timers
	spawner *spawner

	conns     []held // accepted and not taken; a conn is an index
	freeConns []conn
	seq       int64 // of messages we send: hand-offs and orders
	buf       []byte

	tot       totals
	handOff   *Latency
	tick      uint64
	sampledAt time.Time
	sampling  bool
	sampler   *sampler // only one task at a time has it
	reqRate   *float64
	self      usage
	watching  *watch // nil = single connections are not watched

	spawning int        // forks whose process is not there yet
	closing  int        // servers whose sockets are not closed yet
	asked    []question // to be answered when none is
	stopping *stopState
	dirty    bool
	snapAt   time.Time
	snapDue  *timer
}

// totals are the counters of a Snapshot.
type totals struct {
	restarts, accepted, dealt, taken, refused, again, lost, odd uint64
}

// held is an accepted connection the primary still has a copy of.
type held struct {
	fd    int
	at    time.Time
	again bool     // it was handed off before
	kept  *watched // nil = not one of those that are watched
}

// msg is what the loop's goroutine is told. The list of types below is the
// list of everything that can happen.
type msg interface{ isMsg() }

type (
	msgCommand struct {
		cmd   Command
		reply chan<- answer[Result]
	}
	msgRun   struct{}           // Run was called
	msgStop  struct{ now bool } // to end, gracefully or at once
	msgSetup struct {
		s     Settings
		reply chan<- answer[struct{}]
	}
	msgFork struct {
		env   []string
		reply chan<- answer[*Worker]
	}
	msgAccepted struct {
		s     *server
		batch []accepted
	}
	msgFailed struct { // something outside the loop failed and goes on
		what string
		err  error
	}
	msgSpawned struct {
		w    *worker
		p    *proc
		ch   *ipc.Conn
		errs *lineReader
		err  error
	}
	msgRead struct {
		w    *worker
		msgs []ipc.Message
	}
	msgChanEnd struct {
		w   *worker
		err error
	}
	msgExited struct {
		w     *worker
		state *os.ProcessState
	}
	msgOutput struct {
		w      *worker
		stream string
		lines  []outLine
	}
	msgSampled      struct{ s samples }
	msgHandleClosed struct {
		w   *worker
		key json.RawMessage
	}
	msgClosed struct {
		s   *server
		err error
	}
)

func (msgCommand) isMsg()      {}
func (msgRun) isMsg()          {}
func (msgStop) isMsg()         {}
func (msgSetup) isMsg()        {}
func (msgFork) isMsg()         {}
func (msgAccepted) isMsg()     {}
func (msgFailed) isMsg()       {}
func (msgSpawned) isMsg()      {}
func (msgRead) isMsg()         {}
func (msgChanEnd) isMsg()      {}
func (msgExited) isMsg()       {}
func (msgOutput) isMsg()       {}
func (msgSampled) isMsg()      {}
func (msgClosed) isMsg()       {}
func (msgHandleClosed) isMsg() {}

// post hands a message to the loop. It returns false if the loop has ended; the
// message is the caller's again then.
func (l *loop) post(m msg) bool {
	select {
	case l.in <- m:
		return true
	case <-l.done:
		return false
	}
}

// spawnTask runs f on a goroutine of the cluster. A panic in it ends the
// process in good order.
func (l *loop) spawnTask(f func()) {
	l.tasks.Add(1)
	go func() {
		defer l.tasks.Done()
		defer l.onPanic()
		f()
	}()
}

// onPanic is deferred in every goroutine of the cluster.
func (l *loop) onPanic() {
	v := recover()
	if v == nil {
		return
	}
	if l.o.OnPanic != nil {
		l.o.OnPanic(v, debug.Stack())
	}
	l.procs.killAll()
	panic(v)
}

// start starts the loop and the dispatcher, once.
func (l *loop) start() {
	l.starting.Do(func() {
		l.spawnTask(l.dispatcher.run)
		l.spawnTask(l.run)
	})
}

// run is the loop. It returns when the cluster has stopped.
func (l *loop) run() {
	defer close(l.done)
	l.begin()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	sample := time.NewTicker(sampleEvery)
	defer sample.Stop()
	deadline := time.NewTimer(time.Hour)
	defer deadline.Stop()
	awake := l.now() // when the loop last ran

	for !l.finished() {
		l.publish()
		if at, ok := l.timers.next(); ok {
			deadline.Reset(at.Sub(l.now()))
		} else {
			deadline.Reset(time.Hour)
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
		// Before anything is judged by the time: the beat wakes the loop four times
		// a second, so it was not there if it slept for longer.
		now := l.now()
		if gap := now.Sub(awake) - beatEvery; gap > lateBeat {
			l.stoodStill(gap)
		}
		switch {
		case m != nil:
			l.handle(m)
		case beats:
			l.beat(now)
		case samples:
			l.sample()
		}
		awake = l.now()
		l.timers.run(awake)
	}
	l.end()
}

func (l *loop) handle(m msg) {
	now := l.now()
	switch m := m.(type) {
	case msgRead:
		l.read(m.w, m.msgs, now)
	case msgAccepted:
		l.accepted(m.s, m.batch, now)
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
		m.reply <- answer[struct{}]{err: l.setupAsked(m.s)}
	case msgFork:
		w, err := l.forkAsked(m.env)
		m.reply <- answer[*Worker]{w, err}
	case msgFailed:
		l.failed(nil, m.what, m.err)
	case msgSpawned:
		l.spawned(m)
	case msgChanEnd:
		l.chanEnded(m.w, m.err)
	case msgExited:
		l.procEnded(m.w, m.state)
	case msgOutput:
		l.output(m.w, m.stream, m.lines)
	case msgSampled:
		l.sampled(m.s)
	case msgClosed:
		l.closed(m.s, m.err)
	case msgHandleClosed:
		l.handleClosed(m.w, m.key)
	}
}

// begin makes what the loop needs, and accepts where the primary does.
func (l *loop) begin() {
	testPanicPoint(l)
	l.started = l.now()
	l.pid = os.Getpid()
	l.spawner = newSpawner(l.spawnTask)
	for _, s := range l.order {
		l.serve(s)
	}
	l.sample()
}

// forkFirst is Run: it forks Options.Workers.
func (l *loop) forkFirst() {
	if l.stopping != nil {
		return
	}
	if l.o.Workers > 0 || !l.wasSetUp {
		if err := l.setup(Settings{}, ByAPI); err != nil { // no settings, so nothing to be wrong with
			l.failed(nil, "", err)
		}
	}
	for range l.o.Workers {
		l.fork(l.freeSlot(), ByAPI, nil, nil)
	}
}

// end is the last thing before run returns: no worker lives, no address is open.
func (l *loop) end() {
	l.spawner.close()
	l.dispatcher.end()
	l.dirty, l.snapAt = true, time.Time{}
	l.publish()
}

// stoodStill forgives everybody what happened while the primary itself was
// stopped (SIGSTOP, a debugger, a frozen machine).
func (l *loop) stoodStill(gap time.Duration) {
	l.timers.shift(gap)
	for _, s := range l.order {
		s.dealer.Shift(gap)
	}
}

// emit publishes an event.
func (l *loop) emit(e Event) {
	if e.Time.IsZero() {
		e.Time = l.now()
	}
	e.Seq = l.events.add(e)
	l.dirty = true
	l.wake()
	l.log(e)
}

// emitFor publishes an event of a worker.
func (l *loop) emitFor(w *worker, e Event) {
	e.Worker, e.Slot, e.PID = w.id, w.slot.index, w.pid()
	l.emit(e)
	l.deliver(w.live, e)
}

// failed publishes an error event; w may be nil.
func (l *loop) failed(w *worker, what string, err error) {
	text := err.Error()
	if what != "" {
		text = what + ": " + text
	}
	e := Event{Kind: KindError, By: BySupervisor, Detail: ErrorDetail{Text: validText(text), Errno: errnoName(err)}}
	if w != nil {
		l.emitFor(w, e)
		return
	}
	l.emit(e)
}

func (l *loop) wake() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// validText is what events may hold: valid UTF-8, cut at 4 KiB.
func validText(s string) string {
	cut := len(s) > lineMax
	if cut {
		s = s[:lineMax]
	}
	return strings.TrimRight(lineText([]byte(s), cut), "\n")
}

// ErrStopped is returned by Do when the cluster has stopped or is stopping.
var ErrStopped = errors.New("the cluster is stopping or has stopped")

// ErrNoWorker is returned by Do for a worker that does not live.
var ErrNoWorker = errors.New("no such worker")

// ErrBusy is returned by Do for what cannot be done just now.
var ErrBusy = errors.New("not now")
