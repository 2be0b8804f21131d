package engine

import (
	"maps"
	"time"
)

// lookTarget is a worker process whose connections are counted.
type lookTarget struct {
	pid   int
	ports map[int]bool // ports of its own, not the cluster's, at which it was seen to listen
	any   bool         // nobody has looked for such ports yet: every open connection counts
}

// lookFound is what one look has found.
type lookFound struct {
	open     int   // TCP connections that came to it; negative = not known
	listens  []int // ports it listens at itself
	children bool  // it has child processes, which may have the connections: a shell around the program
}

// msgLooked is the end of a look.
type msgLooked struct {
	began time.Time
	found map[int]lookFound // by worker id
}

func (msgLooked) isMsg() {}

// lookAtLeaving counts the connections of all workers that leave, outside the
// loop. The answer comes as a message.
func (lv *leaver) lookAtLeaving() {
	if !lv.rules.early {
		return
	}
	if lv.looking {
		lv.lookAgain = true
		return
	}
	targets := make(map[int]lookTarget)
	for id, w := range lv.workers {
		v := w.left
		if w.proc != nil && !w.life.procEnded && !v.told.IsZero() && v.stopped.IsZero() {
			targets[id] = lookTarget{w.proc.PID, maps.Clone(w.seen.ownPorts), w.seen.ownPorts == nil && len(w.servers) == 0}
		}
	}
	if len(targets) == 0 {
		return
	}
	lv.looking = true
	ports, began := lv.ledger.clusterPorts(), lv.now()
	lv.spawnTask(func() { lv.post(msgLooked{began, connectionsOf(targets, ports)}) })
}

// lookedAt takes in a look.
func (lv *leaver) lookedAt(m msgLooked) {
	lv.looking = false
	for id, f := range m.found {
		w := lv.workers[id]
		if w == nil {
			continue
		}
		w.listensAt(f.listens)
		w.left = w.left.looked(w.lookOf(f, m.began))
		lv.leaveStep(w)
	}
	if lv.lookAgain {
		lv.lookAgain = false
		lv.lookAtLeaving()
	}
}

// lookOf is the result of a look for one worker, completed by what the worker
// tells and what only the loop knows.
func (w *worker) lookOf(f lookFound, began time.Time) look {
	k := look{began: began, open: f.open, sure: !f.children && (!w.at.online.IsZero() || w.left.ended)}
	if w.seen.stats != nil {
		if told := w.seen.stats.open(); told > k.open && !(w.left.ended && k.open >= 0) {
			k.open = told // from a report, which may be out of date when the channel has ended
		}
	}
	for s := range w.servers {
		switch s.addr.Network {
		case "udp":
			k.sure = false
		case "unix":
			k.sure = k.sure && w.seen.stats != nil
		}
		if s.dealer.InFlight(w.id) > 0 {
			k.sure = false
		}
	}
	return k
}

// listensAt remembers ports of its own at which a worker listens, even after it
// has closed them: connections accepted there are still its own.
func (w *worker) listensAt(ports []int) {
	if w.seen.ownPorts == nil {
		w.seen.ownPorts = make(map[int]bool)
	}
	for _, p := range ports {
		w.seen.ownPorts[p] = true
	}
}
