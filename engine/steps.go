package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// step moves the worker's life and carries out what follows.
func (l *loop) step(w *worker, in input) {
	before := w.life.state
	var fx []effect
	w.life, fx = w.life.step(in)
	now := l.now()
	if w.life.state != before {
		w.at.changed = now
		l.pub.touch()
	}
	w.show()
	for _, f := range fx {
		switch f {
		case fxOnline:
			w.at.online = now
			d := OnlineDetail{Ms: ms(now.Sub(w.at.forked))}
			d.DeathMs, d.Of = w.sinceDeath(now)
			l.emitFor(w, Event{Kind: KindOnline, By: ByOutside, Detail: d})
		case fxListening:
			w.at.listening = now
			l.supervisor.joined(w)
		case fxLeave:
			for s := range w.servers {
				s.dealer.Leave(w.id)
				l.ledger.setGateOrSay(s)
			}
			l.supervisor.restartLeft(w)
		case fxRelease:
			l.release(w, now)
		case fxSettle:
			l.ledger.settle(w, now)
		case fxAwaitChannel:
			l.leaver.awaitChannel(w, now, l.family.keep)
		case fxDisconnect:
			l.disconnected(w, now)
		case fxExit:
			l.exited(w, now)
		}
	}
}

// read takes in what one read of a worker's channel brought.
func (l *loop) read(w *worker, msgs []ipc.Message, now time.Time) {
	answers := false
	for i := range msgs {
		m := &msgs[i]
		if w.flow.account.over && !isAnswer(m) {
			l.intake.refuse(m)
			continue
		}
		w.flow.slowed.slow(l.intake.charge(w, m, now), now)
		l.intake.tooMany(w, m)
		if m.Handle != "" {
			// Answer at once: a worker that waits for the answer stays silent
			// without it.
			if m.Missing {
				_ = w.ch.Send(ipc.AppendNack(nil), -1)
				if m.Kind == ipc.TooLong {
					l.messages.tooLong(w, m)
				}
				continue
			}
			// Acknowledge even a message that is refused for its length: after
			// a NACK Node would send the connection three times more, with the
			// whole message.
			_ = w.ch.Send(ipc.AppendAck(nil), -1)
		}
		switch m.Kind {
		case ipc.Ack, ipc.Nack:
			if len(w.unacked) == 0 {
				l.intake.oddAnswer(w, "an acknowledgement of no descriptor", now)
				continue
			}
			h := w.unacked[0]
			w.unacked = slices.Delete(w.unacked, 0, 1) // it keeps its room, and is short
			w.keepGiven(h.given)
			if h.seat != nil {
				if !h.stale {
					l.ledger.seatAnswered(w, h.seat, m.Kind == ipc.Ack)
				}
				continue
			}
			if m.Kind == ipc.Nack {
				w.keepGiven(nil)
				if h.probe {
					l.stalls.probeAnswered(w, now)
				} else if l.ledger.nacked(w, h, now) {
					l.stalls.heard(w, now)
				}
				answers = true
			}
			continue
		case ipc.Cluster:
			if m.Cluster.HasAck && m.Cluster.HasAccepted {
				l.answered(w, m.Cluster.Ack, m.Cluster.Accepted, now)
				answers = true
				continue
			}
			l.clusterMessage(w, m, now)
		case ipc.Muster:
			if m.FD >= 0 {
				w.tallyCame(m)
			} else {
				l.reported(w, m.Raw, now)
			}
		case ipc.User:
			if l.messages.userMessage(w, m) {
				l.supervisor.joined(w) // a restart must not wait for ever for a server that may never come
			}
		case ipc.OtherInternal:
			l.messages.otherInternal(w, m, now)
		case ipc.TooLong:
			l.messages.tooLong(w, m)
		}
		if m.FD >= 0 { // a handle of no use here
			l.closeForeign(m.FD)
			m.FD = -1
		}
		w.keepGiven(nil)
	}
	if answers {
		for s := range w.servers {
			l.ledger.deal(s, now)
		}
	}
	clear(msgs)
}

// answered takes in a worker's reply to a probe or a hand-off.
func (l *loop) answered(w *worker, seq int64, accepted bool, now time.Time) {
	switch {
	case w.silence.probe.answers(seq):
		l.stalls.probeAnswered(w, now)
	case l.ledger.answered(w, seq, accepted, now):
		l.stalls.heard(w, now)
	default:
		l.intake.oddAnswer(w, "an answer that is not awaited", now)
	}
}

// release takes in that everything from a worker was read: it uses no server
// any more.
func (l *loop) release(w *worker, now time.Time) {
	l.supervisor.remember(w)
	l.supervisor.bequeath(w, now)
	for s := range w.servers {
		if !s.ended {
			l.ledger.released(w, s)
		}
	}
}

// chanEnded says that a worker's channel has ended and everything in it was
// read.
func (l *loop) chanEnded(w *worker, err error) {
	l.timers.stop(w.due.otherEnd)
	l.timers.stop(w.due.tell)
	w.end.mayAnswer = w.answersLost(err)
	w.ch.Close()
	if w.life.gone && errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF // a process may die in the middle of a frame
	}
	w.exitReason(err)
	if !w.life.gone && !w.proc.Dying() {
		w.end.outlived = true
		w.channelLeft(l.ledger.unanswered(w)) // before the step removes it from its servers
	}
	l.step(w, inChanEnd)
}

func (w *worker) exitReason(err error) {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) && !errors.Is(err, ipc.ErrClosed) {
		w.end.chanErr = err
	}
}

func (l *loop) disconnected(w *worker, now time.Time) {
	d := DisconnectDetail{Voluntary: w.life.voluntary == yes}
	by := ByOutside
	if w.end.chanErr != nil {
		d.Error = validText(w.end.chanErr.Error())
		by = BySupervisor
		l.deliverError(w, w.end.chanErr)
	}
	l.emitFor(w, Event{Kind: KindDisconnect, By: by, Detail: d})
	if w.life.gone {
		return
	}
	if !l.leaver.cutShort(w, now, now) {
		l.leaver.leftChannel(w, now)
	}
	if d.Voluntary {
		return
	}
	if !w.proc.Dying() {
		l.supervisor.vacate(w, now)
		return
	}
	// The kernel closes a dying process's descriptors before it reports the
	// exit, which tells more about the reason.
	w.due.otherEnd = l.timers.at(now.Add(otherEndWait), func(now time.Time) { l.supervisor.vacate(w, now) })
}

// procEnded says that a worker's process has ended.
func (l *loop) procEnded(w *worker, exit *ExitDetail) {
	w.at.ended = l.now()
	w.end.exit = exit
	known := *exit                   // of a copy: its costs are found out later
	w.api.process.exit.Store(&known) // before the step, after which the worker counts as dead
	l.timers.stop(w.due.grace)
	l.step(w, inProcEnd)
	l.intake.readNow(w)
}

// exited is the end of a worker.
func (l *loop) exited(w *worker, now time.Time) {
	for _, t := range []*timer{w.due.tell, w.due.grace, w.due.cutOff, w.due.otherEnd, w.restart.up, w.start.silent, w.restart.noted, w.restart.comparing, w.flow.slowed.timer} {
		l.timers.stop(t)
	}
	if open, idle, known := w.cut(); known {
		w.end.lost, w.end.exit.CutKept = &open, idle
		l.ledger.cut(open, true)
	} else {
		l.ledger.cut(0, false)
	}
	w.out.closeTally()
	l.tracing.died(w.id, now)
	w.end.exit.Voluntary = w.life.voluntary == yes
	w.end.exit.DealtAgain, w.end.exit.Cut = w.handed.again, w.end.lost
	w.seen.figures = figures{open: w.seen.figures.open}
	w.keepGiven(nil)
	for _, h := range w.unacked {
		h.given.Close() // a nil *os.File may be closed
	}

	v := l.supervisor.judge(w, now)
	w.end.exit.RetryMs, w.end.exit.Deaths = ms(v.after), v.deaths
	if v.deaths > 0 {
		w.end.exit.Of = deathsMax
	}
	w.api.process.exit.Store(w.end.exit)
	w.show()
	l.supervisor.apiWorkers.remove(w.api)
	close(w.api.done)
	l.emitFor(w, Event{Kind: KindExit, By: ByOutside, Detail: *w.end.exit})
	for _, d := range w.end.orphans {
		l.orphansOf(w, d)
	}

	delete(l.workers, w.id)
	l.supervisor.carryOut(w, v, now)
	for s := range w.servers {
		l.ledger.forget(w, s)
		l.paths.keepName(s, w)
	}
	l.stopStep()
}

// output publishes lines a worker wrote.
func (l *loop) output(w *worker, stream string, lines []outLine) {
	for _, o := range lines {
		l.emitFor(w, Event{Kind: KindOutput, By: ByOutside, Detail: OutputDetail{Stream: stream, Text: o.text, Missed: o.missed}})
	}
}

// spawned says that a fork has a process, or could not get one.
func (l *loop) spawned(m msgSpawned) {
	w := m.w
	l.supervisor.started()
	reply := w.start.reply
	w.start.reply = nil
	if m.err != nil {
		l.spawnFailed(w, m.err)
		if reply != nil {
			reply <- answer[Result]{err: fmt.Errorf("fork of worker %d: %w", w.id, m.err)}
		}
		return
	}
	w.proc, w.ch, w.start.stderr = m.p, m.ch, m.errs
	d := ForkDetail{Replaces: w.before.id, Why: w.before.why}
	if w.before.id != 0 && !w.before.died.IsZero() && w.slot.deaths > 0 {
		d.Try, d.Of = w.slot.deaths, deathsMax
	}
	l.emitFor(w, Event{Kind: KindFork, By: w.by, Detail: d})
	if reply != nil {
		reply <- answer[Result]{v: Result{Worker: w.id}}
	}
	for _, k := range w.start.early {
		if err := l.kill(w, k.sig, k.by); err != nil {
			l.failed(w, "", err)
		}
	}
	w.start.early = nil
	if w.restart.late != "" {
		l.killer.kill9(w, w.restart.late)
	}
	if w.life.leaving { // ordered before it was there
		l.leaver.tellToLeave(w)
		l.leaver.leaveStep(w)
	}
	if l.stopping != nil {
		l.stopStep()
	}
}

// spawnFailed is the whole life of a worker whose process could not be started:
// as in Node an error and an exit with the negative errno as its code.
func (l *loop) spawnFailed(w *worker, err error) {
	now := l.now()
	err = fmt.Errorf("starting worker %d: %w", w.id, err)
	l.failed(w, "", err)
	l.deliverError(w, err)
	code := -1
	var errno syscall.Errno
	if errors.As(err, &errno) {
		code = -int(errno)
	}
	w.start.noDir = errors.As(err, new(*proc.DirError))
	w.at.ended, w.start.stderr = now, &lineReader{}
	w.start.stderr.remember(err.Error())
	w.end.exit = &ExitDetail{Code: &code}
	w.life.chanEnded, w.life.gone, w.life.procEnded = true, true, true
	w.life.state, w.life.leaving = StateExited, true
	if w.life.voluntary == unset {
		w.life.voluntary = no
	}
	w.at.changed = now
	l.exited(w, now)
}

// orphans says that processes a worker has left were sent a signal: after its
// exit.
func (l *loop) orphans(w *worker, d OrphansDetail) {
	if w != nil && w.life.state != StateExited {
		w.end.orphans = append(w.end.orphans, d)
		return
	}
	l.orphansOf(w, d)
}

func (l *loop) orphansOf(w *worker, d OrphansDetail) {
	e := Event{Kind: KindOrphans, By: BySupervisor, Detail: d}
	if w == nil {
		l.emit(e)
		return
	}
	l.emitFor(w, e)
}
