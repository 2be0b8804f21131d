package engine

import (
	"fmt"
	"strings"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

// Policy is how connections are distributed over the workers. The values are
// those of Node's cluster.SCHED_NONE and cluster.SCHED_RR.
type Policy int

const (
	SchedNone Policy = 1 // shared: the workers accept on the primary's socket
	SchedRR   Policy = 2 // rr: the primary accepts and hands each connection to the next free worker
)

// String is "rr" or "shared".
func (p Policy) String() string {
	switch p {
	case SchedRR:
		return "rr"
	case SchedNone:
		return "shared"
	}
	return fmt.Sprintf("policy(%d)", int(p))
}

// Node is the name of the constant in Node's cluster module.
func (p Policy) Node() string {
	if p == SchedNone {
		return "SCHED_NONE"
	}
	return "SCHED_RR"
}

// nodePolicy is the policy at the start, by the value of the variable
// NODE_CLUSTER_SCHED_POLICY. It is read as Node does: exactly "none" or "rr",
// and anything else is the default.
func nodePolicy(value string) Policy {
	if value == "none" {
		return SchedNone
	}
	return SchedRR
}

// known tells whether there is such a policy.
func (p Policy) known() bool { return p.dealer() != 0 }

// PrimaryDeals tells whether under p the primary decides which worker gets a
// connection. The primary sees, counts and times only connections it deals.
func (p Policy) PrimaryDeals() bool { return p.dealer() == dealsPrimary }

// dealer is the side that decides which worker gets a connection.
type dealer int

const (
	dealsPrimary dealer = 1 + iota // the primary accepts each connection and hands it to a worker
	dealsWorkers                   // the workers accept on one socket; the first one gets the connection
)

// dealer tells which side deals under p; 0 if there is no such policy.
func (p Policy) dealer() dealer {
	switch p {
	case SchedRR:
		return dealsPrimary
	case SchedNone:
		return dealsWorkers
	}
	return 0
}

// Other is the policy p is compared with, and to which a switch goes: under it
// another side deals.
func (p Policy) Other() Policy {
	if p.PrimaryDeals() {
		return SchedNone
	}
	return SchedRR
}

// rule is how the primary picks the worker for a connection that comes to it
// while the policy is p.
func (p Policy) rule() deal.Rule { return deal.TurnOrder }

// at is the policy that applies at an address while the cluster's is p. fixed
// tells that it stays even if the cluster's changes.
func (p Policy) at(can sock.Can) (holds Policy, fixed bool) {
	switch {
	case !can.Accept:
		return SchedNone, true
	case !can.Gate:
		return p, true
	}
	return p, false
}

// socketsEach is how many sockets an address has, for the gate to choose from:
// the primary's, and the one the workers share.
const socketsEach = 2

// gate is where the gate of an address sends new connections under p: to the
// primary if it deals, or while any worker is leaving, because no new
// connection may wait for a worker that closes its copy of the shared socket.
func (p Policy) gate(leaving int) sock.Gate {
	if p.dealer() == dealsWorkers && leaving == 0 {
		return sock.Common
	}
	return sock.Front
}

// MarshalText writes String's form.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads "rr" or "shared", and Node's word "none" for shared. Any
// other text leaves p as it is.
func (p *Policy) UnmarshalText(b []byte) error {
	switch s := string(b); strings.ToLower(s) {
	case "rr":
		*p = SchedRR
	case "shared", "none":
		*p = SchedNone
	default:
		return fmt.Errorf("policy %q is not known; use rr or shared", s)
	}
	return nil
}
