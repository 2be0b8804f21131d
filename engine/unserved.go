package engine

import (
	"fmt"
	"time"

	"muster/engine/internal/sock"
	"muster/internal/plural"
)

// unserved is the loop's part that looks for addresses nobody serves and nobody will.
type unserved struct {
	*common
	ledger *ledger
	slots  *supervisor
}

// unservedAfter is how long an address may have nobody, and nobody to come,
// before who waits there is answered with a reset.
const unservedAfter = 5 * time.Second

// addressView is what the rule of addresses without a worker looks at.
type addressView struct {
	keep    bool // Options.Addr, which stays open
	served  bool // a worker that stays has its socket
	awaited bool // it was a dead worker's, and the next one of its slot may ask for it
	begun   bool // it had nobody, and nobody to come, at the last look
	coming  bool // a worker comes up that follows nobody
	others  bool // workers listen, or have said that they are ready, but not here
	gaveUp  bool // a slot has given up, or is not to be filled again
}

// fate is what becomes of an address.
type fate int

const (
	fateStays fate = iota // it is served, or waits for somebody
	fateWarn              // nobody serves it and nobody will: it is said, and waited for a little
	fateReset             // it stays, and who has waited for unservedAfter is reset
	fateClose             // it is closed, as Node's is with its last worker
)

// fate tells what becomes of an address that has had nobody, and nobody to
// come, for so long. With no worker at all and no slot that gave up it waits: it
// was told to be empty, and whoever did that may fork. That nobody will come is
// taken back only by somebody who has the address, or may ask for it again:
// where workers die all the time there is often none that listens.
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
	v := addressView{coming: u.slots.coming(now), gaveUp: u.slots.gaveUp()}
	for _, w := range u.workers {
		v.others = v.others || w.life.state == StateListening || w.seen.ready && !w.life.leaving
	}
	for _, s := range u.ledger.addresses() { // one may be closed
		v.keep, v.served, v.awaited, v.begun = s.keep, s.served(), u.slots.awaited(s, now), !s.unserved.IsZero()
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

// carryOutFate does what fate says.
func (u *unserved) carryOutFate(s *server, f fate, now time.Time) {
	switch f {
	case fateWarn, fateReset:
		if !s.keep {
			return
		}
		// No worker will take what waits at the socket they share: it is counted
		// with the rest.
		if s.port.Can().Gate || !s.primaryAccepts() {
			if b := s.port.Drain(sock.Common, queueMax-s.dealer.Queued()); len(b) > 0 {
				u.ledger.accepted(s, b, now)
			}
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
		// Nobody misses one that was a dead worker's own.
		if n > 0 || u.slots.gaveUp() {
			u.failed(nil, "", fmt.Errorf("%s: nobody has served it for %v, and nobody will: it is closed%s. A worker that listens there opens it again",
				s.addr, unservedAfter, text))
		}
		u.ledger.closeServer(s)
	}
}
