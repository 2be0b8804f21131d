package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
	"muster/internal/cpus"
)

// Cluster is the primary side. New makes one, Run runs it. All methods may be
// called from any goroutine.
type Cluster struct{ loop *loop }

// New checks the options and opens Options.Addr, so that a start that cannot
// work fails here, before anything is forked. The error for an address that
// cannot be opened is an *AddrError. New sets close-on-exec on every descriptor
// from 3 up, so that workers inherit none of them.
func New(o Options) (*Cluster, error) {
	switch {
	case o.Workers == 0:
		o.Workers = cpus.Usable().N
	case o.Workers > MaxWorkers:
		return nil, fmt.Errorf("%d workers: at most %d", o.Workers, MaxWorkers)
	}
	if o.Policy == 0 {
		o.Policy = nodePolicy(os.Getenv("NODE_CLUSTER_SCHED_POLICY"))
	}
	if !o.Policy.known() {
		return nil, fmt.Errorf("%v is not a policy", o.Policy)
	}
	if o.WorkerProcs <= 0 {
		o.WorkerProcs = 1
	}
	if o.StopSignal < NoStopSignal || o.StopSignal > signalMax {
		return nil, fmt.Errorf("stop signal %d: there is no such signal", o.StopSignal)
	}
	if o.StopMessage != nil && !json.Valid(o.StopMessage) {
		return nil, errors.New("the stop message is not JSON")
	}
	if o.Adopt < AdoptNone || o.Adopt > AdoptAll {
		return nil, fmt.Errorf("adoption %d is not known", o.Adopt)
	}
	given, err := Settings{}.merge(o.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	prog := programOf(given, findExec(given))
	if prog.err != nil {
		return nil, prog.err
	}
	inherited := sock.Sockets(proc.OpenDescriptors())
	proc.CloseOnExecAll()
	l := newLoop(o, prog, inherited, time.Now)
	l.plan.useSettings(given)
	if o.Addr != "" {
		a, err := ParseAddr(o.Addr)
		if err != nil {
			return nil, err
		}
		p, err := openPort(a, sock.Options{Sockets: l.ledger.sockets()})
		if err != nil {
			return nil, err
		}
		s, err := l.ledger.addServer(a.String(), p)
		if err != nil {
			return nil, err
		}
		s.keep = true
	}
	l.pub.snap.Store(l.picture(l.started))
	return &Cluster{loop: l}, nil
}

// Run forks Options.Workers workers and runs the cluster until it was told to
// stop: by Stop, or by ctx, whose end is the same as one Stop. It returns nil
// after a requested stop. Then no worker lives, nor any process a worker
// started (see Options.Adopt), no address is open, and every listener has been
// called. If the stop has reached its time limit (see Options.Grace) Run
// returns ErrLeftBehind, with what is left. Call Run once, and not from a
// listener. For a cluster that has stopped already it returns ErrStopped.
func (c *Cluster) Run(ctx context.Context) error {
	l := c.loop
	if l.ran.Swap(true) {
		return errors.New("a cluster is run once")
	}
	select {
	case <-l.done:
		return fmt.Errorf("run: %w", ErrStopped)
	default:
	}
	l.start()
	l.post(msgRun{})
	select {
	case <-ctx.Done():
		c.Stop()
		<-l.done
	case <-l.done:
	}
	return l.awaitTasks()
}

// Stop begins the graceful end: no new connections come in, waiting ones are
// dealt, every worker is told to disconnect. Stop returns at once; Done tells
// when all is over. A second Stop does nothing: see Close.
func (c *Cluster) Stop() {
	c.loop.start()
	c.loop.post(msgStop{})
}

// Close ends the cluster at once: it kills every worker and what it started
// (see Options.KeepChildren), and closes every address. It returns when nothing
// of the cluster is left, no process, goroutine or descriptor, and every
// listener has returned: do not call Close from a listener. It also closes a
// cluster that was never run. Closing twice is no error. After five seconds it
// returns ErrLeftBehind, with what is left.
func (c *Cluster) Close() error {
	c.loop.start()
	c.loop.post(msgStop{now: true})
	<-c.loop.done
	return c.loop.awaitTasks()
}

// Do carries out one command and answers when it has been acted on (a fork has
// a pid, a signal has been sent, a disconnect has been ordered), not when its
// consequences are over. Errors: ErrStopped, ErrNoWorker, ErrBusy,
// ErrBadRequest, ErrPolicyFixed, that of ctx, or why the command failed; all
// name the worker, if there is one.
func (c *Cluster) Do(ctx context.Context, cmd Command) (Result, error) { return c.loop.do(ctx, cmd) }

// Snapshot is the newest picture of the cluster; never nil. At most 10 new
// ones a second are made, and 4 while nobody asks for them.
func (c *Cluster) Snapshot() *Snapshot { return c.loop.pub.newest() }

// Events returns the events with Seq > after that are still in the ring (the
// last 2,048), oldest first, and how many events between after and the first
// one returned are gone.
func (c *Cluster) Events(after uint64) (ev []Event, lost uint64) {
	return c.loop.pub.events.after(after)
}

// Subscribe makes changed receive after new events and snapshots, once for many
// while nobody receives, until cancel is called. Any number may subscribe: see
// View.
func (c *Cluster) Subscribe() (changed <-chan struct{}, cancel func()) {
	return c.loop.pub.changed.subscribe()
}

// Done is closed when the cluster has stopped: no worker lives, no address is
// open, and no event or snapshot comes any more.
func (c *Cluster) Done() <-chan struct{} { return c.loop.done }

// Err is why Done was closed: nil before, and after a stop that has left
// nothing; otherwise ErrLeftBehind, with what is left. Run and Close also wait
// for the listeners, so they may report more.
func (c *Cluster) Err() error {
	select {
	case <-c.loop.done:
		return leftError(c.loop.leftBehind)
	default:
		return nil
	}
}

// KillAll kills every worker and what it started at once, and returns when all
// are gone or after one second. It is for a panic or a second signal: nothing
// is drained.
func (c *Cluster) KillAll() { c.loop.family.killAll() }
