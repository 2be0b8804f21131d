package engine

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// Where the kernel deals, each worker has a listening socket of its own at every
// address. The primary made these sockets and keeps them all, so nothing that waits
// at one is lost with its worker: the primary takes it, and deals it to others.

// sockets is how many sockets a new address gets: the primary's, the common one, and
// one for each worker.
func (l *ledger) sockets() int {
	free := sock.Reserve()
	if free >= 0 {
		_ = unix.Close(free)
	}
	return int(sock.Own(l.fds.owns(l.o.Workers, free)))
}

// socketFor is the socket a worker gets as the answer to its question. A Go worker
// gets the common one, and later one of its own as well, so that every policy is one
// step away. A Node worker can have only one for an address: its own, unless
// connections come to the common one.
func (l *ledger) socketFor(w *worker, s *server) sock.Gate {
	if s.seats == nil {
		return sock.Common
	}
	delete(s.apart, w)
	if w.seen.takesSockets || l.policy.dealer() == dealsWorkers {
		return sock.Common
	}
	i, ok := l.seat(s, w)
	if !ok {
		return sock.Common
	}
	s.apart[w] = true
	return sock.Own(i)
}

// seat gives a worker a socket of its own.
func (l *ledger) seat(s *server, w *worker) (socket int, ok bool) {
	return s.seats.Take(w.id, func(i int) int { return s.port.WaitingAt(sock.Own(i)) })
}

func (l *ledger) unseat(s *server, w *worker) {
	s.seats.Free(w.id, l.now())
	delete(s.apart, w)
}

// seated takes in that a worker listens: a Node worker does so at its own socket, a
// Go worker is sent one.
func (l *ledger) seated(s *server, w *worker) {
	switch {
	case s.seats == nil:
		return
	case s.apart[w]:
		s.seats.Ready(w.id)
	case w.seen.takesSockets:
		if err := l.sendSeat(s, w); err != nil {
			l.unseat(s, w)
			l.failed(w, fmt.Sprintf("a socket of its own for worker %d", w.id), err)
		}
	}
	l.setGateOrSay(s)
}

// sendSeat sends a Go worker its own socket. The worker counts as having it when it
// has said so.
func (l *ledger) sendSeat(s *server, w *worker) error {
	i, ok := l.seat(s, w)
	if !ok {
		return nil // none is left: it is served by hand
	}
	line, err := ipc.AppendMuster(nil, ownSocket{s.key})
	if err == nil {
		line, err = ipc.AppendHandle(nil, serverHandle, line)
	}
	if err != nil {
		return err
	}
	if w.ch.Send(line, s.port.FD(sock.Own(i))) != nil {
		return nil // its channel is ending, which its reader tells
	}
	w.unacked = append(w.unacked, sentFD{seat: s, what: "a socket of its own at " + s.addr.String()})
	return nil
}

// seatAnswered takes in whether a Go worker has got its own socket. One that has
// not is served by hand.
func (l *ledger) seatAnswered(w *worker, s *server, has bool) {
	switch closed, uses := s.users[w]; {
	case !uses || closed || s.ended || s.seats == nil: // it has closed the address meanwhile, or the gate is given up
		return
	case has:
		s.seats.Ready(w.id)
	default:
		l.unseat(s, w)
	}
	l.setGateOrSay(s)
}

// serverHandle is the type of a handle that is a listening TCP socket.
const serverHandle = "net.Native"

// sides is what the gate of s goes by.
func (s *server) sides() sides {
	var d sides
	for w, closed := range s.users {
		if w.life.leaving && !closed {
			d.leaving++
		}
		if !s.serves(w) {
			continue
		}
		if s.apart[w] {
			d.apart++
		} else {
			d.common++
		}
		r := reached{w.id, w.slot.index, sock.Front}
		if s.seats != nil {
			ready, out := s.seats.Has(w.id)
			if ready && out {
				continue
			}
			if i, _ := s.seats.Of(w.id); ready {
				r.at = sock.Own(i)
			}
		}
		d.reached = append(d.reached, r)
	}
	// A map has no order, and the same workers make the same program.
	slices.SortFunc(d.reached, func(a, b reached) int { return a.worker - b.worker })
	return d
}

// serves tells whether a worker takes connections of s.
func (s *server) serves(w *worker) bool {
	closed, uses := s.users[w]
	return uses && !closed && !w.life.leaving && w.life.state == StateListening
}

// kernelDeals tells whether the kernel deals, by the policy.
func (l *ledger) kernelDeals() bool { return l.policy.dealer() == dealsKernel }

// dealer is the side that deals at s. Without sockets of which each is one worker's
// it is the primary instead of the kernel.
func (l *ledger) dealer(s *server) dealer {
	p := l.policy
	if s.fixed != 0 {
		p = s.fixed
	}
	if d := p.dealer(); d != dealsKernel || s.seats != nil {
		return d
	}
	return dealsPrimary
}

// byHand tells whether the primary deals at every address, though the policy has
// another side do it.
func (l *ledger) byHand() bool {
	elsewhere := func(s *server) bool { return l.dealer(s) != dealsPrimary }
	return !l.policy.PrimaryDeals() && len(l.order) > 0 && !slices.ContainsFunc(l.order, elsewhere)
}

// patience is how long a worker may not answer before the kernel deals its connections
// to others. A client of sticky has nothing at another worker: it waits as it would
// for a hand-off.
func (l *ledger) patience() time.Duration {
	if l.policy == SchedSticky {
		return deal.SilentAfter
	}
	return 0
}

// leftOut tells whether the kernel deals no more to a worker, because it does not
// answer.
func (s *server) leftOut(w *worker) bool {
	if s.seats == nil {
		return false
	}
	_, out := s.seats.Has(w.id)
	return out
}

// takeStrays takes in what waits at own sockets where no worker accepts, and deals
// it to those that do.
func (l *ledger) takeStrays(s *server) {
	if s.seats == nil || s.ended || s.port.Closed() || l.stopping != nil { // in a stop nobody could take it
		return
	}
	now := l.now()
	for _, i := range s.seats.Stray(func(id int) bool { w := l.workers[id]; return w != nil && s.serves(w) }, now) {
		room := queueMax - s.dealer.Queued()
		if room <= 0 {
			return // it waits where it is; a newcomer gets the longest queue
		}
		if s.port.WaitingAt(sock.Own(i)) > 0 {
			l.accepted(s, s.port.Drain(sock.Own(i), room), now)
		}
	}
}

// sayWithout says once, as an event, that an address cannot be had as p has it, and
// what is used instead.
func (l *ledger) sayWithout(s *server, p Policy) {
	if s.withoutSaid || s.addr.Network == "udp" || p.dealer() != dealsKernel || s.seats != nil {
		return
	}
	why := s.port.Can().WhyFixed
	switch {
	case s.addr.Network == "unix":
		why = "a unix path has one socket, not one for each worker"
	case why == "":
		why = "there are not enough descriptors for a socket for each worker"
	}
	instead := fmt.Sprintf("%s cannot be had here, rr is used instead", p)
	if p == SchedSticky {
		if instead = "the kernel cannot deal by client here, the primary does"; s.addr.Network == "unix" {
			instead, why = "sticky cannot be had here, rr is used instead", "clients of a unix socket have no address"
		}
	}
	s.withoutSaid = true
	l.failed(nil, "", fmt.Errorf("%s: %s: %s", s.addr, instead, why))
}
