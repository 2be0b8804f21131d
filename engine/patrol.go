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
	next   *timer    // the next round; nil = none is needed
	last   time.Time // of the newest round
}

// begin starts the rounds. They end by themselves when there is nothing to look at.
func (p *patrol) begin() {
	if p.next != nil {
		return
	}
	now := p.now()
	if pace := p.pace(now); pace > 0 {
		p.next = p.timers.at(now.Add(pace), p.round)
	}
}

// pace is the time until the next round; 0 = there is nothing to look at.
func (p *patrol) pace(now time.Time) (pace time.Duration) {
	for _, s := range p.ledger.addresses() {
		if s.seats == nil || !p.ledger.kernelDeals() && !s.seats.Late(now) {
			continue
		}
		if at := s.seats.Pace(now); pace == 0 || at < pace {
			pace = at
		}
	}
	return pace
}

// awake makes the next round early, because the loop is awake: to wake it costs more
// than a round.
func (p *patrol) awake(now time.Time) {
	if p.next != nil && now.Sub(p.last) >= spread.Tick {
		p.timers.stop(p.next)
		p.round(now)
	}
}

// round looks once at every address.
func (p *patrol) round(now time.Time) {
	p.next, p.last = nil, now
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
		waiting := s.port.WaitingAt(sock.Own(i))
		signs := spread.Signs{Since: w.silence.probe.sent, Answered: w.silence.probe.heard, Patience: p.ledger.patience()}
		if waiting > 0 {
			signs.Taken = w.out.accepted()
		}
		switch s.seats.Look(w.id, waiting, signs, now) {
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
