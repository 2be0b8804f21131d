package engine

import (
	"fmt"
	"strings"
	"time"
)

// A stop has a time limit of its own, above all limits of its workers: whatever
// a worker does, the cluster ends. What cannot be ended is left behind and
// reported.

const (
	// stopSlack is how much longer than its limits a stop may take.
	stopSlack = 2 * time.Second
	// stopKills is when, past the limits, all that is left is killed at once.
	stopKills = time.Second
	// atOnceLimit is how long an immediate end may take.
	atOnceLimit = 5 * time.Second
	// listenersFor is how long listeners may take when the cluster has ended and no
	// Options.Grace bounds its stop.
	listenersFor = 10 * time.Second
	// tasksFor is the least time for goroutines that end by themselves when the
	// cluster has ended.
	tasksFor = 250 * time.Millisecond
	// boundEvery is how often a stop is checked against its time limit.
	boundEvery = 50 * time.Millisecond
	// endTakes is the time after the decision to end: the next look, the tasks,
	// and as much again as a look may be late. The stop's time limit includes
	// it.
	endTakes = boundEvery + tasksFor + boundEvery
)

// stopPart is a worker a stop waits for.
type stopPart struct {
	left   leaving
	forked time.Time
	starts bool      // its process is being started
	killed time.Time // it was sent SIGKILL; zero = it was not
	ended  time.Time // its process has ended, its exit is not published; zero = it lives
}

// stopLimit is when a stop is over by the limits of the workers it waits for;
// zero = by Grace or KillTimeout one of them has no limit. since is when the
// stop was asked for, empty when the last worker had exited (zero = it has
// not): from then on the workers' left-over processes have their time.
func (r leaveRules) stopLimit(since, empty time.Time, parts []stopPart) time.Time {
	if r.grace > 0 && r.kill > 0 {
		return since.Add(r.grace + r.kill)
	}
	if !empty.IsZero() {
		return empty.Add(orphanTime(r))
	}
	limit := since
	for _, p := range parts {
		var own time.Time
		switch {
		case !p.ended.IsZero():
			own = p.ended
		case !p.killed.IsZero():
			own = p.killed
		case p.starts:
			own = p.forked.Add(orphanTime(r))
		default:
			if own = r.killAt(p.left); own.IsZero() {
				return time.Time{}
			}
		}
		if own.After(limit) {
			limit = own
		}
	}
	return limit
}

// stopDo is what the time limit of a stop asks for.
type stopDo int

const (
	stopWaits  stopDo = iota
	stopEnds          // kill all that is left
	stopLeaves        // end, and leave the rest behind
)

// stopBound is what to do at now; limit is that of stopLimit, atOnce is when an
// immediate end was asked for (zero = it was not).
func stopBound(limit, atOnce, now time.Time) stopDo {
	switch {
	case !atOnce.IsZero() && !now.Before(atOnce.Add(atOnceLimit-endTakes)):
		return stopLeaves
	case limit.IsZero():
		return stopWaits
	case !now.Before(limit.Add(stopSlack - endTakes)):
		return stopLeaves
	case !now.Before(limit.Add(stopKills)):
		return stopEnds
	}
	return stopWaits
}

// leftError is nil if nothing is left.
func leftError(left []string) error {
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrLeftBehind, strings.Join(left, "; "))
}

// shift moves all times by gap: the primary itself stood still.
func (s *stopState) shift(gap time.Duration) {
	for _, t := range []*time.Time{&s.since, &s.atOnce, &s.empty} {
		if !t.IsZero() {
			*t = t.Add(gap)
		}
	}
}

// quietFor is how long the end waits after no new connection is let in, so that
// handshakes under way finish and are served (measured: 0 resets in 12 stops
// under 64 clients with new SYNs filtered out, 45 without; see Port.Quiet).
const quietFor = 50 * time.Millisecond

// dealFor bounds how long the end deals what was still queued.
const dealFor = time.Second

// stopState is a stop under way.
type stopState struct {
	by      By
	since   time.Time
	drained bool      // nothing more will be accepted
	now     bool      // wait for nothing: asked twice, or at the time limit
	atOnce  time.Time // when it was asked twice; zero = it was not
	empty   time.Time // no worker has lived since then, and the tidier knows; zero = one lives
	tidied  bool      // no process a worker has started lives either
	left    bool      // the rest is left behind
}
