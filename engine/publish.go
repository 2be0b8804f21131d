package engine

import (
	"cmp"
	"runtime"
	"slices"
	"time"
)

// publish makes a new picture if something has changed and the last one is old
// enough; otherwise it tells when that is so (zero = nothing has changed).
func (l *loop) publish() (due time.Time) {
	at, ok := l.pub.due()
	if !ok {
		return time.Time{}
	}
	if now := l.now(); !now.Before(at) {
		l.pub.show(l.picture(now))
		return time.Time{}
	}
	return at
}

// picture is the cluster as it is now.
func (l *loop) picture(now time.Time) *Snapshot {
	s := &Snapshot{
		V: 1, Seq: l.pub.events.newest(), Tick: l.observer.tick, Time: now, Started: l.started, PID: l.pid,
		CPUs: l.cpus.N, CPULimit: l.cpus.Limited(), Command: l.plan.program.command, Settings: l.plan.settings,
		Policy: l.ledger.policy, PolicyFixed: l.ledger.policyFixed(), Grace: l.o.Grace, KillTimeout: l.rules.kill, StopSignal: l.stopSignalName(), Stall: l.o.Stall, ReadyTimeout: l.o.ReadyTimeout,
		Stopping: l.stopping != nil,
		Restarts: l.supervisor.restarts, Accepted: l.ledger.tot.accepted, Dealt: l.ledger.tot.dealt, Taken: l.ledger.tot.taken,
		Refused: l.ledger.tot.refused, DealtAgain: l.ledger.tot.again, Lost: l.ledger.tot.lost, LostUnknown: l.ledger.tot.lostUnknown, OddAnswers: l.ledger.tot.odd,
		Traffic: l.traffic(now),
		ReqRate: l.observer.reqRate, PrimaryCPU: l.observer.self.cpu, PrimaryMem: l.observer.self.mem,
	}
	s.StopBy = l.stopBy()
	handOff := *l.ledger.handOffTimes
	s.HandOff = &handOff
	for _, srv := range l.ledger.order {
		s.Addresses = append(s.Addresses, srv.addr)
		if !srv.unserved.IsZero() {
			s.Unserved = append(s.Unserved, srv.addr)
		}
		s.Queue += srv.dealer.Queued()
		if c, ok := srv.dealer.Head(); ok {
			s.Waited = max(s.Waited, now.Sub(l.ledger.conns[c].at))
		}
		s.Free = append(s.Free, srv.dealer.Free(now)...)
	}
	open, known := 0, false
	for _, sl := range l.supervisor.slots {
		rows := slices.Clone(sl.live)
		if sl.last != nil && !slices.Contains(rows, sl.last) {
			rows = append(rows, sl.last)
		}
		slices.SortFunc(rows, func(a, b *worker) int { return a.id - b.id })
		for _, w := range rows {
			row := l.row(w, now)
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
	return s
}

// stopBy is when a stop is over, as far as that is known: the grace of all, then
// the time the last one has to end.
func (l *loop) stopBy() time.Time {
	if l.stopping == nil {
		return time.Time{}
	}
	var by time.Time
	if l.o.Grace > 0 {
		by = l.stopping.since.Add(quietFor + l.o.Grace)
	}
	for _, w := range l.workers {
		limit := l.rules.limit(w.left)
		switch {
		case limit.After(by):
			by = limit
		case limit.IsZero() && l.o.Grace <= 0:
			return time.Time{}
		}
	}
	return by
}

// stopSignalName is Snapshot.StopSignal.
func (l *loop) stopSignalName() string {
	if l.rules.signal == 0 {
		return ""
	}
	return signalName(l.rules.signal)
}

// row is one worker of the picture.
func (l *loop) row(w *worker, now time.Time) Row {
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
		r.LeaveBy = l.rules.limit(w.left)
		if !w.left.stopped.IsZero() {
			r.StopSignal = signalName(l.rules.signal)
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

// traffic is the picture with what the kernel holds; nil if nobody looks.
func (l *loop) traffic(now time.Time) *Traffic {
	t := l.tracing.picture(now)
	if t == nil || runtime.GOOS != "linux" {
		return t
	}
	for _, s := range l.ledger.order {
		if s.addr.Network != "tcp" || s.port.Closed() {
			continue
		}
		if t.Waiting == nil {
			t.Waiting = new(int)
		}
		*t.Waiting += s.port.Waiting()
	}
	return t
}
