package engine

import (
	"syscall"
	"time"
)

// NoStopSignal as Options.StopSignal: a worker that leaves gets no signal
// except SIGKILL in the end.
const NoStopSignal syscall.Signal = -1

const (
	// endsItself is how long a worker with nothing open is left alone: the
	// signal must not hit a worker that is just ending, or that tidies up when
	// its channel closes. Whether it has a handler cannot be seen: Node catches
	// SIGTERM and SIGINT in every process, to restore the terminal, and Go's
	// runtime catches all signals, so SigCgt of proc(5) says nothing about
	// them.
	endsItself = time.Second
	// looksClear is how many looks in a row, a second apart, must find nothing
	// open before a worker whose channel lives counts as having nothing open.
	looksClear = 2
	// killAfter is KillTimeout if none is given.
	killAfter = time.Second
)

// leaveRules are the limits of a leave: Options, read once.
type leaveRules struct {
	grace  time.Duration  // 0 = no limit
	kill   time.Duration  // 0 = no SIGKILL
	signal syscall.Signal // 0 = none
	early  bool           // send signal as soon as nothing is open, not only when the grace is over
}

// leaveRulesOf are the rules o asks for.
func leaveRulesOf(o Options) leaveRules {
	r := leaveRules{grace: max(o.Grace, 0), kill: max(o.KillTimeout, 0), signal: o.StopSignal, early: o.StopSignal != 0}
	if o.KillTimeout == 0 {
		r.kill = killAfter
	}
	switch o.StopSignal {
	case 0:
		r.signal = syscall.SIGTERM
	case NoStopSignal:
		r.signal = 0
	}
	return r
}

// leaving is what is known of a worker that leaves. The zero value: it does not
// leave.
type leaving struct {
	since time.Time // it is out of the rotation, or has no channel: the grace counts from here
	told  time.Time // when it was told; zero = not yet. Looks that began before do not count
	ended bool      // its channel has ended
	// drained: the channel's end says that its servers, which wait for their
	// connections, have closed.
	drained bool
	clear   int       // looks in a row that found nothing open
	first   time.Time // time of the first such look
	empty   time.Time // nothing is open since then; zero = something is open, or it is not known
	stopped time.Time // it was sent the stop signal
	killed  bool      // and SIGKILL
}

// look is one look at the connections of a worker that leaves.
type look struct {
	began time.Time
	open  int  // connections that came to it; negative = not known
	sure  bool // nothing uncounted can be open: no unix socket, UDP, child process, or hand-off under way
}

// looked takes in a look.
func (v leaving) looked(k look) leaving {
	if v.told.IsZero() || k.began.Before(v.told) || !v.stopped.IsZero() {
		return v
	}
	nothing := k.open == 0 && k.sure
	if v.ended && v.drained {
		nothing = k.open <= 0
	}
	if !nothing {
		v.clear, v.empty = 0, time.Time{}
		return v
	}
	if v.clear == 0 {
		v.first = k.began
	}
	v.clear++
	if v.empty.IsZero() && (v.ended || v.clear >= looksClear) {
		v.empty = v.first
	}
	return v
}

// shift moves all times by gap: the primary itself stood still.
func (v leaving) shift(gap time.Duration) leaving {
	for _, t := range []*time.Time{&v.since, &v.told, &v.first, &v.empty, &v.stopped} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
	return v
}

// leaveDo is the next thing to do to a worker that leaves.
type leaveDo int

const (
	leaveWait   leaveDo = iota
	leaveSignal         // send the stop signal
	leaveKill           // SIGKILL
)

// next is what to do with a worker that leaves and, if that must wait, when to
// ask again: zero = when something has changed.
func (r leaveRules) next(v leaving, now time.Time) (do leaveDo, at time.Time) {
	if v.since.IsZero() || v.killed {
		return leaveWait, time.Time{}
	}
	do, at = leaveSignal, time.Time{}
	switch {
	case !v.stopped.IsZero() || r.signal == 0:
		do, at = leaveKill, r.killAt(v)
	case r.early && !v.empty.IsZero():
		at = earlier(v.empty.Add(endsItself), r.graceOver(v))
	default:
		at = r.graceOver(v)
	}
	if at.IsZero() || now.Before(at) {
		return leaveWait, at
	}
	return do, time.Time{}
}

// graceOver is when the grace is over; zero = never.
func (r leaveRules) graceOver(v leaving) time.Time {
	if r.grace <= 0 {
		return time.Time{}
	}
	return v.since.Add(r.grace)
}

// killAt is when SIGKILL is due; zero = that is not known yet, or never. From
// the stop signal on (or, without one, from when nothing was open) the worker
// has the rest of the grace, but at least KillTimeout.
func (r leaveRules) killAt(v leaving) time.Time {
	from := v.stopped
	if r.signal == 0 {
		from = v.empty
	}
	over := r.graceOver(v)
	switch {
	case r.kill <= 0:
		return time.Time{}
	case from.IsZero(): // no signal will be sent, and connections are open
		return over
	}
	at := from.Add(r.kill)
	if over.After(at) {
		return over
	}
	return at
}

// limit is how long the worker may take: first for its connections, then for
// its own end. Zero = no limit.
func (r leaveRules) limit(v leaving) time.Time {
	switch {
	case v.since.IsZero():
		return time.Time{}
	case v.stopped.IsZero() && r.signal != 0:
		return r.graceOver(v)
	}
	return r.killAt(v)
}

// earlier is the earlier of two times; zero is none.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}

// orphansMax is the time for a worker's left-over processes if workers get no
// SIGKILL.
const orphansMax = 5 * time.Second

// orphanTime is the time between SIGTERM and SIGKILL for a worker's left-over
// processes.
func orphanTime(r leaveRules) time.Duration {
	if r.kill > 0 {
		return r.kill
	}
	return orphansMax
}
