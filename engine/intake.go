package engine

import (
	"fmt"
	"syscall"
	"time"

	"muster/ipc"
)

// intake is the loop's part that takes in what workers send: no more than their
// budgets allow, and no faster than listeners take it.
type intake struct {
	*common
	odds uint64 // answers that nobody awaits
}

// listenersEvery is how often to check the listeners of a worker that waits for
// them.
const listenersEvery = 2 * time.Millisecond

// readOn gives the reader of w its buffer back: at once, or when it has been
// slowed for long enough and its listeners have room again.
func (in *intake) readOn(w *worker, buf []ipc.Message, now time.Time) {
	if cap(buf) > readKept {
		buf = nil
	}
	w.flow.slowed.kept = append(w.flow.slowed.kept, buf[:0])
	in.readOnAt(w, now)
}

func (in *intake) readOnAt(w *worker, now time.Time) {
	if len(w.flow.slowed.kept) == 0 || w.flow.slowed.timer != nil {
		return
	}
	at := w.flow.slowed.until
	if !at.After(now) && in.listenersOf(w, now).full() {
		at = now.Add(listenersEvery)
	}
	if w.flow.account.over || w.life.procEnded || !at.After(now) {
		in.readNow(w)
		return
	}
	w.flow.slowed.timer = in.timers.at(at, func(now time.Time) {
		w.flow.slowed.timer = nil
		in.readOnAt(w, now)
	})
}

// readNow gives the reader all its buffers: the rest in the channel of a worker
// that has ended must be read at once.
func (in *intake) readNow(w *worker) {
	in.timers.stop(w.flow.slowed.timer)
	w.flow.slowed.timer = nil
	for _, buf := range w.flow.slowed.kept {
		select {
		case w.flow.reading <- buf:
		default:
		}
	}
	w.flow.slowed.kept = w.flow.slowed.kept[:0]
}

func (in *intake) listenersOf(w *worker, now time.Time) listenersView {
	v := listenersView{ends: w.life.leaving || w.life.chanEnded || in.stopping != nil}
	var calls uint64
	v.waiting, v.all, calls = in.dispatcher.state(&w.api.listeners.waiting)
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

// charge charges a message to its worker and returns how long the worker must
// be slowed.
func (in *intake) charge(w *worker, m *ipc.Message, now time.Time) time.Duration {
	wait, c := w.flow.account.take(m, now)
	if wait > 0 && w.flow.account.slow(c, wait, now) {
		in.failed(w, "", fmt.Errorf("worker %d sends more than %.0f %s a second: its channel is read more slowly", w.id, budgets[c].rate.perSec, budgets[c].what))
	}
	return wait
}

// odd takes in a senseless message. Some are ignored; too many end the channel.
func (in *intake) odd(w *worker, what string, now time.Time) {
	if w.flow.account.odd.take(oddRate, 1, now) > 0 {
		in.over(w, fmt.Errorf("worker %d has sent over %.0f messages that make no sense, more than %.0f a second; the last was %s: %w",
			w.id, oddRate.atOnce, oddRate.perSec, what, ErrBudget))
	}
}

// oddAnswer is odd for an answer, which is counted as well.
func (in *intake) oddAnswer(w *worker, what string, now time.Time) {
	in.odds++
	in.odd(w, what, now)
}

// over ends the channel of a worker for err. The rest is as for a breach of the
// protocol: the reader says why, and the worker is killed if it stays.
func (in *intake) over(w *worker, err error) {
	if w.flow.account.over {
		return
	}
	w.flow.account.over = true
	w.ch.Fail(err)
	in.readNow(w)
}

// refuse drops a message of a worker whose channel is being ended.
func (in *intake) refuse(m *ipc.Message) {
	if m.FD >= 0 {
		in.closeForeign(m.FD)
		m.FD = -1
	}
}

// tooMany takes the descriptor of a message away if there are too few left.
func (in *intake) tooMany(w *worker, m *ipc.Message) {
	if m.FD < 0 || in.fds.spare(m.FD) {
		return
	}
	in.refuse(m)
	m.Missing = m.Handle != ""
	in.faulted(w, "", fmt.Errorf("a descriptor of worker %d was refused: the last %d of the primary's %d are not for workers (ulimit -n): %w",
		w.id, in.fds.reserve(), in.fds.limit, syscall.EMFILE))
}
