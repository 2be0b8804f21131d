package engine

import (
	"errors"
	"fmt"
	"time"

	"muster/engine/internal/sock"
	"muster/engine/internal/spread"
)

// setGate points the gate of s where the policy and the workers want it.
func (l *ledger) setGate(s *server) error {
	if !s.port.Can().Gate || s.ended {
		return nil
	}
	if err := s.port.SetGate(l.policy.way(s.sides())); err != nil {
		return fmt.Errorf("gate of %s: %w", s.addr, err)
	}
	for w := range s.users {
		ready := false
		if s.seats != nil {
			ready, _ = s.seats.Has(w.id)
		}
		s.dealer.ByHand(w.id, !ready)
	}
	l.onGate()
	return nil
}

func (l *ledger) setGateOrSay(s *server) {
	if err := l.setGate(s); err != nil {
		l.failed(nil, "", err)
	}
}

// lookSpoilt is called at every beat. It gives up the gate of an address where a
// worker has shut down a socket, see sock.Port.LookSpoilt. From then on the primary
// deals there, as at an address without a gate, and takes what waits elsewhere.
func (l *ledger) lookSpoilt(now time.Time) {
	if l.stopping != nil {
		return
	}
	for _, s := range l.order {
		spoilt, err := s.port.LookSpoilt()
		if !spoilt {
			continue
		}
		if s.spoilt.IsZero() {
			s.spoilt, s.fixed, s.seats = now, SchedRR, nil
			l.failed(nil, "", fmt.Errorf("%s: %s: connections are dealt by hand there from now on", s.addr, s.port.Can().WhyFixed))
			l.onGate()
		}
		if err != nil {
			l.failed(nil, "", err)
		}
		if now.Sub(s.spoilt) > spread.LateFor {
			continue
		}
		for g := sock.Common; g < sock.Own(s.port.Owns()); g++ {
			if s.port.WaitingAt(g) > 0 {
				l.accepted(s, s.port.Drain(g, max(queueMax-s.dealer.Queued(), 0)), now)
			}
		}
	}
}

// lookBlocked is called at every beat. A process that makes a worker's socket blocking
// makes all that accept there wait in their next accept.
func (l *ledger) lookBlocked() {
	for _, s := range l.order {
		if s.port.Unblock() && !s.blocked {
			s.blocked = true
			l.failed(nil, "", fmt.Errorf("%s: a worker has made the socket blocking that workers accept on: it is non-blocking again", s.addr))
		}
	}
}

// released says that a worker has left a server: the worker closed it, or its
// channel has ended.
func (l *ledger) released(w *worker, s *server) {
	if s.users[w] {
		return
	}
	s.users[w] = true
	for i := range w.unacked { // it may listen again before it answers these
		w.unacked[i].stale = w.unacked[i].stale || w.unacked[i].seat == s
	}
	if s.seats != nil && !w.life.chanEnded { // otherwise its process may still accept
		l.unseat(s, w)
	}
	l.setGateOrSay(s)
	l.takeStrays(s)
}

// closeUnused closes an address when the last worker that used it has closed
// its server of its own accord. A worker that was told to leave, or died, does
// not count: connections wait for its replacement, see lookUnserved.
func (l *ledger) closeUnused(w *worker, s *server) {
	if s.keep || w.life.leaving || l.stopping != nil {
		return
	}
	for _, closed := range s.users {
		if !closed {
			return
		}
	}
	l.closeServer(s)
}

// forget takes a worker that is gone out of a server.
func (l *ledger) forget(w *worker, s *server) {
	delete(s.users, w)
	if s.seats != nil {
		l.takeStrays(s) // nobody else accepts what waits at its socket
		l.unseat(s, w)
	}
	if w.restart.aborted && !s.keep && len(s.users) == 0 && l.stopping == nil {
		l.closeServer(s) // no other worker ever served it
		return
	}
	l.setGateOrSay(s)
}

// setPolicy changes the scheduling policy of the live cluster by the gate of
// each address. Connections waiting at the primary's socket are dealt at once,
// so that the event tells how long the change really took.
func (l *ledger) setPolicy(p Policy, by By) (Policy, error) {
	start := l.now()
	if !p.known() {
		return l.policy, badRequest(fmt.Errorf("%v is not a policy", p))
	}
	if why := l.policyFixed(); why != "" {
		return l.policy, refusal{errors.New(why), ErrPolicyFixed}
	}
	if p == l.policy {
		return p, nil
	}
	from := l.policy
	l.policy = p
	l.switches++
	l.switched = start
	defer func() { l.policyNow.Store(int32(l.policy)) }()
	for _, s := range l.order {
		if err := l.setGate(s); err != nil {
			l.policy = from
			for _, s := range l.order {
				l.setGateOrSay(s)
			}
			return from, err
		}
	}
	for _, s := range l.order {
		l.sayWithout(s, p)
		s.dealer.Use(p.rule())
		l.deal(s, start) // what waits may go elsewhere now
	}
	if from.dealer() == dealsKernel { // nobody looks any more at what waits for a worker that stands still
		for _, s := range l.order {
			for i := range s.port.Owns() {
				l.accepted(s, s.port.Drain(sock.Own(i), max(queueMax-s.dealer.Queued(), 0)), l.now())
			}
		}
	}
	if !p.PrimaryDeals() {
		l.dealsNoMore()
		for _, s := range l.order {
			if s.port.Can().Gate && !s.paused {
				l.accepted(s, s.port.Drain(sock.Front, queueMax), l.now())
			}
		}
	}
	l.emit(Event{Kind: KindPolicy, By: by, Detail: PolicyDetail{From: from, To: p, Ms: ms(l.now().Sub(start))}})
	return p, nil
}

// policyFixed is why the policy cannot be changed, "" if it can: at least one
// address has a gate, or there is none yet.
func (l *ledger) policyFixed() string {
	why := ""
	for _, s := range l.order {
		if s.port.Can().Gate {
			return ""
		}
		why = s.port.Can().WhyFixed
	}
	return why
}

// serves notes that a worker has got the socket of a server.
func (l *ledger) serves(w *worker, s *server) {
	if s.addr.Network == "udp" {
		return // no connections
	}
	w.out.served, w.out.drained = true, false
	if !l.onlyByHand(s, w) {
		w.out.mayAccept()
	}
}

// onlyByHand tells whether at present all connections of s come to a worker as
// hand-offs from the primary.
func (l *ledger) onlyByHand(s *server, w *worker) bool {
	if l.dealer(s) != dealsPrimary {
		return false
	}
	if s.fixed != 0 {
		return true
	}
	waiting := s.port.WaitingAt(sock.Common) // connections from before a change of the policy
	if s.seats != nil {
		if i, ok := s.seats.Of(w.id); ok {
			waiting += s.port.WaitingAt(sock.Own(i))
		}
	}
	return waiting == 0
}

// allByHand tells whether at present all connections of a worker come as
// hand-offs, and can be counted.
func (l *ledger) allByHand(w *worker) bool {
	for s := range w.servers {
		if s.addr.Network != "tcp" || !l.onlyByHand(s, w) {
			return false
		}
	}
	return true
}

// dealsNoMore notes which workers may accept by themselves now.
func (l *ledger) dealsNoMore() {
	for _, w := range l.workers {
		for s := range w.servers {
			if s.port.Can().Gate && l.dealer(s) != dealsPrimary {
				w.out.mayAccept()
				break
			}
		}
	}
}
