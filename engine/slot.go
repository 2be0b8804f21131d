package engine

import (
	"slices"
	"time"
)

// slot is a worker's place. During a restart two workers have one.
type slot struct {
	index   int
	live    []*worker
	last    *worker // the last one that exited; nil once its row is not shown any more
	record  record
	expects []Address        // addresses of the last worker that listened, if it died
	heir    map[*server]bool // addresses of its dead workers, which its next worker may ask for
	moved   bool             // an event said that a worker listens on other addresses than the one before
	deaths  int              // deaths of the last verdict, for the screen
	due     *timer           // when its replacement is forked
	want    *want            // its replacement is forked when there is room; nil = none waits
	dueAt   time.Time
	stopped bool
	reason  string // the most telling line of last's stderr
	lines   int
	row     *timer // ends the row of a voluntary exit

	restarts int
	exitText string // how the last dead worker ended
	exitAt   time.Time
}

// want is a fork that waits for room.
type want struct {
	prev *worker // the worker to replace
	by   By
}

// free tells whether fork may take the slot.
func (s *slot) free() bool {
	return len(s.live) == 0 && s.due == nil && s.want == nil && !s.stopped
}

// heldByOther tells whether another worker than w has the slot and will keep
// it, such as the other one of a restart.
func (s *slot) heldByOther(w *worker) bool {
	for _, x := range s.live {
		if x != w && !x.end.vacated && !x.life.leaving && x.restart.late == "" {
			return true
		}
	}
	return false
}

func (s *slot) room() (blocks tenant, ok bool) {
	var ts []tenant
	for _, w := range s.live {
		ts = append(ts, tenant{w.id, w.life.leaving})
	}
	slices.SortFunc(ts, func(a, b tenant) int { return a.worker - b.worker })
	return slotRoom(ts)
}
