package engine

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/internal/plural"
	"muster/internal/wireword"
	"muster/ipc"
)

// deal hands queued connections to workers as long as a worker may get one.
func (l *ledger) deal(s *server, now time.Time) {
	if s.dealer.Queued() > 0 { // an answer to a probe changes nothing that is shown
		l.pub.touch()
	}
	for l.dealRound(s, now) { // what a worker's channel did not take goes to others
	}
	switch queued := s.dealer.Queued(); {
	case queued >= queueMax && !s.paused:
		s.paused = true
		s.port.PauseAccept()
	case queued <= queueResume && s.paused && l.stopping == nil:
		s.paused = false
		s.port.ResumeAccept()
	}
}

// dealRound deals as deal does. A worker that takes several connections with one
// message gets all of the round so; another gets each at once. It is true if a
// channel has not taken what was dealt: that is queued again.
func (l *ledger) dealRound(s *server, now time.Time) (unsent bool) {
	for {
		c, id, ok := s.dealer.Next(l.seq, now)
		if !ok {
			break
		}
		w := l.workers[id]
		if len(w.handed.going) == 0 && w.seen.takesMany {
			l.getting = append(l.getting, w)
		}
		w.handed.going = append(w.handed.going, going{c, l.seq})
		l.seq++
		if !w.seen.takesMany || len(w.handed.going) == ipc.MaxConns {
			unsent = !l.sendGoing(s, w, now) || unsent
		}
	}
	for i, w := range l.getting {
		unsent = !l.sendGoing(s, w, now) || unsent
		l.getting[i] = nil
	}
	l.getting = l.getting[:0]
	return unsent
}

// sendGoing sends a worker what it was dealt. If that cannot be sent, it is false.
func (l *ledger) sendGoing(s *server, w *worker, now time.Time) bool {
	batch := w.handed.going
	if len(batch) == 0 {
		return true
	}
	w.handed.going = batch[:0]
	l.sendSeqs, l.sendFDs = l.sendSeqs[:0], l.sendFDs[:0]
	for _, g := range batch {
		l.sendSeqs, l.sendFDs = append(l.sendSeqs, g.seq), append(l.sendFDs, l.conns[g.conn].fd)
		if l.tracing.wants(l.conns[g.conn].trace, w.tells()) {
			w.follow(g.seq)
		}
	}
	l.buf = ipc.AppendNewConns(l.buf[:0], s.key, l.sendSeqs...)
	if err := w.ch.TrySendAll(l.buf, l.sendFDs); err != nil {
		// The channel is full, or is ending, which its reader will tell.
		for range batch {
			s.dealer.Unsent(w.id)
		}
		if !errors.Is(err, ipc.ErrFull) {
			s.dealer.Leave(w.id)
		}
		return false
	}
	for _, g := range batch {
		e := &l.conns[g.conn]
		w.unacked = append(w.unacked, sentFD{s: s, seq: g.seq})
		l.tracing.sent(e.trace, w.id, g.seq, l.tracing.wants(e.trace, w.tells()), now)
		w.handed.dealt++
		l.tot.dealt++
		if e.again {
			l.tot.again++
		} else {
			l.tracing.waited(e.at, now)
		}
	}
	return true
}

// answered takes in a worker's reply to a hand-off. It is false if none is awaited.
func (l *ledger) answered(w *worker, seq int64, accepted bool, now time.Time) bool {
	for s := range w.servers {
		if !accepted {
			if c, until, ok := s.dealer.Refused(w.id, seq, now); ok {
				l.tracing.back(l.conns[c].trace, wireword.HopRefused, now)
				l.refused(w, s, c, until)
				return true
			}
			continue
		}
		if c, took, ok := s.dealer.Accepted(w.id, seq, now); ok {
			l.tracing.taken(l.conns[c].trace, took, now)
			l.drop(c)
			l.handOffTimes.record(took)
			w.handed.times.record(took)
			w.handed.shown = nil
			w.out.taken++
			l.tot.taken++
			return true
		}
	}
	return false
}

// nacked takes in that the worker did not get the descriptor of h. It is true if that
// answers a hand-off.
func (l *ledger) nacked(w *worker, h sentFD, now time.Time) bool {
	switch {
	case h.s != nil:
		l.isShort(w, unix.EMFILE, "a connection")
	case h.what != "":
		l.isShort(w, unix.EMFILE, h.what+", and it is lost")
		return false
	default:
		return false
	}
	c, until, ok := h.s.dealer.Refused(w.id, h.seq, now)
	if ok {
		l.tracing.back(l.conns[c].trace, wireword.HopLost, now)
		l.refused(w, h.s, c, until)
	}
	return ok
}

func (l *ledger) refused(w *worker, s *server, c deal.Conn, until time.Time) {
	w.handed.refused++
	l.tot.refused++
	if s.ended { // its last worker has closed it: nobody can serve a refused connection
		l.dropQueued(s)
		return
	}
	l.conns[c].again = true
	if s.retry == nil || until.Before(s.retry.at) {
		l.timers.stop(s.retry)
		l.wakeDealer(s, until)
	}
}

// wakeDealer asks workers that refused again when their wait is over.
func (l *ledger) wakeDealer(s *server, at time.Time) {
	s.retry = l.timers.at(at, func(now time.Time) {
		s.retry = nil
		if next := s.dealer.Wake(now); !next.IsZero() {
			l.wakeDealer(s, next)
		}
		l.deal(s, now)
	})
}

// accepted takes in a batch from the accept goroutine.
func (l *ledger) accepted(s *server, batch []sock.Accepted, now time.Time) {
	for i := range batch {
		a := &batch[i]
		if s.ended {
			_ = unix.Close(a.FD)
			l.tot.lost++
			continue
		}
		c := l.enter(a.FD, a.At)
		s.dealer.Offer(c, a.From.Addr())
		l.conns[c].trace = l.tracing.accepted(l.tot.accepted+uint64(i)+1, a, now)
	}
	l.tot.accepted += uint64(len(batch))
	l.deal(s, now)
	l.tracing.dealt(s.dealer, now)
}

// enter makes an entry of an accepted connection.
func (l *ledger) enter(fd int, at time.Time) deal.Conn {
	e := entry{fd: fd, at: at}
	if n := len(l.freeConns); n > 0 {
		c := l.freeConns[n-1]
		l.freeConns = l.freeConns[:n-1]
		l.conns[c] = e
		return c
	}
	l.conns = append(l.conns, e)
	return deal.Conn(len(l.conns) - 1)
}

// dropQueued closes the connections that wait at a closed address.
func (l *ledger) dropQueued(s *server) {
	for _, c := range s.dealer.Drain() {
		l.dropLost(c)
	}
}

// dropLost closes a connection no worker took.
func (l *ledger) dropLost(c deal.Conn) {
	l.tracing.dropped(l.conns[c].trace, l.now())
	l.drop(c)
	l.tot.lost++
}

// drop closes the primary's copy of a connection.
func (l *ledger) drop(c deal.Conn) {
	l.pub.touch()
	l.closeForeign(l.conns[c].fd)
	l.conns[c] = entry{fd: -1}
	l.freeConns = append(l.freeConns, c)
}

// settle is called when the process is gone too: hand-offs it has not answered
// go to other workers. Earlier it could still read them, and two workers would
// answer.
func (l *ledger) settle(w *worker, now time.Time) {
	l.timers.stop(w.due.cutOff)
	l.dropTouched(w, now)
	for s := range w.servers {
		back := s.dealer.Remove(w.id, now)
		for _, c := range back {
			l.conns[c].again = true
			w.out.dealtAgain(l.conns[c].fd)
			l.tracing.back(l.conns[c].trace, w.hopEnd(), now)
		}
		if s.ended { // the address is closed: nobody can serve them
			l.dropQueued(s)
			continue
		}
		w.handed.again += len(back)
		l.deal(s, now)
	}
	if w.handed.again > 0 {
		l.emitFor(w, Event{Kind: KindDealtAgain, By: BySupervisor, Detail: DealtAgainDetail{Count: w.handed.again}})
	}
}

// dropTouched drops unanswered connections of a dead worker from which the
// worker has read or to which it has written or, if that cannot be seen, may
// have. Another worker would begin in the middle, or answer a second time.
func (l *ledger) dropTouched(w *worker, now time.Time) {
	n := 0
	for s := range w.servers {
		for _, c := range s.dealer.Hands(w.id) {
			used, known := touched(l.conns[c].fd)
			if !used && (known || !w.end.mayAnswer) {
				continue
			}
			s.dealer.Forget(w.id, c)
			l.tracing.back(l.conns[c].trace, wireword.HopUsed, now)
			l.tracing.dropped(l.conns[c].trace, now)
			l.drop(c)
			n++
		}
	}
	if n == 0 {
		return
	}
	w.out.touched = true
	l.failed(w, "", fmt.Errorf("worker %d used, or may have used, %s it had not answered for: closed, and not dealt again. A worker must answer a hand-off before it reads",
		w.id, plural.Of(n, "connection")))
}

// unanswered is how many hand-offs a worker has not answered.
func (l *ledger) unanswered(w *worker) int {
	n := 0
	for s := range w.servers {
		n += s.dealer.InFlight(w.id)
	}
	return n
}

// resetQueued resets the queued connections that were accepted at before or
// earlier, and returns how many.
func (l *ledger) resetQueued(s *server, before time.Time) int {
	n := 0
	for {
		c, ok := s.dealer.Head()
		if !ok || l.conns[c].at.After(before) {
			break
		}
		s.dealer.DropHead()
		// With this the close is a reset even for a client that has sent
		// nothing yet.
		_ = unix.SetsockoptLinger(l.conns[c].fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		l.dropLost(c)
		n++
	}
	if n > 0 {
		l.deal(s, l.now()) // accepting may have waited for room
	}
	return n
}

// tells tells whether a worker reports the ends of its connections.
func (w *worker) tells() bool { return w.seen.stats != nil && w.seen.stats.tells }

// follow asks a worker to report the end of the next hand-off, number seq. It
// is sent before the hand-off: a connection may be over before a later message
// arrives.
func (w *worker) follow(seq int64) {
	line, err := ipc.AppendMuster(nil, follow{&seq})
	if err == nil {
		_ = w.ch.Send(line, -1) // a channel that has ended tells its reader
	}
}
