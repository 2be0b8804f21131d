package engine

import "time"

// publish makes a new snapshot if something has changed and the last one is old
// enough; otherwise it returns when it will be (zero = nothing has changed).
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
		V: 1, Seq: l.pub.events.newest(), Time: now, Started: l.started, PID: l.pid,
		CPUs: l.cpus.N, CPULimit: l.cpus.Limited(),
		Grace: l.o.Grace, KillTimeout: l.rules.kill, StopSignal: l.stopSignalName(), Stall: l.o.Stall, ReadyTimeout: l.o.ReadyTimeout,
		Stopping: l.stopping != nil, StopBy: l.stopBy(), OddAnswers: l.intake.odds,
		Traffic: l.traffic(now),
	}
	l.plan.show(s)
	l.ledger.show(s, now)
	l.observer.show(s)
	l.supervisor.show(s, now)
	return s
}

// stopBy is when a stop is over, as far as that is known: after the grace of
// all workers, and then the time the last worker has to end.
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

// traffic is the traffic of a snapshot, with the connections the kernel holds;
// nil if nobody watches.
func (l *loop) traffic(now time.Time) *Traffic {
	t := l.tracing.picture(now)
	if t != nil {
		t.Waiting = l.ledger.inBacklog()
	}
	return t
}
