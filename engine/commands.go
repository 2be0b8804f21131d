package engine

import (
	"fmt"
	"syscall"
)

// command carries out a Command.
func (l *loop) command(m msgCommand) {
	by := m.cmd.By
	if by == "" {
		by = ByAPI
	}
	r, later, err := l.act(m.cmd, by, m.reply)
	if !later {
		m.reply <- answer[Result]{r, err}
	}
}

// act carries out the command. later means that the reply comes later, for
// example with the fork's process.
func (l *loop) act(c Command, by By, reply chan<- answer[Result]) (r Result, later bool, err error) {
	if l.stopping != nil && c.Op != OpStop && c.Op != OpInspect && c.Op != OpSend && c.Op != OpWatch {
		return r, false, ErrStopped
	}
	switch c.Op {
	case OpFork:
		if err := checkEnv(c.Env); err != nil {
			return r, false, fmt.Errorf("fork: %w", err)
		}
		if err := l.supervisor.roomForOne(); err != nil {
			return r, false, err
		}
		w := l.supervisor.fork(l.supervisor.freeSlot(), by, nil, c.Env)
		w.start.reply = reply
		return r, true, nil

	case OpRestart:
		return l.actRestart(c.Worker, by, reply)

	case OpDisconnectAll:
		l.supervisor.clearSlots()
		for _, w := range l.supervisor.liveInOrder() {
			l.leaver.leave(w, by, callFacts{all: true})
		}
		return r, false, nil

	case OpPolicy:
		r.Policy, err = l.ledger.setPolicy(c.Policy, by)
		return r, false, err

	case OpWatch:
		return r, false, l.tracing.lease(c.Viewer, c.For, l.now())

	case OpStop:
		if l.stopping != nil {
			l.stopNow()
			return r, false, nil
		}
		l.stop(by)
		return r, false, nil
	}

	w := l.workers[c.Worker]
	if w == nil || w.life.procEnded {
		return r, false, fmt.Errorf("worker %d: %w", c.Worker, ErrNoWorker)
	}
	if c.Op == OpKill && (c.Signal < 0 || c.Signal > signalMax) {
		return r, false, badRequest(fmt.Errorf("%s to worker %d: %w", signalName(c.Signal), w.id, syscall.EINVAL))
	}
	if w.proc == nil {
		switch c.Op {
		case OpKill: // the signal is sent as soon as there is a process
			w.start.early = append(w.start.early, earlySignal{c.Signal, by})
			return r, false, nil
		case OpDisconnect: // the worker is told then
		default:
			return r, false, fmt.Errorf("worker %d is being started: %w", w.id, ErrBusy)
		}
	}
	switch c.Op {
	case OpKill:
		return r, false, l.kill(w, c.Signal, by)

	case OpCrash:
		l.emitCall(w, Event{Kind: KindKill, By: by, Detail: KillDetail{Signal: "SIGKILL", Crash: true}}, callFacts{past: true})
		l.killer.killWorker(w)
		return r, false, nil

	case OpDisconnect:
		if w.life.leaving {
			return r, false, fmt.Errorf("worker %d is leaving already: %w", w.id, ErrBusy)
		}
		l.leaver.leave(w, by, callFacts{})
		return r, false, nil

	case OpSend:
		if err := l.messages.sendUser(w, c.Message, c.Handle); err != nil {
			return r, false, err
		}
		l.messages.sent(w, c.Message, by)
		return r, false, nil

	case OpInspect:
		l.inspect(w, reply)
		return r, true, nil
	}
	return r, false, unknownOp(c.Op)
}

// actRestart restarts a live worker, or brings forward the fork of a slot that
// waits or has given up.
func (l *loop) actRestart(id int, by By, reply chan<- answer[Result]) (r Result, later bool, err error) {
	if w := l.workers[id]; w != nil {
		n, err := l.supervisor.restart(w, by)
		if err != nil {
			return r, false, err
		}
		n.start.reply = reply
		return r, true, nil
	}
	w, found, err := l.supervisor.retry(id, by)
	switch {
	case err != nil:
		return r, false, err
	case found:
		w.start.reply = reply
		return r, true, nil
	}
	return r, false, fmt.Errorf("worker %d: %w", id, ErrNoWorker)
}

// kill is worker.kill(signal): the signal and nothing else.
func (l *loop) kill(w *worker, sig syscall.Signal, by By) error {
	if sig == 0 {
		sig = syscall.SIGTERM
	}
	name := signalName(sig)
	// Send first: a signal that cannot be sent changes nothing. The exit it
	// causes comes through the loop, so after the events published here.
	first := sig
	if sig == syscall.SIGKILL {
		first = 0 // may it be sent?
	}
	if err := w.proc.Signal(first); err != nil {
		return fmt.Errorf("%s to worker %d: %w", name, w.id, err)
	}
	if endsWorker(sig) {
		l.step(w, inKill)
	}
	if sig == syscall.SIGKILL {
		l.killer.killWorker(w)
	}
	l.emitFor(w, Event{Kind: KindKill, By: by, Detail: KillDetail{Signal: name}})
	return nil
}

// forkAsked is cluster.fork(env).
func (l *loop) forkAsked(env []string) (*Worker, error) {
	if l.stopping != nil {
		return nil, ErrStopped
	}
	if err := l.supervisor.roomForOne(); err != nil {
		return nil, err
	}
	if err := l.plan.setup(Settings{}, ByAPI, foundExec{}); err != nil {
		return nil, err
	}
	return l.supervisor.fork(l.supervisor.freeSlot(), ByAPI, nil, env).api, nil
}

// setupAsked is cluster.setupPrimary(s).
func (l *loop) setupAsked(s Settings, found foundExec) error {
	if l.stopping != nil {
		return ErrStopped
	}
	return l.plan.setup(s, ByAPI, found)
}

// inspect looks at one worker closely, aside. The environment is the one the
// worker was started with.
func (l *loop) inspect(w *worker, reply chan<- answer[Result]) {
	d := &Details{Worker: w.id, PID: w.pid(), Command: l.plan.program.command, Dir: w.start.dir, Env: w.start.env, FDs: -1}
	l.runAside(func() error { l.sys.inspect(d); return nil }, func(err error) {
		if err != nil {
			reply <- answer[Result]{err: fmt.Errorf("inspecting worker %d: %w", w.id, err)}
			return
		}
		reply <- answer[Result]{v: Result{Details: d}}
	}, nil)
}
