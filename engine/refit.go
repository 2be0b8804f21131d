package engine

import "time"

// A Node worker has one socket for an address, from its listen on: its own, or the
// one all workers share. Where the policy in force deals to the other, the worker is
// replaced. Until then the primary serves it by hand.

// refitAfter is how long a policy must be in force: somebody may be on the way to
// the next one with the same key.
const refitAfter = time.Second

// refit replaces one worker whose socket the policy does not deal to. The next one
// follows when that is done.
func (sv *supervisor) refit(now time.Time) {
	if sv.stopping != nil || now.Sub(sv.ledger.switched) < refitAfter {
		return
	}
	var next *worker
	for _, w := range sv.workers {
		if w.restart.of != nil || w.restart.by != nil {
			return
		}
		if sv.misfit(w) && (next == nil || w.id < next.id) {
			next = w
		}
	}
	if next == nil {
		return
	}
	next.restart.refit = sv.ledger.switches
	if _, err := sv.restart(next, BySupervisor); err != nil {
		sv.failed(next, "replacing worker for policy "+sv.ledger.policy.String(), err)
		return
	}
	sv.noteRestart(next, "replaced for "+sv.ledger.policy.String())
}

// misfit tells whether a worker should be replaced. It is tried once after a change
// of the policy.
func (sv *supervisor) misfit(w *worker) bool {
	if w.seen.takesSockets || w.restart.refit == sv.ledger.switches {
		return false
	}
	for s := range w.servers {
		if s.seats == nil || s.ended || !s.serves(w) {
			continue
		}
		switch sv.ledger.policy.dealer() {
		case dealsWorkers:
			if s.apart[w] {
				return true
			}
		case dealsKernel:
			if !s.apart[w] && s.seats.Parked() > 0 {
				return true
			}
		}
	}
	return false
}
