package engine

import (
	"io"
	"sync"
	"time"

	"muster/ipc"
)

// Child is this process as a worker of a cluster (Node: cluster.worker). Its
// methods may be called from any goroutine, those given to OnMessage and
// OnDisconnect included.
type Child struct {
	id, slot  int
	ch        *ipc.Conn
	leaving   chan struct{} // closed when the worker disconnects, whoever wanted it
	over      chan struct{} // closed when the channel has ended and everybody was told
	exit      func(code int)
	hold      time.Duration // endHold
	counts    counts
	questions questions
	kept      keptTime
	inbox     inbox
	open      openSet
	addresses addresses

	mu        sync.Mutex
	holds     int  // what a disconnect waits for
	left      bool // leaving is closed
	ordered   bool // the primary wanted it, and need not be told
	killed    bool // Kill was called
	finishing bool // nothing held the disconnect any more
	closing   bool // we end the channel, or it has ended
	ended     bool // it has ended
}

// ID is the worker's id in its cluster.
func (c *Child) ID() int { return c.id }

// Slot is its place in the cluster, from 0: that of the worker it replaced, if
// it replaced one.
func (c *Child) Slot() int { return c.slot }

// Leaving is closed when the worker disconnects: the primary has told it to, or
// Disconnect was called.
func (c *Child) Leaving() <-chan struct{} { return c.leaving }

// Done is closed when the channel has ended and the functions of OnDisconnect have
// returned. A program that has nothing to do but what it is told waits for it:
// a Node worker lives for as long as its channel is open.
func (c *Child) Done() <-chan struct{} { return c.over }

// newChild makes a worker of its end of a channel. exit ends the process.
func newChild(id int, ch *ipc.Conn, exit func(code int)) *Child {
	c := &Child{
		id: id, ch: ch, exit: exit, hold: endHold, leaving: make(chan struct{}), over: make(chan struct{}),
	}
	c.inbox.changed.L = &c.inbox.mu
	c.open.all, c.open.listeners = make(map[io.Closer]struct{}), make(map[string]*listener)
	c.questions = questions{ch: ch, waits: c.inbox.await, asked: make(map[int64]chan<- ipc.Message)}
	c.addresses = addresses{id: id, leaving: c.leaving, questions: &c.questions, counts: &c.counts, open: &c.open, indexes: make(map[string]*indexSet)}
	c.counts.ch, c.counts.tally = ch, new(tally)
	c.counts.wake = make(chan struct{}, 1)
	return c
}

// start says that the worker is there. Its three goroutines end with the
// channel.
func (c *Child) start() {
	c.questions.say(ipc.Online{Seq: c.questions.nextSeq()})
	c.counts.shareTally()
	go c.read()
	go c.deliver()
	go c.counts.report(c.over)
}
