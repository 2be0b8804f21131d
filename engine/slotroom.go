package engine

import (
	"fmt"
	"slices"
	"time"
)

// slotMax is how many processes a slot may have: one that leaves, one that comes.
// So a cluster has at most twice as many as it has slots, whatever its program
// does: one that ends its channel again and again and lives on would otherwise be
// replaced again and again.
const slotMax = 2

// tenant is a process of a slot, as far as it matters for its room.
type tenant struct {
	worker  int
	leaving bool
}

// slotRoom tells whether a slot may get one process more. If it may not, blocks
// is the one that is waited for: the first that leaves, else the newest, which
// would be the new one of a restart.
func slotRoom(ts []tenant) (blocks tenant, ok bool) {
	if len(ts) < slotMax {
		return tenant{}, true
	}
	for _, t := range ts {
		if t.leaving {
			return t, false
		}
	}
	return ts[len(ts)-1], false
}

// String is why nothing is forked.
func (t tenant) String() string {
	if t.leaving {
		return fmt.Sprintf("worker %d is still leaving", t.worker)
	}
	return fmt.Sprintf("worker %d has not ended yet", t.worker)
}

// want is a fork that waits for room.
type want struct {
	prev *worker // whose place is to be taken
	by   By
}

func (s *slot) room() (blocks tenant, ok bool) {
	var ts []tenant
	for _, w := range s.live {
		ts = append(ts, tenant{w.id, w.life.leaving})
	}
	slices.SortFunc(ts, func(a, b tenant) int { return a.worker - b.worker })
	return slotRoom(ts)
}

// forkLater has the slot's replacement forked, now or later.
func (l *loop) forkLater(sl *slot, prev *worker, after time.Duration, now time.Time) {
	if after == 0 {
		l.reforkFor(sl, prev, BySupervisor)
		return
	}
	sl.dueAt = now.Add(after)
	sl.due = l.timers.at(sl.dueAt, func(time.Time) { l.reforkFor(sl, prev, BySupervisor) })
}
