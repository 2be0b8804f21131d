package engine

import (
	"time"

	"muster/engine/internal/deal"
)

// probeEvery is how long a worker may have said nothing before it is asked
// whether it answers.
const probeEvery = time.Second

// probe is what is known of whether a worker answers: its event loop, or in a Go
// worker the goroutine that reads its channel. The primary asks, for an idle
// worker is as silent as one that stands still, and in shared there are no
// hand-offs. Pure.
type probe struct {
	knows bool // it has answered one: see silent
	seq   int64
	sent  time.Time // of the one under way; zero = none is
	heard time.Time // when it last answered one, or a hand-off
}

// due tells whether it is to be asked.
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

// silent is since when a probe is unanswered, if that is too long. Who has never
// answered one may be a program that does not know what it is asked, or one that
// has not come to its event loop yet.
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
