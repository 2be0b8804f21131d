package engine

import (
	"fmt"
	"slices"
	"strings"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

// Policy is how connections are distributed over the workers. SchedNone and
// SchedRR have the values of Node's cluster.SCHED_NONE and cluster.SCHED_RR; Node
// has no other.
type Policy int

const (
	SchedNone   Policy = 1 // shared: the workers accept on the primary's socket
	SchedRR     Policy = 2 // rr: the primary accepts and hands each connection to the next free worker
	SchedSpread Policy = 3 // spread: each worker has a listening socket of its own, and the kernel deals, in turn or at random
	SchedLeast  Policy = 4 // least: as rr, to the worker that has the fewest connections open
	SchedSticky Policy = 5 // sticky: as spread, every client to the worker of its address
)

// policyWords are the policies in the order in which they are offered, and their
// names.
var policyWords = []struct {
	p    Policy
	word string
}{{SchedRR, "rr"}, {SchedShared, "shared"}, {SchedSpread, "spread"}, {SchedLeast, "least"}, {SchedSticky, "sticky"}}

// SchedShared is SchedNone by muster's name.
const SchedShared = SchedNone

// Policies are all policies, in the order in which they are offered.
func Policies() []Policy {
	all := make([]Policy, len(policyWords))
	for i, w := range policyWords {
		all[i] = w.p
	}
	return all
}

// String is "rr", "shared", "spread", "least" or "sticky".
func (p Policy) String() string {
	for _, w := range policyWords {
		if w.p == p {
			return w.word
		}
	}
	return fmt.Sprintf("policy(%d)", int(p))
}

// Node is the name of the constant in Node's cluster module; "" for a policy that
// Node does not have.
func (p Policy) Node() string {
	switch p {
	case SchedNone:
		return "SCHED_NONE"
	case SchedRR:
		return "SCHED_RR"
	}
	return ""
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
// connection. The primary sees, counts and times only connections it deals. Where
// the kernel cannot deal as p has it the primary does: see Snapshot.PrimaryDeals.
func (p Policy) PrimaryDeals() bool { return p.dealer() == dealsPrimary }

// dealer is the side that decides which worker gets a connection.
type dealer int

const (
	dealsPrimary dealer = 1 + iota // the primary accepts each connection and hands it to a worker
	dealsWorkers                   // the workers accept on one socket; the first one gets the connection
	dealsKernel                    // the kernel picks one of the sockets of which each is one worker's
)

// dealer tells which side deals under p; 0 if there is no such policy.
func (p Policy) dealer() dealer {
	switch p {
	case SchedRR, SchedLeast:
		return dealsPrimary
	case SchedNone:
		return dealsWorkers
	case SchedSpread, SchedSticky:
		return dealsKernel
	}
	return 0
}

// Next is the policy after p in the order of Policies, and the first after the
// last one.
func (p Policy) Next() Policy {
	all := Policies()
	return all[(slices.Index(all, p)+1)%len(all)]
}

// Other is the policy p is compared with: under it another side deals.
func (p Policy) Other() Policy {
	if p.PrimaryDeals() {
		return SchedNone
	}
	return SchedRR
}

// rule is how the primary picks the worker for a connection that comes to it
// while the policy is p.
func (p Policy) rule() deal.Rule {
	switch p {
	case SchedLeast:
		return deal.FewestOpen
	case SchedSticky:
		return deal.ByClient
	case SchedSpread: // what comes to the primary is the part of those the kernel does not deal to
		return deal.HandFirst
	}
	return deal.TurnOrder
}

// at is the policy that applies at an address while the cluster's is p. fixed
// tells that it stays even if the cluster's changes.
func (p Policy) at(can sock.Can) (holds Policy, fixed bool) {
	switch {
	case !can.Accept:
		return SchedNone, true
	case can.Gate:
		return p, false
	case p == SchedNone:
		return SchedNone, true
	}
	return SchedRR, true
}

// sides is what the gate of an address goes by.
type sides struct {
	leaving int       // workers that leave and have not closed the address
	common  int       // listening workers that accept on the common socket
	apart   int       // listening workers that have one of their own, and not the common one
	reached []reached // listening workers that answer, by their ids
}

// reached is where the kernel reaches a worker: at its own socket or, if it has none,
// at the primary's.
type reached struct {
	worker, slot int
	at           sock.Gate
}

// way is where the gate of an address sends new connections under p. All go to the
// primary if it deals, and while nobody accepts elsewhere. At the common socket no
// connection may come while any worker is leaving, because none may wait for a
// worker that closes its copy. Where the kernel deals, workers without a socket of
// their own get their part from the primary.
func (p Policy) way(s sides) sock.Way {
	switch p.dealer() {
	case dealsWorkers:
		if s.leaving == 0 && (s.common > 0 || s.apart == 0) {
			return sock.To(sock.Common)
		}
	case dealsKernel:
		switch {
		case len(s.reached) == 0:
		case p == SchedSticky:
			return byClient(s.reached)
		default:
			to := make([]sock.Gate, len(s.reached))
			for i, r := range s.reached {
				to[i] = r.at
			}
			return sock.Evenly(to)
		}
	}
	return sock.To(sock.Front)
}

// byClient sends each client to the worker of its home slot, as deal.ByClient does:
// during a restart to the newest of the slot.
func byClient(to []reached) sock.Way {
	at := make(map[int]sock.Gate)
	var slots []int
	for _, r := range to {
		if _, has := at[r.slot]; !has {
			slots = append(slots, r.slot)
		}
		at[r.slot] = r.at
	}
	gates := make([]sock.Gate, deal.Buckets)
	for b := range gates {
		gates[b] = at[deal.Home(b, slots)]
	}
	return sock.ByClient(gates, deal.Spread)
}

// MarshalText writes String's form.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what String writes, and Node's word "none" for shared. Any
// other text leaves p as it is.
func (p *Policy) UnmarshalText(b []byte) error {
	word := strings.ToLower(string(b))
	if word == "none" {
		word = SchedShared.String()
	}
	var words []string
	for _, w := range policyWords {
		if w.word == word {
			*p = w.p
			return nil
		}
		words = append(words, w.word)
	}
	last := len(words) - 1
	return fmt.Errorf("policy %q is not known; use %s or %s", b, strings.Join(words[:last], ", "), words[last])
}
