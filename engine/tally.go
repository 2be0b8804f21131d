package engine

import "sync/atomic"

// tally is what a worker has taken and ended, in memory it shares with the
// primary: a report is up to 250 ms old when its worker dies, a tally is exact.
// The hot path is a few atomic adds, as for counts.
//
// An action the worker cannot do and record in one step is bracketed: a gauge
// is up while it happens. If the worker dies in between the gauge stays up, and
// the primary reports "not known" instead of a number that may be wrong.
type tally [tallyWords]atomic.Uint64

// The words of a tally. Their places are the form of the shared memory.
const (
	tallyForm      = iota // tallyV1
	tallyAccepting        // gauge: it is taking a connection by itself
	tallyAccepted         // connections it has taken by itself
	tallyEnding           // gauge: connections that may have been answered and closed
	tallyEnded            // connections that are over, by the worker's wish or its client's
	tallyUntold           // connections given to a program that does not tell when it ends them
	tallyIdle             // gauge: kept connections between two requests
	tallyWords

	tallyV1   = 1
	tallySize = tallyWords * 8
)

func (t *tally) up(word int)   { t[word].Add(1) }
func (t *tally) down(word int) { t[word].Add(^uint64(0)) }

// words is the tally as it is now.
func (t *tally) words() (w [tallyWords]uint64) {
	for i := range w {
		w[i] = t[i].Load()
	}
	return w
}

// openAtDeath is how many connections a dead worker had open, and how many of
// them were kept connections between two requests. handed is how many hand-offs
// it has answered with yes. ok is false if that cannot be known. Workers are
// not trusted: a worker may write anything there.
func openAtDeath(w [tallyWords]uint64, handed uint64) (open, idle int, ok bool) {
	const most = 1 << 20 // the most one process can have open: fs.nr_open
	taken := handed + w[tallyAccepted]
	switch {
	case w[tallyForm] != tallyV1, w[tallyAccepting] != 0, w[tallyEnding] != 0, w[tallyUntold] != 0:
		return 0, 0, false
	case w[tallyAccepted] > 1<<62, taken < w[tallyEnded], taken-w[tallyEnded] > most:
		return 0, 0, false
	}
	open = int(taken - w[tallyEnded])
	return open, int(min(w[tallyIdle], uint64(open))), true
}
