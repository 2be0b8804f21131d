package engine

import (
	"time"

	"muster/engine/internal/sock"
	"muster/engine/internal/spread"
)

// patrol is the loop's part that looks at the sockets of which each is one
// worker's, while the kernel deals to them or connections may still come there. It
// leaves out workers that let connections wait and do not answer.
type patrol struct {
	*common
	ledger *ledger
	stalls *stalls
	next   *timer // the next round; nil = none is needed
}

// begin starts the rounds. They end by themselves when there is nothing to look at.
func (p *patrol) begin() {
	if p.next == nil && p.wanted() {
		p.next = p.timers.at(p.now().Add(spread.Tick), p.round)
	}
}

// wanted tells whether there is something to look at.
func (p *patrol) wanted() bool {
	for _, s := range p.ledger.addresses() {
		if s.seats != nil && (p.ledger.kernelDeals() || s.seats.Late(p.now())) {
			return true
		}
	}
	return false
}

// round looks once at every address.
func (p *patrol) round(now time.Time) {
	p.next = nil
	for _, s := range p.ledger.addresses() {
		if s.seats == nil || s.ended {
			continue
		}
		if p.ledger.kernelDeals() {
			p.look(s, now)
		}
		p.ledger.takeStrays(s)
	}
	p.begin()
}

// look judges the workers of an address by what waits at their sockets.
func (p *patrol) look(s *server, now time.Time) {
	for w := range s.users {
		i, ok := s.seats.Of(w.id)
		if !ok || !s.serves(w) || !w.silence.probe.knows {
			continue
		}
		asked := spread.Asked{Since: w.silence.probe.sent, Answered: w.silence.probe.heard}
		switch s.seats.Look(w.id, s.port.WaitingAt(sock.Own(i)), asked, now) {
		case spread.Ask:
			p.stalls.ask(w, now)
		case spread.LeaveOut: // nor may it get by hand what waits at its socket
			s.dealer.Mute(w.id, true, now)
			p.ledger.setGateOrSay(s)
		case spread.LetIn:
			s.dealer.Mute(w.id, false, now)
			p.ledger.setGateOrSay(s)
		}
	}
}
