package engine

import (
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// probeEvery is how long a worker may have said nothing before it is asked
// whether it answers.
const probeEvery = time.Second

// probe is what is known of whether a worker answers: its event loop, or in a Go
// worker the goroutine that reads its channel. The primary asks, for an idle
// worker is as silent as one that stands still, and in shared there are no
// hand-offs. Pure.
type probe struct {
	knows bool // it has answered one: see silent
	seq   int64
	sent  time.Time // of the one under way; zero = none is
	heard time.Time // when it last answered one, or a hand-off
}

// due tells whether it is to be asked.
func (p probe) due(now time.Time) bool {
	return p.sent.IsZero() && now.Sub(p.heard) >= probeEvery
}

// asked is p with a probe under way.
func (p probe) asked(seq int64, now time.Time) probe {
	p.seq, p.sent = seq, now
	return p
}

// answers tells whether seq is the probe under way.
func (p probe) answers(seq int64) bool { return !p.sent.IsZero() && p.seq == seq }

// answered is p with no probe under way.
func (p probe) answered(now time.Time) probe {
	p.knows, p.sent, p.heard = true, time.Time{}, now
	return p
}

// silent is since when a probe is unanswered, if that is too long. Who has never
// answered one may be a program that does not know what it is asked, or one that
// has not come to its event loop yet.
func (p probe) silent(now time.Time) (since time.Time, ok bool) {
	if !p.knows || p.sent.IsZero() || now.Sub(p.sent) < deal.SilentAfter {
		return time.Time{}, false
	}
	return p.sent, true
}

// shift moves all times by gap: see dealer.Shift.
func (p probe) shift(gap time.Duration) probe {
	for _, at := range []*time.Time{&p.sent, &p.heard} {
		if !at.IsZero() {
			*at = at.Add(gap)
		}
	}
	return p
}

// probeIfSilent sends a worker that listens a probe, if one is due. What waits for
// an answer already tells as much.
func (l *loop) probeIfSilent(w *worker, now time.Time) {
	if w.life.state != StateListening || w.life.leaving || !w.probe.due(now) {
		return
	}
	for s := range w.servers {
		if s.dealer.InFlight(w.id) > 0 {
			return
		}
	}
	l.sendProbe(w, now)
}

// sendProbe sends a probe, unless nothing is ever done about silence. One that cannot
// be sent at once is left: it would wait behind what the worker has to read. One
// that leaves is asked nothing: Node has closed its channel when it takes in what
// follows the order, and fails an assertion on trying to answer.
func (l *loop) sendProbe(w *worker, now time.Time) {
	if l.o.Stall <= 0 || w.life.leaving {
		return
	}
	fd, err := l.probeSocket()
	if err != nil {
		return // out of descriptors, which accept tells
	}
	l.buf = ipc.AppendProbe(l.buf[:0], l.seq)
	if w.ch.TrySend(l.buf, fd) != nil {
		return
	}
	w.probe = w.probe.asked(l.seq, now)
	w.unacked = append(w.unacked, handle{seq: l.seq, probe: true})
	l.seq++
}

// probeSocket is the socket that goes with every probe: each worker closes its
// copy.
func (l *loop) probeSocket() (int, error) {
	if l.probeFD >= 0 {
		return l.probeFD, nil
	}
	fd, err := sock.NewSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		l.probeFD = fd
	}
	return fd, err
}

// probeAnswered takes in that a worker has answered its probe, with whatever.
func (l *loop) probeAnswered(w *worker, now time.Time) {
	w.probe = w.probe.answered(now)
	w.stalled = time.Time{}
	for s := range w.servers {
		s.dealer.Mute(w.id, false, now)
	}
}
