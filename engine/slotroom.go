package engine

import "fmt"

// slotMax is how many processes a slot may have: one that leaves, one that
// comes. So a cluster never has more than twice as many processes as slots.
// Without this bound, workers that end their channel and live on would be
// replaced without end.
const slotMax = 2

// tenant is a process of a slot, as far as it matters for its room.
type tenant struct {
	worker  int
	leaving bool
}

// slotRoom tells whether a slot may get one process more. If it may not, blocks
// is the process to wait for: the first that leaves, or otherwise the newest,
// which would be the new one of a restart.
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
