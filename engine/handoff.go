package engine

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/ipc"
)

// deal hands queued connections to workers for as long as somebody may get one.
func (l *loop) deal(s *server, now time.Time) {
	for {
		c, id, ok := s.dealer.Next(l.seq, now)
		if !ok {
			break
		}
		w := l.workers[id]
		if l.watching != nil && l.watching.wants(&l.conns[c], w) {
			l.follow(w, l.seq)
		}
		l.buf = ipc.AppendNewConn(l.buf[:0], s.key, l.seq)
		if err := w.ch.TrySend(l.buf, l.conns[c].fd); err != nil {
			// Full, or the channel is ending, which its reader will tell.
			s.dealer.Unsent(id)
			if !errors.Is(err, ipc.ErrFull) {
				s.dealer.Leave(id)
			}
			continue
		}
		w.unacked = append(w.unacked, handle{s: s, seq: l.seq})
		if l.watching != nil {
			l.watching.handOff(&l.conns[c], w, l.seq, now)
		}
		w.dealt++
		l.seq++
		l.tot.dealt++
		if l.conns[c].again {
			l.tot.again++
		}
	}
	l.pub.touch()
	switch queued := s.dealer.Queued(); {
	case queued >= queueMax && !s.paused:
		s.paused = true
		s.port.PauseAccept()
	case queued <= queueResume && s.paused && l.stopping == nil:
		s.paused = false
		s.port.ResumeAccept()
	}
}

// answered takes in a worker's reply to a hand-off.
func (l *loop) answered(w *worker, seq int64, accepted bool, now time.Time) {
	if w.probe.answers(seq) {
		l.probeAnswered(w, now)
		return
	}
	for s := range w.servers {
		if !accepted {
			if c, until, ok := s.dealer.Refused(w.id, seq, now); ok {
				if l.watching != nil {
					l.watching.back(&l.conns[c], HopRefused, now)
				}
				l.refused(w, s, c, until)
				w.probe.heard = now
				return
			}
			continue
		}
		if c, took, ok := s.dealer.Accepted(w.id, seq, now); ok {
			if l.watching != nil {
				l.watching.taken(&l.conns[c], took, now)
			}
			l.drop(c)
			l.handOff.Record(took)
			w.handOff.Record(took)
			w.handOffShown = nil
			w.stalled = time.Time{}
			w.probe.heard = now
			w.out.taken++
			l.tot.taken++
			return
		}
	}
	l.tot.odd++
	l.odd(w, "an answer that is not awaited", now)
}

// nacked takes in that the worker did not get the descriptor of a handle.
func (l *loop) nacked(w *worker, h handle, now time.Time) {
	switch {
	case h.probe:
		l.probeAnswered(w, now)
		return
	case h.s != nil:
		l.isShort(w, unix.EMFILE, "a connection")
	case h.what != "":
		l.isShort(w, unix.EMFILE, h.what+", and it is lost")
		return
	default:
		return
	}
	if c, until, ok := h.s.dealer.Refused(w.id, h.seq, now); ok {
		if l.watching != nil {
			l.watching.back(&l.conns[c], HopLost, now)
		}
		l.refused(w, h.s, c, until)
	}
}

func (l *loop) refused(w *worker, s *server, c deal.Conn, until time.Time) {
	w.refused++
	w.stalled = time.Time{}
	l.tot.refused++
	if s.ended { // its last worker has closed it: nobody can serve what it refuses
		l.dropQueued(s)
		return
	}
	l.conns[c].again = true
	if s.retry == nil || until.Before(s.retry.at) {
		l.timers.stop(s.retry)
		l.wakeDealer(s, until)
	}
}

// wakeDealer asks those who refused again when their wait is over.
func (l *loop) wakeDealer(s *server, at time.Time) {
	s.retry = l.timers.at(at, func(now time.Time) {
		s.retry = nil
		if next := s.dealer.Wake(now); !next.IsZero() {
			l.wakeDealer(s, next)
		}
		l.deal(s, now)
	})
}

// waitedFor is why a connection waits, in words.
func waitedFor(why deal.Why) string {
	switch why {
	case deal.Nobody:
		return WaitedNobody
	case deal.Refused:
		return WaitedRefused
	case deal.Silent:
		return WaitedSilent
	}
	return WaitedFull
}

// opens tells those who deal how many connections a worker has open.
func (w *worker) opens(n int) {
	for s := range w.servers {
		s.dealer.Holds(w.id, n)
	}
}

// ms is a duration as a JSON number of milliseconds, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
