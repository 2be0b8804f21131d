package explain

import (
	"fmt"

	"muster/engine"
)

// About is what a scheduling policy is, for somebody who has to choose one. Each
// text is one line, without a full stop.
type About struct {
	Deals string // who gets a connection; goes on after "now" or "then"
	Gets  string // how one worker comes to its connections: a sentence
	Good  string // what it is good at
	Bad   string // what it is bad at
	Note  string // what else one has to know of it
}

// abouts are all policies.
var abouts = map[engine.Policy]About{
	engine.SchedRR: {
		Deals: "the primary deals each connection to the next free worker in turn",
		Gets:  "It is dealt a connection when it is free and its turn comes.",
		Good:  "even shares; a busy worker gets fewer",
		Bad:   "many short connections: each costs a hand-off",
		Note:  "the default, as in Node; the shares of free workers differ by one connection at most",
	},
	engine.SchedShared: {
		Deals: "the workers accept for themselves, and the kernel decides which one",
		Gets:  "It accepts for itself, whenever it is the first to wake.",
		Good:  "few connections: fastest, idle workers first",
		Bad:   "even shares: often one worker gets most",
		Note:  "Node's SCHED_NONE; workers of Node are replaced for it: they can have one socket only",
	},
	engine.SchedSpread: {
		Deals: "the kernel deals each connection to a worker, in turn or at random",
		Gets:  "The kernel deals it connections, about as many as any other.",
		Good:  "many short connections: fast, and about even",
		Bad:   "few long ones, uneven work: it sees no load",
		Note:  "at random (without CAP_BPF) the largest of k shares of n is 1+2*sqrt(k/n) of the mean",
	},
	engine.SchedLeast: {
		Deals: "the primary deals each connection to the worker with the fewest open",
		Gets:  "It is dealt a connection while it has the fewest open.",
		Good:  "unequal lengths: websockets, streams",
		Bad:   "short ones: a hand-off each, by counts that lag",
		Note:  "Go workers report their count 4 times a second, others are looked at once a second",
	},
	engine.SchedSticky: {
		Deals: "the kernel deals all connections of a client address to one worker",
		Gets:  "It gets every connection of the client addresses that are its own.",
		Good:  "state per client: socket.io by long polling",
		Bad:   "clients behind a proxy: one address, one worker",
		Note:  "of IPv6 the /64 counts; X-Forwarded-For and PROXY protocol are not read",
	},
}

// Policy is what p is; the zero About if there is no such policy.
func Policy(p engine.Policy) About { return abouts[p] }

// policy explains that the policy was changed. The other policy is the one that
// was in force before.
func policy(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.PolicyDetail)
	to, from := d.To, d.From
	if from == 0 {
		from = to.Other()
	}
	now, before := Policy(to), Policy(from)
	means := "The policy was changed."
	if now.Deals != "" {
		means = "Now " + now.Deals + "."
	}
	stays := " Connections that are open stay where they are."
	if s != nil && s.ByHand && s.Policy == to {
		stays = " Here the primary deals instead; an error event says why."
	}
	call := "Node has no such policy; in Go c.SetSchedulingPolicy(p)."
	if name := to.Node(); name != "" {
		call = fmt.Sprintf("cluster.schedulingPolicy = cluster.%s; in Go c.SetSchedulingPolicy(p). Node ignores it after the first fork.", name)
	}
	return Text{
		Title: "policy",
		Means: means + stays,
		Good:  now.Good,
		Bad:   now.Bad,
		Cause: fmt.Sprintf("%s asked for it; it took %s.", by(e.By), millis(d.Ms)),
		Call:  call,
		Than:  from,
		Other: before.Deals + ".",
	}
}
