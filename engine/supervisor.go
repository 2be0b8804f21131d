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
	abandoned  atomic.Bool // the stop is at its time limit: a goroutine that starts a process ends it
}

// begin makes the spawner that forks need.
func (sv *supervisor) begin() { sv.spawner = proc.NewSpawner(sv.spawnTask, spawnsMax) }

// close ends the spawner. Processes being started go on.
func (sv *supervisor) close() { sv.spawner.Close() }

// abandon makes every goroutine that starts a process from now on end it.
func (sv *supervisor) abandon() { sv.abandoned.Store(true) }

// starting is how many forks have no process yet.
func (sv *supervisor) starting() int { return sv.spawning }

// started says that a fork has a process, or will have none.
func (sv *supervisor) started() { sv.spawning-- }

// clearSlots cancels what slots without a worker wait for.
func (sv *supervisor) clearSlots() {
	for _, sl := range sv.slots {
		sv.clearSlot(sl)
	}
}

// clearSlot cancels what a slot without a worker waits for.
func (sv *supervisor) clearSlot(sl *slot) {
	sv.timers.stop(sl.due)
	if sl.due != nil || sl.want != nil || sl.stopped {
		sl.due, sl.want, sl.stopped = nil, nil, false
		sv.forgetRow(sl)
	}
	sl.record, sl.heir = record{}, nil
}

func (sv *supervisor) liveInOrder() []*worker {
	var ws []*worker
	for _, sl := range sv.slots {
		ws = append(ws, sl.live...)
	}
	return ws
}

// roomForOne tells whether one more worker may be forked.
func (sv *supervisor) roomForOne() error {
	if n := len(sv.workers); n >= MaxWorkers {
		return fmt.Errorf("%d workers live, which is the most there can be: %w", n, ErrBusy)
	}
	return nil
}
