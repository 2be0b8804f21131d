package engine

import (
	"fmt"
	"syscall"
	"time"

	"muster/ipc"
)

// intake is the loop's part that takes in what workers send: no more than their
// budgets allow, and no faster than those take it who hear it.
type intake struct {
	*common
	odds uint64 // answers that nobody awaits
}

// listenersEvery is how often the listeners of a worker that waits for them are
// looked at.
const listenersEvery = 2 * time.Millisecond

// readOn gives the reader of w its buffer back: at once, or when it has been
// slowed for long enough and its listeners have room again.
func (l *intake) readOn(w *worker, buf []ipc.Message, now time.Time) {
	if cap(buf) > readKept {
		buf = nil
	}
	w.flow.slowed.kept = append(w.flow.slowed.kept, buf[:0])
	l.readOnAt(w, now)
}

func (l *intake) readOnAt(w *worker, now time.Time) {
	if len(w.flow.slowed.kept) == 0 || w.flow.slowed.timer != nil {
		return
	}
	at := w.flow.slowed.until
	if !at.After(now) && l.listenersOf(w, now).full() {
		at = now.Add(listenersEvery)
	}
	if w.flow.account.over || w.life.procEnded || !at.After(now) {
		l.readNow(w)
		return
	}
	w.flow.slowed.timer = l.timers.at(at, func(now time.Time) {
		w.flow.slowed.timer = nil
		l.readOnAt(w, now)
	})
}

// readNow gives the reader all its buffers: what is left in the channel of a
// worker that has ended must be read at once.
func (l *intake) readNow(w *worker) {
	l.timers.stop(w.flow.slowed.timer)
	w.flow.slowed.timer = nil
	for _, buf := range w.flow.slowed.kept {
		select {
		case w.flow.reading <- buf:
		default:
		}
	}
	w.flow.slowed.kept = w.flow.slowed.kept[:0]
}

func (l *intake) listenersOf(w *worker, now time.Time) listenersView {
	v := listenersView{ends: w.life.leaving || w.life.chanEnded || l.stopping != nil}
	var calls uint64
	v.waiting, v.all, calls = l.dispatcher.state(&w.api.listeners.waiting)
	if calls != w.flow.slowed.calls || !v.much() {
		w.flow.slowed.calls, w.flow.slowed.movedAt = calls, now
	}
	v.quiet = now.Sub(w.flow.slowed.movedAt)
	if v.much() { // or it does not matter
		if !w.silence.probe.sent.IsZero() {
			v.unanswered = now.Sub(w.silence.probe.sent)
		}
		for s := range w.servers {
			if at, ok := s.dealer.Oldest(w.id); ok {
				v.unanswered = max(v.unanswered, now.Sub(at))
			}
		}
	}
	return v
}

// charge charges a message to its worker and tells how long that is to be
// slowed.
func (l *intake) charge(w *worker, m *ipc.Message, now time.Time) time.Duration {
	wait, c := w.flow.account.take(m, now)
	if wait > 0 && w.flow.account.slow(c, wait, now) {
		l.failed(w, "", fmt.Errorf("worker %d sends more than %.0f %s a second: its channel is read more slowly", w.id, budgets[c].rate.perSec, budgets[c].what))
	}
	return wait
}

// odd takes in a message that makes no sense where it came. Some are ignored;
// too many end the channel.
func (l *intake) odd(w *worker, what string, now time.Time) {
	if w.flow.account.odd.take(oddRate, 1, now) > 0 {
		l.over(w, fmt.Errorf("worker %d has sent over %.0f messages that make no sense, more than %.0f a second; the last was %s: %w",
			w.id, oddRate.atOnce, oddRate.perSec, what, ErrBudget))
	}
}

// oddAnswer is odd for an answer, which is counted as well.
func (l *intake) oddAnswer(w *worker, what string, now time.Time) {
	l.odds++
	l.odd(w, what, now)
}

// over ends the channel of a worker for err. What follows is as for a breach of
// the protocol: its reader says why, and the worker is killed if it stays.
func (l *intake) over(w *worker, err error) {
	if w.flow.account.over {
		return
	}
	w.flow.account.over = true
	w.ch.Fail(err)
	l.readNow(w)
}

// refuse drops a message of a worker whose channel is being ended.
func (l *intake) refuse(m *ipc.Message) {
	if m.FD >= 0 {
		l.closeForeign(m.FD)
		m.FD = -1
	}
}

// tooMany takes the descriptor of a message away if there are too few left.
func (l *intake) tooMany(w *worker, m *ipc.Message) {
	if m.FD < 0 || l.fds.spare(m.FD) {
		return
	}
	l.refuse(m)
	m.Missing = m.Handle != ""
	l.faulted(w, "", fmt.Errorf("a descriptor of worker %d was refused: the last %d of the primary's %d are not for workers (ulimit -n): %w",
		w.id, l.fds.reserve(), l.fds.limit, syscall.EMFILE))
}
