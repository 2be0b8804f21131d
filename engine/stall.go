package engine

import (
	"time"

	"muster/engine/internal/deal"
)

// beat looks for workers that do not answer.
func (l *loop) beat(now time.Time) {
	for _, w := range l.workers {
		w.keepGiven(nil)
		if w.life.chanEnded {
			continue // it is not awaited any more: see cutShort
		}
		for s := range w.servers {
			if w.ch.Pending() == 0 {
				s.dealer.Writable(w.id, now)
			}
		}
		since, asked, silent := w.unanswered(now)
		for s := range w.servers {
			s.dealer.Mute(w.id, asked, now)
		}
		switch {
		case !silent:
			w.stalled = time.Time{}
			l.probeIfSilent(w, now)
		case w.stalled.IsZero():
			w.stalled, w.sparedWhy = since, ""
			l.emitFor(w, Event{Kind: KindStall, By: ByOutside, Detail: StallDetail{Ms: ms(now.Sub(since)), Asked: asked}})
		case l.o.Stall > 0 && w.killedAt.IsZero():
			l.stallStep(w, since, asked)
		}
	}
	l.ledger.dealAll(now)
	l.lookUnserved(now)
}

// unanswered is since when a worker leaves unanswered what it was sent, if that is
// too long: a hand-off or, if it was asked, the primary's own question.
func (w *worker) unanswered(now time.Time) (since time.Time, asked, ok bool) {
	for s := range w.servers {
		if at, flies := s.dealer.Oldest(w.id); flies && now.Sub(at) >= deal.SilentAfter && (!ok || at.Before(since)) {
			since, ok = at, true
		}
	}
	if w.stats != nil && w.stats.full { // it says itself that it does not read
		return since, false, ok
	}
	if at, silent := w.probe.silent(now); silent && !w.life.chanEnded && (!ok || at.Before(since)) {
		return at, true, true
	}
	return since, false, ok
}

// stallStep kills a worker that has been silent for the limit, but not one in a
// debugger: the limit counts anew when that has gone.
func (l *loop) stallStep(w *worker, since time.Time, asked bool) {
	if w.judged {
		return
	}
	w.judged = true
	l.debugger(w, !l.o.StallInspected, func(why string) {
		w.judged = false
		if !w.stalled.IsZero() && w.killedAt.IsZero() {
			l.judgeStall(w, why, l.now(), since, asked)
		}
	})
}

// judgeStall is stallStep when it is known why the worker may be silent.
func (l *loop) judgeStall(w *worker, why string, now, since time.Time, asked bool) {
	over := now.Sub(since) >= l.o.Stall
	if why != "" {
		w.spared = now
		if over && w.sparedWhy != why {
			w.sparedWhy = why
			l.emitFor(w, Event{Kind: KindStall, By: BySupervisor, Detail: StallDetail{Ms: ms(now.Sub(since)), Asked: asked, Spared: why}})
		}
		return
	}
	if over && now.Sub(w.spared) >= l.o.Stall {
		what := "a hand-off was unanswered for "
		if asked {
			what = "it answered nothing for "
		}
		l.kill9(w, what+l.o.Stall.String())
	}
}
