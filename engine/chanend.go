package engine

import "time"

// dyingAgain is when a worker that is in its end is looked at again.
const dyingAgain = 100 * time.Millisecond

// otherEndWait bounds how long, when one of a worker's channel and process has
// ended, the other's end is waited for: something it started may hold the channel.
const otherEndWait = time.Second

// endGrace is how long a worker may live on whose channel has ended while
// hand-offs were unanswered. Their clients wait for that long.
const endGrace = time.Second

// channelEnd is what is known of a worker whose channel has ended, for whatever
// reason: the end of its half, garbage, an error of ours.
type channelEnd struct {
	unanswered int       // hand-offs
	since      time.Time // the channel's end
	gone       bool      // its process is known to be gone
	dying      bool      // it is in its end
}

// endDo is what is to be done about such a worker.
type endDo int

const (
	endLeave endDo = iota // it has nothing that others wait for: the limits of a leave hold
	endWait               // look again
	endKill               // SIGKILL
	endDeal               // others get what it has not answered
)

// next is what is to be done now and, if that is to wait, when to ask again. What
// a worker has not answered it may still read from its end of the channel, and
// answer the client, for as long as its process lives: so nobody else gets that
// before. One whose end has begun is waited for, so that its end stays its own.
func (e channelEnd) next(now time.Time) (do endDo, at time.Time) {
	over := e.since.Add(endGrace)
	switch {
	case e.gone:
		return endDeal, time.Time{}
	case e.unanswered == 0:
		return endLeave, time.Time{}
	case now.Before(over):
		return endWait, over
	case e.dying:
		return endWait, now.Add(dyingAgain)
	}
	return endKill, time.Time{}
}
