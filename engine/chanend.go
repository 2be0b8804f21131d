package engine

import "time"

// dyingAgain is the time between two looks at a worker whose process is ending.
const dyingAgain = 100 * time.Millisecond

// otherEndWait bounds the wait, when a worker's channel or its process has
// ended, for the end of the other: a child of the worker may hold the channel.
const otherEndWait = time.Second

// endGrace is how long a worker may live on if its channel ended with hand-offs
// unanswered. The clients of these hand-offs wait for that long.
const endGrace = time.Second

// channelEnd is what is known of a worker whose channel has ended, for whatever
// reason: the worker ended its half, sent garbage, or the primary had an error.
type channelEnd struct {
	unanswered int       // hand-offs
	since      time.Time // the channel's end
	gone       bool      // its process is known to be gone
	dying      bool      // its process is ending
}

// endDo is what to do about a worker whose channel has ended.
type endDo int

const (
	endLeave endDo = iota // nobody waits for what it has: the limits of a leave apply
	endWait               // look again
	endKill               // SIGKILL
	endDeal               // other workers get the hand-offs it has not answered
)

// next is what to do now and, if that must wait, when to ask again. As long as
// its process lives, a worker may still read an unanswered hand-off from its
// end of the channel and answer the client: so no other worker gets it before.
// A process that is already ending is not killed, so that its exit tells its
// own reason.
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
