package engine

import (
	"context"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// stalls is the loop's part that finds workers which do not answer, and kills
// those that have not answered for Options.Stall.
type stalls struct {
	*common
	ledger  *ledger
	killer  *killer
	probeFD int // the socket that goes with every probe; -1 = not made yet
	buf     []byte
}

// beat looks for workers that do not answer.
func (st *stalls) beat(now time.Time) {
	for _, w := range st.workers {
		w.keepGiven(nil)
		if w.life.chanEnded {
			continue // no answer is awaited any more: see cutShort
		}
		for s := range w.servers {
			if w.ch.Pending() == 0 {
				s.dealer.Writable(w.id, now)
			}
		}
		since, asked, silent := w.unanswered(now)
		for s := range w.servers {
			s.dealer.Mute(w.id, asked || st.ledger.kernelDeals() && s.leftOut(w), now)
		}
		switch {
		case !silent:
			w.silence.since = time.Time{}
			st.probeIfSilent(w, now)
		case w.silence.since.IsZero():
			w.silence.since, w.silence.sparedWhy = since, ""
			st.emitFor(w, Event{Kind: KindStall, By: ByOutside, Detail: StallDetail{Ms: ms(now.Sub(since)), Asked: asked}})
		case st.o.Stall > 0 && w.end.killed.IsZero():
			st.stallStep(w, since, asked)
		}
	}
	st.ledger.dealAll(now)
}

// unanswered is since when a worker has not answered a hand-off or, if it was
// asked, the primary's own question; only if that is too long.
func (w *worker) unanswered(now time.Time) (since time.Time, asked, ok bool) {
	for s := range w.servers {
		if at, flies := s.dealer.Oldest(w.id); flies && now.Sub(at) >= deal.SilentAfter && (!ok || at.Before(since)) {
			since, ok = at, true
		}
	}
	if w.seen.stats != nil && w.seen.stats.full { // the worker has said that it does not read
		return since, false, ok
	}
	if at, silent := w.silence.probe.silent(now); silent && !w.life.chanEnded && (!ok || at.Before(since)) {
		return at, true, true
	}
	return since, false, ok
}

// stallStep kills a worker that has been silent for the limit, but not one in a
// debugger: the limit counts anew when the debugger has gone.
func (st *stalls) stallStep(w *worker, since time.Time, asked bool) {
	if w.silence.judged {
		return
	}
	w.silence.judged = true
	st.debugger(w, !st.o.StallInspected, func(why string) {
		w.silence.judged = false
		if !w.silence.since.IsZero() && w.end.killed.IsZero() {
			st.judgeStall(w, why, st.now(), since, asked)
		}
	})
}

// judgeStall continues stallStep when the reason for the silence is known.
func (st *stalls) judgeStall(w *worker, why string, now, since time.Time, asked bool) {
	over := now.Sub(since) >= st.o.Stall
	if why != "" {
		w.silence.spared = now
		if over && w.silence.sparedWhy != why {
			w.silence.sparedWhy = why
			st.emitFor(w, Event{Kind: KindStall, By: BySupervisor, Detail: StallDetail{Ms: ms(now.Sub(since)), Asked: asked, Spared: why}})
		}
		return
	}
	if over && now.Sub(w.silence.spared) >= st.o.Stall {
		what := "a hand-off was unanswered for "
		if asked {
			what = "it answered nothing for "
		}
		st.killer.kill9(w, what+st.o.Stall.String())
	}
}

// probeIfSilent sends a probe to a worker that listens, if one is due. An
// unanswered hand-off already tells as much as a probe.
func (st *stalls) probeIfSilent(w *worker, now time.Time) {
	if w.life.state != StateListening || w.life.leaving || !w.silence.probe.due(now) {
		return
	}
	for s := range w.servers {
		if s.dealer.InFlight(w.id) > 0 {
			return
		}
	}
	st.sendProbe(w, now)
}

// sendProbe sends a probe, unless silence has no consequence.
func (st *stalls) sendProbe(w *worker, now time.Time) {
	if st.o.Stall > 0 {
		st.ask(w, now)
	}
}

// ask sends a probe. A probe that cannot be sent at once is dropped: it would
// wait behind messages the worker has not read. A worker that leaves gets no
// probe: Node has closed its channel when it handles messages after the order,
// and fails an assertion when it tries to answer.
func (st *stalls) ask(w *worker, now time.Time) {
	if w.life.leaving {
		return
	}
	fd, err := st.probeSocket()
	if err != nil {
		return // out of descriptors, which accept reports
	}
	st.buf = ipc.AppendProbe(st.buf[:0], st.seq)
	if w.ch.TrySend(st.buf, fd) != nil {
		return
	}
	w.silence.probe = w.silence.probe.asked(st.seq, now)
	w.unacked = append(w.unacked, sentFD{seq: st.seq, probe: true})
	st.seq++
}

// probeSocket is the socket that goes with every probe: each worker closes its
// copy.
func (st *stalls) probeSocket() (int, error) {
	if st.probeFD >= 0 {
		return st.probeFD, nil
	}
	fd, err := sock.NewSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		st.probeFD = fd
	}
	return fd, err
}

// heard takes in that a worker has answered a hand-off.
func (st *stalls) heard(w *worker, now time.Time) {
	w.silence.since = time.Time{}
	w.silence.probe.heard = now
}

// close closes the socket for probes.
func (st *stalls) close() {
	if st.probeFD >= 0 {
		_ = unix.Close(st.probeFD)
	}
}

// probeAnswered takes in that a worker has answered its probe, whatever the
// answer.
func (st *stalls) probeAnswered(w *worker, now time.Time) {
	w.silence.probe = w.silence.probe.answered(now)
	w.silence.since = time.Time{}
	for s := range w.servers {
		s.dealer.Mute(w.id, false, now)
	}
}

// debugger finds out, aside, why a worker may stand still through no fault of
// its own, and calls then with the reason if the worker still lives: a tracer
// or, if inspectors count, an inspector. "" = there is no reason.
func (st *stalls) debugger(w *worker, inspectors bool, then func(why string)) {
	pid, port := w.pid(), 0
	if inspectors && !w.start.inspected {
		// Anybody may have written the line: so the worker, or a process it has
		// started, must listen at that port, which must not be the cluster's.
		if port = w.start.stderr.inspector(); st.ledger.clusterPorts()[port] {
			port = 0
		}
	}
	doAside(st.asides, func(context.Context) (string, error) { return st.sys.debugger(pid, port), nil }, func(why string, err error) {
		switch {
		case st.workers[w.id] != w || w.life.procEnded:
			return
		case err != nil:
			why = "whether a debugger has it is not known"
		case why == "" && inspectors && w.start.inspected:
			why = "node was started with an inspector"
		}
		then(why)
	}, nil)
}
