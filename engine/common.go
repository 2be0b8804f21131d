package engine

import (
	"errors"
	"fmt"
	"os"
	"time"

	"muster/ipc"
)

// common is what all parts of the loop work with: the mailbox, goroutines, the
// clock and its timers, the asides, the teller, the live workers. It belongs to
// the loop, unless a field says otherwise.
type common struct {
	*mailbox
	*tasks
	*clock
	*teller
	*asides
	sys      system
	pid      int     // of this process
	fds      fdShare // how its descriptors are shared out
	o        Options
	rules    leaveRules      // of o
	workers  map[int]*worker // live ones by id
	stopping *stopState      // nil = the cluster does not stop
	tracing  *tracing
	reused   *reused // any goroutine
	seq      int64   // of messages the primary sends: hand-offs and orders
}

// newCommon makes the common of a cluster that has not started.
func newCommon(o Options, sys system, now func() time.Time) *common {
	c := &common{
		mailbox: &mailbox{in: make(chan msg, 64), done: make(chan struct{})},
		tasks:   &tasks{report: o.OnPanic},
		clock:   &clock{read: now},
		reused:  &reused{},
		sys:     sys, pid: os.Getpid(), fds: ownShare(), o: o, rules: leaveRulesOf(o), workers: make(map[int]*worker),
	}
	c.teller = &teller{clock: c.clock, pub: &publisher{events: newEventRing()}, dispatcher: newDispatcher(), logger: o.Logger}
	c.asides = &asides{mailbox: c.mailbox, tasks: c.tasks, clock: c.clock}
	c.tracing = &tracing{clock: c.clock, pub: c.pub}
	return c
}

func (c *common) nextSeq() int64 {
	c.seq++
	return c.seq - 1
}

// send sends a cluster message. If the channel cannot take the message ipc ends
// it, and its reader says so.
func (c *common) send(w *worker, v any) {
	line, err := ipc.AppendJSON(nil, v)
	if err == nil {
		err = w.ch.Send(line, -1)
	}
	if err != nil && !errors.Is(err, ipc.ErrClosed) {
		c.failed(w, fmt.Sprintf("sending to worker %d", w.id), err)
	}
}

// closeForeign closes a descriptor that a worker has, or had, too. The close of
// a socket is quick, unless the worker has set SO_LINGER and has closed its own
// copy: then the last close waits for the client (socket(7)). A descriptor that
// is no socket may be a file of a file system that does not answer. Both are
// closed on a goroutine each, not as asides: they must not take the place of
// work that somebody waits for.
func (c *common) closeForeign(fd int) {
	if closeNow(fd) {
		return
	}
	go func() { // ends with the close
		defer c.onPanic()
		c.sys.closeFD(fd)
	}()
}
