package engine

import (
	"fmt"
	"sync/atomic"

	"muster/engine/internal/proc"
)

// supervisor is the loop's part that has the slots: it forks workers into them,
// and decides what becomes of a slot whose worker has ended.
type supervisor struct {
	*common
	ledger *ledger
	killer *killer
	stalls *stalls
	leaver *leaver
	plan   *plan
	family *family
	tidier *tidier
	procs  *proc.Set

	slots      []*slot
	nextID     int // id of the worker forked last
	restarts   uint64
	spawner    *proc.Spawner
	spawning   int // forks whose process is not there yet
	apiWorkers apiWorkers
	abandoned  atomic.Bool // the stop has come to its bound: who starts a process ends it
}

// begin makes what forks need.
func (l *supervisor) begin() { l.spawner = proc.NewSpawner(l.spawnTask, spawnsMax) }

// close ends that. What is being started goes on.
func (l *supervisor) close() { l.spawner.Close() }

// abandon has whoever starts a process from now on end it.
func (l *supervisor) abandon() { l.abandoned.Store(true) }

// starting is how many forks have no process yet.
func (l *supervisor) starting() int { return l.spawning }

// started says that a fork has a process, or will have none.
func (l *supervisor) started() { l.spawning-- }

// clearSlots cancels what slots without a worker wait for.
func (l *supervisor) clearSlots() {
	for _, sl := range l.slots {
		l.clearSlot(sl)
	}
}

// clearSlot cancels what a slot without a worker waits for.
func (l *supervisor) clearSlot(sl *slot) {
	l.timers.stop(sl.due)
	if sl.due != nil || sl.want != nil || sl.stopped {
		sl.due, sl.want, sl.stopped = nil, nil, false
		l.forgetRow(sl)
	}
	sl.record, sl.heir = record{}, nil
}

func (l *supervisor) liveInOrder() []*worker {
	var ws []*worker
	for _, sl := range l.slots {
		ws = append(ws, sl.live...)
	}
	return ws
}

// roomForOne tells whether one more worker may be forked.
func (l *supervisor) roomForOne() error {
	if n := len(l.workers); n >= MaxWorkers {
		return fmt.Errorf("%d workers live, which is the most there can be: %w", n, ErrBusy)
	}
	return nil
}
