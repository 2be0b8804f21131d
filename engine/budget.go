package engine

import (
	"time"

	"muster/ipc"
)

// A worker is somebody else's program. Each kind of message it may send has a
// budget, far above what programs do (docs/reliability.md has the table). One
// that is merely quick is slowed: its channel is read later, so that it comes
// to wait, as at a busy Node primary. One that sends what makes no sense, again
// and again, loses its channel.

// charge is what a message is charged to.
type charge int

const (
	chargeNone   charge = iota // answers; one that is not awaited makes no sense
	chargeLife                 // online, exitedAfterDisconnect
	chargeListen               // queryServer, listening, close
	chargeSocket               // NODE_SOCKET_* and what else is Node's own
	chargeOwn                  // what a Go worker tells of itself
	chargeUser                 // messages of its program
	chargeHandle               // those of all kinds that bring a descriptor
	chargeBytes                // of its program's messages
	charges
)

// budget is what may come of one charge before its worker is slowed.
type budget struct {
	what string // for people: "worker 3 sends more than 100 %s a second"
	rate rate
}

var budgets = [charges]budget{
	chargeLife:   {"messages about its life", rate{100, 1000}},
	chargeListen: {"messages about its servers", rate{2000, 4000}},
	chargeSocket: {"messages about its sockets", rate{10_000, 20_000}},
	chargeOwn:    {"reports", rate{200, 400}},
	chargeUser:   {"messages", rate{100_000, 100_000}},
	chargeHandle: {"descriptors", rate{10_000, 10_000}},
	chargeBytes:  {"bytes of messages", rate{256 << 20, 256 << 20}},
}

// oddRate is how many messages that make no sense a worker may send before its
// channel ends. A late answer is one, so some are to be expected.
var oddRate = rate{100, 10_000}

// faultRate is how many errors that a worker has caused become events.
var faultRate = rate{10, 100}

const (
	// slowMax bounds one pause in reading: answers to hand-offs come by the same
	// channel.
	slowMax = 250 * time.Millisecond
	// slowTold is how long a worker must have been slowed for it to be said, and
	// slowEvery how often it is said.
	slowTold  = time.Second
	slowEvery = time.Minute
)

// account is what a worker has sent, as far as its budgets go.
type account struct {
	spent  [charges]bucket
	odd    bucket
	over   bool // its channel is being ended: only its answers count
	slowed [charges]time.Duration
	told   [charges]time.Time

	listens int // answers that a server may listen, which 'listening' has not followed
	leaves  int // times it has announced that it leaves
	asking  int // questions for addresses that wait for their answer

	faults bucket
	unsaid int // errors left out since the last that was said
}

// chargeOf sorts a message, except what comes on top: its bytes and its
// descriptor.
func chargeOf(m *ipc.Message) charge {
	switch m.Kind {
	case ipc.User, ipc.TooLong:
		return chargeUser
	case ipc.Muster:
		return chargeOwn
	case ipc.OtherInternal:
		return chargeSocket
	case ipc.Cluster:
		switch {
		case isAnswer(m):
		case m.Cluster.Act == "online", m.Cluster.Act == "exitedAfterDisconnect":
			return chargeLife
		default:
			return chargeListen
		}
	}
	return chargeNone
}

// isAnswer tells whether a message answers something of ours.
func isAnswer(m *ipc.Message) bool {
	switch m.Kind {
	case ipc.Ack, ipc.Nack:
		return true
	case ipc.Cluster:
		return m.Cluster.HasAck && m.Cluster.HasAccepted
	}
	return false
}

// take charges a message, and returns how long the worker is to be slowed for
// that, and for which charge.
func (a *account) take(m *ipc.Message, now time.Time) (wait time.Duration, for_ charge) {
	pay := func(c charge, n float64) {
		if d := min(a.spent[c].take(budgets[c].rate, n, now), slowMax); d > wait {
			wait, for_ = d, c
		}
	}
	c := chargeOf(m)
	if c != chargeNone {
		pay(c, 1)
	}
	if c == chargeUser {
		pay(chargeBytes, float64(max(len(m.Raw), m.Size)))
	}
	if m.Handle != "" {
		pay(chargeHandle, 1)
	}
	return wait, for_
}

// slow notes that the worker was slowed. It is true when that is to be said.
func (a *account) slow(c charge, wait time.Duration, now time.Time) bool {
	a.slowed[c] += wait
	if a.slowed[c] < slowTold || !a.told[c].IsZero() && now.Sub(a.told[c]) < slowEvery {
		return false
	}
	a.slowed[c], a.told[c] = 0, now
	return true
}

// shift moves all times by gap: the primary itself stood still.
func (a *account) shift(gap time.Duration) {
	for i := range a.spent {
		a.spent[i].shift(gap)
	}
	a.odd.shift(gap)
	a.faults.shift(gap)
}
