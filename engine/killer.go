package engine

import "syscall"

// killer is the loop's part that ends workers by SIGKILL, and has counted before
// what that costs.
type killer struct {
	*common
	ledger *ledger
}

// kill9 ends a worker, by the rules. What it started follows: see tidier.
func (l *killer) kill9(w *worker, why string) {
	l.tellKill(w, why)
	l.killWorker(w)
}

// tellKill says that a worker is killed by the rules.
func (l *killer) tellKill(w *worker, why string) {
	l.emitCall(w, Event{Kind: KindKill, By: BySupervisor, Detail: KillDetail{Signal: "SIGKILL", Reason: why}}, callFacts{past: true})
}

// killedNow remembers that a worker was sent SIGKILL.
func (l *killer) killedNow(w *worker) {
	if w.end.killed.IsZero() {
		w.end.killed = l.now()
	}
}

// killWorker sends SIGKILL to a worker. If nothing else will tell what that
// costs, it is counted first, off the loop: then the signal is some milliseconds
// late.
func (l *killer) killWorker(w *worker) {
	l.killedNow(w)
	o := &w.out
	known := o.tally != nil && !o.late || !o.served || o.drained || o.taken == o.base && !o.accepts
	ports := l.ledger.clusterPorts()
	for s := range w.servers {
		known = known || s.addr.Network == "unix" // the kernel does not list those
	}
	if known || len(ports) == 0 || w.life.gone {
		if err := w.proc.Signal(syscall.SIGKILL); err != nil {
			l.failed(w, "SIGKILL to "+w.api.String(), err)
		}
		return
	}
	l.spawnTask(func() {
		if conns, ok := countStopped(w.proc, ports); ok {
			l.post(msgCounted{w, conns})
		}
		if err := w.proc.Signal(syscall.SIGKILL); err != nil {
			l.post(msgFailed{"SIGKILL to " + w.api.String(), err})
		}
	})
}
