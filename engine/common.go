package engine

import "time"

// common is what all parts of the loop work with: the way to the loop, goroutines,
// the clock and its timers, what is done aside, what is told, the live workers.
// It is the loop's, except what says otherwise.
type common struct {
	*mailbox
	*tasks
	*clock
	*teller
	*asides
	sys      system
	o        Options
	rules    leaveRules      // of o
	workers  map[int]*worker // live ones by id
	stopping *stopState      // nil = the cluster does not stop
	tracing  *tracing
	seq      int64 // of messages we send: hand-offs and orders
}

// newCommon makes it for a cluster that has not started.
func newCommon(o Options, now func() time.Time) *common {
	c := &common{
		mailbox: &mailbox{in: make(chan msg, 64), done: make(chan struct{})},
		tasks:   &tasks{told: o.OnPanic},
		clock:   &clock{read: now},
		sys:     kernel{}, o: o, rules: leaveRulesOf(o), workers: make(map[int]*worker),
	}
	c.teller = &teller{clock: c.clock, pub: &publisher{events: newEventRing()}, dispatcher: newDispatcher(), logger: o.Logger}
	c.asides = &asides{mailbox: c.mailbox, tasks: c.tasks, clock: c.clock}
	c.tracing = &tracing{clock: c.clock, pub: c.pub}
	return c
}
