package engine

import "syscall"

// killer is the loop's part that ends workers by SIGKILL, after counting what
// that costs.
type killer struct {
	*common
	ledger *ledger
}

// kill9 ends a worker, by the supervisor's rules. The tidier ends the processes
// the worker started.
func (k *killer) kill9(w *worker, why string) {
	k.tellKill(w, why)
	k.killWorker(w)
}

// tellKill says that a worker is killed by the supervisor's rules.
func (k *killer) tellKill(w *worker, why string) {
	k.emitCall(w, Event{Kind: KindKill, By: BySupervisor, Detail: KillDetail{Signal: "SIGKILL", Reason: why}}, callFacts{past: true})
}

// killedNow remembers that a worker was sent SIGKILL.
func (k *killer) killedNow(w *worker) {
	if w.end.killed.IsZero() {
		w.end.killed = k.now()
	}
}

// killWorker sends SIGKILL to a worker. If nothing else will tell the cost of
// the death, it is counted first, off the loop: then the signal is some
// milliseconds late.
func (k *killer) killWorker(w *worker) {
	k.killedNow(w)
	o := &w.out
	known := o.tally != nil && !o.late || !o.served || o.drained || o.taken == o.base && !o.accepts
	ports := k.ledger.clusterPorts()
	for s := range w.servers {
		known = known || s.addr.Network == "unix" // the kernel does not list connections of unix sockets
	}
	if known || len(ports) == 0 || w.life.gone {
		if err := w.proc.Signal(syscall.SIGKILL); err != nil {
			k.failed(w, "SIGKILL to "+w.api.String(), err)
		}
		return
	}
	k.spawnTask(func() {
		if conns, ok := countStopped(w.proc, ports); ok {
			k.post(msgCounted{w, conns})
		}
		if err := w.proc.Signal(syscall.SIGKILL); err != nil {
			k.post(msgFailed{"SIGKILL to " + w.api.String(), err})
		}
	})
}
