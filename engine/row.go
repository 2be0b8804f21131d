package engine

import (
	"cmp"
	"slices"
	"time"
)

// show puts the workers of all slots into a snapshot.
func (sv *supervisor) show(s *Snapshot, now time.Time) {
	s.Restarts = sv.restarts
	open, known := 0, false
	for _, sl := range sv.slots {
		rows := slices.Clone(sl.live)
		if sl.last != nil && !slices.Contains(rows, sl.last) {
			rows = append(rows, sl.last)
		}
		slices.SortFunc(rows, func(a, b *worker) int { return a.id - b.id })
		for _, w := range rows {
			row := sv.row(w, now)
			s.Handing += row.Hand
			if row.Open != nil {
				open, known = open+*row.Open, true
			}
			s.Workers = append(s.Workers, row)
		}
	}
	if known {
		s.Open = &open
	}
}

// row is one worker of the snapshot.
func (sv *supervisor) row(w *worker, now time.Time) Row {
	sl := w.slot
	r := Row{
		ID: w.id, Slot: sl.index, PID: w.pid(), State: w.life.state, By: w.by,
		Forked: w.at.forked, Online: w.at.online, Listening: w.at.listening, Ended: w.at.ended, Changed: w.at.changed,
		Connected: w.ch != nil && !w.life.chanEnded, Dead: w.life.procEnded,
		ExitedAfterDisconnect: w.life.voluntary.pointer(),
		Replaces:              w.before.id, ReplacesWhy: w.before.why, Restarts: sl.restarts,
		LastExit: sl.exitText, LastExitAt: sl.exitAt,
		Stalled: w.silence.since, Note: cmp.Or(w.restart.note, w.note), Dealt: w.handed.dealt, Refused: w.handed.refused, Cut: w.end.lost,
		CPU: w.seen.figures.cpu, Mem: w.seen.figures.mem, ReqRate: w.seen.figures.reqRate, Addresses: slices.Clone(w.addrs),
	}
	if !w.silence.since.IsZero() {
		r.Spared = w.silence.sparedWhy
	}
	if sl.want != nil && sl.want.prev == w {
		if blocks, ok := sl.room(); !ok {
			r.WaitsFor, r.Note = blocks.worker, "waits: "+blocks.String()
		}
	}
	if w.restart.by != nil {
		r.ReplacedBy = w.restart.by.id
	}
	if w.life.leaving && w.life.state != StateExited {
		r.LeaveBy = sv.rules.limit(w.left)
		if !w.left.stopped.IsZero() {
			r.StopSignal = signalName(sv.rules.signal)
		}
	}
	for s := range w.servers {
		r.Hand += s.dealer.InFlight(w.id)
	}
	if st := w.seen.stats; st != nil {
		done := st.done
		r.Done, r.Latency = &done, st.latency
		if w.life.state != StateExited {
			open := st.open()
			r.Open = &open
		}
	}
	if w.handed.times.Count() > 0 {
		if w.handed.shown == nil {
			shown := w.handed.times
			w.handed.shown = &shown
		}
		r.HandOff = w.handed.shown
	}
	if w.life.state != StateExited {
		if w.seen.stats == nil {
			r.Open = w.seen.figures.open
		}
		return r
	}
	exit := *w.end.exit
	r.Exit = &exit
	if sl.last == w && (sl.due != nil || sl.stopped) {
		r.Next = &Next{Deaths: sl.deaths, Of: deathsMax, Stopped: sl.stopped, Reason: sl.reason, Lines: sl.lines}
		if sl.due != nil {
			r.Next.At = sl.due.at
		}
	}
	return r
}
