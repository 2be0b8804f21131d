package engine

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moveWait is how long a worker that listens on other addresses than the one
// before it in its slot may take to listen on those too: programs with several
// servers open them one after another.
const moveWait = 3 * time.Second

// standsIn compares a worker's addresses with those of the one before it in its
// slot. missing are the addresses it does not listen on. If they may still
// come, wait is how long to wait; quiet is the time since it last listened,
// left the time until it must have listened. A worker that has said it is ready
// without a server is believed in the end: its program may have none.
func standsIn(before, now []Address, ready bool, quiet, left time.Duration) (missing []Address, wait time.Duration) {
	for _, a := range before {
		if !slices.Contains(now, a) {
			missing = append(missing, a)
		}
	}
	switch {
	case len(missing) == 0:
		return nil, 0
	case ready && len(now) == 0 && quiet >= moveWait:
		return nil, 0
	case ready && len(now) == 0:
		return missing, moveWait - quiet
	}
	for _, a := range now {
		if !slices.Contains(before, a) {
			left = min(left, moveWait-quiet)
			break
		}
	}
	return missing, max(left, 0)
}

// compare is called whenever a worker listens. It completes a restart or, if
// the new worker does not listen where the old one does, takes it back. If the
// worker replaces a dead one, compare says that the addresses changed.
func (sv *supervisor) compare(w *worker) {
	sv.timers.stop(w.restart.comparing)
	w.restart.comparing = nil
	if w.life.leaving || w.life.chanEnded || sv.stopping != nil {
		return
	}
	old, before := w.restart.of, w.slot.expects
	if old != nil {
		before = old.addrs
		if old.life.leaving {
			before = nil
		}
	}
	now := sv.now()
	quiet := now.Sub(w.at.forked)
	if !w.at.heard.IsZero() {
		quiet = now.Sub(w.at.heard)
	}
	missing, wait := standsIn(before, w.addrs, w.seen.ready, quiet, sv.readyIn(w, now))
	switch {
	case wait > 0:
		w.restart.comparing = sv.timers.at(now.Add(wait), func(time.Time) { sv.compare(w) })
	case len(missing) > 0 && old != nil:
		sv.abortRestart(w, missing)
	case len(missing) > 0:
		sv.hasMoved(w, missing)
	default:
		if w.before.moved {
			w.before.moved, w.note = false, ""
		}
		if old != nil {
			w.restart.of = nil
			old.restart.by = nil
			if !old.life.leaving {
				sv.leaver.leave(old, w.by, callFacts{})
			}
		}
	}
}

// readyIn is how long a worker may still take to listen.
func (sv *supervisor) readyIn(w *worker, now time.Time) time.Duration {
	if sv.o.ReadyTimeout <= 0 {
		return math.MaxInt64 / 2 // no limit
	}
	return sv.o.ReadyTimeout - now.Sub(w.at.forked)
}

// probes explains why a program listens elsewhere: it tries other ports when
// its own is taken.
const probes = "Its program probes the port before it listens (get-port, detect-port, a connect of its own), and finds it taken by this very cluster: " +
	"let it listen without a look, muster shares the port"

// abortRestart takes back the new worker of a restart: the old one stays.
func (sv *supervisor) abortRestart(w *worker, missing []Address) {
	old := w.restart.of
	w.restart.of, old.restart.by = nil, nil
	w.restart.aborted = true
	sv.noteRestart(old, "restart aborted")
	text := fmt.Sprintf("restart of worker %d aborted: worker %d does not listen on %s", old.id, w.id, addrList(missing))
	if len(w.addrs) > 0 {
		text += ", but on " + addrList(w.addrs)
	}
	// An error of the old worker, whose row it explains.
	sv.failed(old, "", fmt.Errorf("%s. It is told to leave, worker %d stays. %s. If it has moved on purpose, crash worker %d (k, then !) to have it replaced",
		text, old.id, probes, old.id))
	sv.leaver.leave(w, BySupervisor, callFacts{})
}

// hasMoved says that a worker does not listen where the dead one before it did.
// It says so once for each slot, because a program may have an address of its
// own in each process, such as a path with its pid.
func (sv *supervisor) hasMoved(w *worker, missing []Address) {
	if w.slot.moved && !w.before.moved && !sv.keeps(missing) {
		return
	}
	w.note = "not at " + addrShort(missing[0])
	if w.before.moved {
		return
	}
	w.before.moved, w.slot.moved = true, true
	text := fmt.Sprintf("worker %d does not listen on %s, as the one before it did", w.id, addrList(missing))
	if len(w.addrs) > 0 {
		text += ", but on " + addrList(w.addrs)
	}
	var nobody []Address
	for _, s := range sv.ledger.addresses() {
		if slices.Contains(missing, s.addr) && !s.served() {
			nobody = append(nobody, s.addr)
		}
	}
	if len(nobody) > 0 {
		text += fmt.Sprintf(". Nobody serves %s now: connections there are reset after %v", addrList(nobody), unservedAfter)
	}
	sv.failed(w, "", fmt.Errorf("%s. %s", text, probes))
	sv.pub.touch()
}

// keeps tells whether Options.Addr is among the addresses.
func (sv *supervisor) keeps(as []Address) bool {
	return slices.ContainsFunc(sv.ledger.addresses(), func(s *server) bool { return s.keep && slices.Contains(as, s.addr) })
}

// remember keeps the addresses of a worker that has died in its slot, for the
// replacement. If the worker never listened, the addresses from before it still
// count. For port 0 no particular number is expected.
func (sv *supervisor) remember(w *worker) {
	if w.life.voluntary == yes {
		if !w.slot.heldByOther(w) {
			w.slot.expects = nil
		}
		return
	}
	if len(w.addrs) == 0 {
		return
	}
	w.slot.expects = nil
	for s := range w.servers {
		if slices.Contains(w.addrs, s.addr) && s.chosen == (Address{}) {
			w.slot.expects = append(w.slot.expects, s.addr)
		}
	}
}

// addrList is "127.0.0.1:3000 and 127.0.0.1:3001".
func addrList(as []Address) string {
	texts := make([]string, len(as))
	for i, a := range as {
		texts[i] = a.String()
	}
	slices.Sort(texts)
	const most = 4
	if n := len(texts) - most; n > 1 {
		texts = append(texts[:most], strconv.Itoa(n)+" more")
	}
	if last := len(texts) - 1; last > 0 {
		return strings.Join(texts[:last], ", ") + " and " + texts[last]
	}
	return strings.Join(texts, "")
}

// addrShort is the part of an address that tells it from others here.
func addrShort(a Address) string {
	if a.Network == "unix" {
		return filepath.Base(a.Host)
	}
	return ":" + strconv.Itoa(a.Port)
}

// joined takes in that a worker is up; a restart goes on.
func (sv *supervisor) joined(w *worker) {
	sv.timers.stop(w.restart.up)
	if w.slot.last != nil {
		sv.forgetRow(w.slot)
	}
	sv.compare(w)
}
