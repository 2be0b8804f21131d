package engine

import "fmt"

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
