package engine

import (
	"time"

	"muster/ipc"
)

// A worker is somebody else's program. Each kind of message it may send has a
// budget, far above what programs do (docs/reliability.md has the table). A
// worker that is merely quick is slowed: its channel is read later, so that its
// writes wait, as with a busy Node primary. A worker that sends senseless
// messages again and again loses its channel.

// charge is the budget a message is charged to.
type charge int

const (
	chargeNone   charge = iota // answers; an answer that is not awaited makes no sense
	chargeLife                 // online, exitedAfterDisconnect
	chargeListen               // queryServer, listening, close
	chargeSocket               // NODE_SOCKET_* and other internal messages of Node
	chargeOwn                  // a Go worker's messages about itself
	chargeUser                 // messages of the worker's program
	chargeHandle               // messages of all kinds with a descriptor
	chargeBytes                // bytes of its program's messages
	charges
)

// budget is how much may come for one charge before the worker is slowed.
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

// oddRate is how many senseless messages a worker may send before its channel
// ends. A late answer counts as one, so some are normal.
var oddRate = rate{100, 10_000}

// faultRate is how many errors that a worker has caused become events.
var faultRate = rate{10, 100}

const (
	// slowMax bounds one pause in reading: answers to hand-offs come through
	// the same channel.
	slowMax = 250 * time.Millisecond
	// slowTold is how long a worker must have been slowed before an event says
	// so, and slowEvery the time between two such events.
	slowTold  = time.Second
	slowEvery = time.Minute
)

// account is what a worker has sent, as far as it counts for its budgets.
type account struct {
	spent  [charges]bucket
	odd    bucket
	over   bool // its channel is being ended: only answers still count
	slowed [charges]time.Duration
	told   [charges]time.Time

	listens int // answers that a server may listen, not yet followed by 'listening'
	leaves  int // times it has announced that it leaves
	asking  int // questions for addresses that wait for their answer

	faults bucket
	unsaid int // errors left out since the last published one
}

// chargeOf sorts a message by kind; its bytes and its descriptor are charged
// besides.
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

// isAnswer tells whether a message answers one of the primary's.
func isAnswer(m *ipc.Message) bool {
	switch m.Kind {
	case ipc.Ack, ipc.Nack:
		return true
	case ipc.Cluster:
		return m.Cluster.HasAck && m.Cluster.HasAccepted
	}
	return false
}

// take charges a message, and returns how long the worker must be slowed for
// it, and for which charge.
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

// slow notes that the worker was slowed. It returns true if an event should say
// so.
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
