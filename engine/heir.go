package engine

import "time"

// Addresses a worker had open when it died wait for the next worker of its
// slot: no client is refused while that worker comes up. If it has come up and
// has not asked for an address, or if none will come, the address is closed, as
// Node closes it with its last worker: see fate.

// bequeath leaves the addresses a dead worker had open to its slot.
func (sv *supervisor) bequeath(w *worker, now time.Time) {
	sl := w.slot
	if w.life.voluntary == yes {
		if !sl.heldByOther(w) {
			sl.heir = nil
		}
		return
	}
	if !w.at.listening.IsZero() && now.Sub(w.at.listening) >= wellAfter {
		sl.heir = nil // it had enough time to ask for them
	}
	for s := range w.servers {
		if s.ended || s.users[w] {
			continue
		}
		if sl.heir == nil {
			sl.heir = make(map[*server]bool)
		}
		sl.heir[s] = true
	}
}

// takenOver says that a worker has an address: its own slot, and slots that
// will not be filled again, stop keeping it for a next worker.
func (sv *supervisor) takenOver(w *worker, s *server) {
	for _, sl := range sv.slots {
		if sl == w.slot || sl.free() {
			delete(sl.heir, s)
		}
	}
}

// awaited tells whether the next worker of a slot may ask for an address that
// the one before had.
func (sv *supervisor) awaited(s *server, now time.Time) bool {
	for _, sl := range sv.slots {
		if sl.heir[s] && sv.mayFill(sl, now) {
			return true
		}
	}
	return false
}

// mayFill tells whether a slot has, or will get, a worker that may still ask
// for addresses.
func (sv *supervisor) mayFill(sl *slot, now time.Time) bool {
	if sl.due != nil || sl.want != nil {
		return true
	}
	for _, w := range sl.live {
		if sv.mayAsk(w, now) || sv.toBeJudged(w) {
			return true
		}
	}
	return false
}

// mayAsk tells whether a worker may still ask for an address: it has not
// listened yet, or did so a moment ago and may have more servers.
func (sv *supervisor) mayAsk(w *worker, now time.Time) bool {
	switch {
	case w.life.leaving || w.life.chanEnded:
		return false
	case w.at.listening.IsZero() && !w.seen.ready:
		return sv.readyIn(w, now) > 0
	}
	return now.Sub(w.at.heard) < moveWait
}

// toBeJudged tells whether the fate of the slot is still undecided, for a
// worker whose channel or process has ended.
func (sv *supervisor) toBeJudged(w *worker) bool {
	return (w.life.chanEnded || w.life.procEnded) && !w.end.vacated && w.life.voluntary != yes && !sv.o.NoRestart && !w.slot.heldByOther(w)
}

// coming tells whether a worker comes up that replaces no other: it may ask for
// any address.
func (sv *supervisor) coming(now time.Time) bool {
	for _, w := range sv.workers {
		if len(w.slot.heir) == 0 && w.at.listening.IsZero() && sv.mayAsk(w, now) && now.Sub(w.at.forked) < listenWithin {
			return true
		}
	}
	return false
}

// gaveUp tells whether a slot whose worker has died will not be filled.
func (sv *supervisor) gaveUp() bool {
	for _, sl := range sv.slots {
		if sl.stopped || sv.o.NoRestart && sl.free() && len(sl.heir) > 0 {
			return true
		}
	}
	return false
}

// addressEnded says that an address is closed: no slot waits for it any more.
func (sv *supervisor) addressEnded(s *server) {
	for _, sl := range sv.slots {
		delete(sl.heir, s)
	}
}
