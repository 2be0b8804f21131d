package engine

import (
	"time"

	"muster/engine/internal/deal"
)

// probeEvery is how long a worker may be silent before it is asked whether it
// answers.
const probeEvery = time.Second

// probe is what is known of whether a worker answers: its event loop, or in a
// Go worker the goroutine that reads its channel. The primary asks because an
// idle worker is as silent as one that stands still, and because in shared
// there are no hand-offs. Pure.
type probe struct {
	knows bool // it has answered a probe: see silent
	seq   int64
	sent  time.Time // of the probe under way; zero = none
	heard time.Time // when it last answered a probe or a hand-off
}

// due tells whether a probe should be sent.
func (p probe) due(now time.Time) bool {
	return p.sent.IsZero() && now.Sub(p.heard) >= probeEvery
}

// asked is p with a probe under way.
func (p probe) asked(seq int64, now time.Time) probe {
	p.seq, p.sent = seq, now
	return p
}

// answers tells whether seq is the probe under way.
func (p probe) answers(seq int64) bool { return !p.sent.IsZero() && p.seq == seq }

// answered is p with no probe under way.
func (p probe) answered(now time.Time) probe {
	p.knows, p.sent, p.heard = true, time.Time{}, now
	return p
}

// silent is since when a probe is unanswered, if that is too long. A worker
// that has never answered one may be a program that does not know probes, or
// has not reached its event loop yet.
func (p probe) silent(now time.Time) (since time.Time, ok bool) {
	if !p.knows || p.sent.IsZero() || now.Sub(p.sent) < deal.SilentAfter {
		return time.Time{}, false
	}
	return p.sent, true
}

// shift moves all times by gap: see dealer.Shift.
func (p probe) shift(gap time.Duration) probe {
	for _, at := range []*time.Time{&p.sent, &p.heard} {
		if !at.IsZero() {
			*at = at.Add(gap)
		}
	}
	return p
}
