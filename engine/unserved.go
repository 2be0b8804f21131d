package engine

import (
	"fmt"
	"time"

	"muster/engine/internal/sock"
	"muster/internal/plural"
)

// unserved is the loop's part that looks for addresses that no worker serves or
// will serve.
type unserved struct {
	*common
	ledger     *ledger
	supervisor *supervisor
}

// unservedAfter is how long an address may have no worker, and none to come,
// before waiting clients get a reset.
const unservedAfter = 5 * time.Second

// addressView is what the rule of addresses without a worker looks at.
type addressView struct {
	keep    bool // Options.Addr, which stays open
	served  bool // a worker that stays has its socket
	awaited bool // a dead worker had it, and the next worker of the slot may ask for it
	begun   bool // at the last look it had no worker, and none to come
	coming  bool // a worker comes up that replaces none
	others  bool // workers listen, or have said that they are ready, but not here
	gaveUp  bool // a slot has given up, or will not be filled again
}

// fate is what becomes of an address.
type fate int

const (
	fateStays fate = iota // it is served, or waits for a worker
	fateWarn              // no worker serves it or will: an event says so, and it waits a little
	fateReset             // it stays, and clients that have waited for unservedAfter are reset
	fateClose             // it is closed, as Node closes an address with its last worker
)

// fate tells what becomes of an address that for this long has had no worker,
// and none to come. With no worker at all and no slot that gave up it waits:
// somebody emptied the cluster on purpose, and may fork again. Only a worker
// that has the address, or may ask for it again, ends this state: if workers
// die all the time often none listens.
func (v addressView) fate(unserved time.Duration) fate {
	switch {
	case v.served || v.awaited:
		return fateStays
	case !v.begun && (v.coming || !v.others && !v.gaveUp):
		return fateStays
	case v.coming || unserved < unservedAfter:
		return fateWarn
	case v.keep:
		return fateReset
	}
	return fateClose
}

// served tells whether a worker that stays has the socket.
func (s *server) served() bool {
	for w, closed := range s.users {
		if !closed && !w.life.leaving && !w.life.chanEnded {
			return true
		}
	}
	return false
}

// lookUnserved is called at every beat.
func (u *unserved) lookUnserved(now time.Time) {
	if u.stopping != nil {
		return
	}
	v := addressView{coming: u.supervisor.coming(now), gaveUp: u.supervisor.gaveUp()}
	for _, w := range u.workers {
		v.others = v.others || w.life.state == StateListening || w.seen.ready && !w.life.leaving
	}
	for _, s := range u.ledger.addresses() { // an address may be closed meanwhile
		v.keep, v.served, v.awaited, v.begun = s.keep, s.served(), u.supervisor.awaited(s, now), !s.unserved.IsZero()
		since := s.unserved
		if since.IsZero() {
			since = now
		}
		f := v.fate(now.Sub(since))
		switch {
		case f == fateStays && s.unserved.IsZero():
			continue
		case f == fateStays:
			s.unserved, s.forsaken = time.Time{}, false
			u.pub.touch()
			continue
		case s.unserved.IsZero():
			s.unserved = now
			u.pub.touch()
		}
		u.carryOutFate(s, f, now)
	}
}

// carryOutFate carries out what fate says.
func (u *unserved) carryOutFate(s *server, f fate, now time.Time) {
	switch f {
	case fateWarn, fateReset:
		if !s.keep {
			return
		}
		// No worker will take the connections at the shared socket: they count
		// with the others.
		if s.port.Can().Gate || !s.primaryAccepts() {
			if b := s.port.Drain(sock.Common, queueMax-s.dealer.Queued()); len(b) > 0 {
				u.ledger.accepted(s, b, now)
			}
			u.ledger.takeStrays(s)
		}
		if f == fateReset {
			if !s.forsaken {
				s.forsaken = true
				u.failed(nil, "", fmt.Errorf("%s: nobody serves it, and nobody will: connections are reset after %v, until a worker listens there again (r tries)",
					s.addr, unservedAfter))
			}
			u.ledger.resetQueued(s, now.Add(-unservedAfter))
		}
	case fateClose:
		waiting := s.port.Waiting()
		n := u.ledger.resetQueued(s, now) + waiting
		text := ""
		if n > 0 {
			text = fmt.Sprintf(", and %s that waited there reset", plural.Of(n, "connection"))
		}
		// Nobody misses an address that only a dead worker had.
		if n > 0 || u.supervisor.gaveUp() {
			u.failed(nil, "", fmt.Errorf("%s: nobody has served it for %v, and nobody will: it is closed%s. A worker that listens there opens it again",
				s.addr, unservedAfter, text))
		}
		u.ledger.closeServer(s)
	}
}
