package engine

import "muster/ipc"

// Child is this process as a worker of a cluster (Node: cluster.worker). Its
// methods may be called from any goroutine, those given to OnMessage and
// OnDisconnect included.
type Child struct {
	id, slot int
	ch       *ipc.Conn

	inbox     *inbox
	counts    *counts
	questions *questions
	open      *openSet
	addresses *addresses
	departure *departure
	kept      keptTime
}

// newChild makes a worker of its end of a channel. exit ends the process.
func newChild(id int, ch *ipc.Conn, exit func(code int)) *Child {
	c := &Child{id: id, ch: ch, inbox: newInbox(), counts: newCounts(ch), open: newOpenSet()}
	c.questions = newQuestions(ch, c.inbox.await)
	c.departure = &departure{
		ch: ch, inbox: c.inbox, counts: c.counts, questions: c.questions, open: c.open,
		leaving: make(chan struct{}), over: make(chan struct{}), exit: exit, hold: endHold,
	}
	c.addresses = &addresses{
		id: id, leaving: c.departure.leaving, questions: c.questions, counts: c.counts, open: c.open,
		indexes: make(map[string]*indexSet),
	}
	return c
}

// start tells the primary that the worker is online, and starts three
// goroutines, which end with the channel.
func (c *Child) start() {
	c.questions.say(ipc.Online{Seq: c.questions.nextSeq()})
	c.counts.shareTally()
	r := &reader{
		worker: c.id, ch: c.ch, inbox: c.inbox, counts: c.counts, questions: c.questions, open: c.open,
		departure: c.departure, kept: &c.kept,
	}
	go r.run()
	go c.departure.deliver()
	go c.counts.report(c.departure.over)
}

// ID is the worker's id in its cluster.
func (c *Child) ID() int { return c.id }

// Slot is the worker's place in the cluster, from 0. A replacement has the slot
// of the worker it replaces.
func (c *Child) Slot() int { return c.slot }

// Leaving is closed when the worker disconnects: the primary has told it to, or
// Disconnect was called.
func (c *Child) Leaving() <-chan struct{} { return c.departure.leaving }

// Done is closed when the channel has ended and the functions of OnDisconnect
// have returned. A program that only does what it is told waits for Done: a
// Node worker too lives as long as its channel is open.
func (c *Child) Done() <-chan struct{} { return c.departure.over }

// Disconnect leaves the cluster (Node: cluster.worker.disconnect() in the
// worker). It returns at once. ExitedAfterDisconnect becomes true and Leaving
// is closed; every listener of this worker is closed; when no Hold is left, so
// every ServeHTTP has drained, the primary is told; when the primary has
// acknowledged that, the channel ends. A second call does nothing.
//
// The process lives until main returns. A program that accepts without
// ServeHTTP takes a Hold for the connections it wants to finish; without a Hold
// the channel ends as soon as the listeners are closed. Only OnDisconnect tells
// that the primary knows of the disconnect.
func (c *Child) Disconnect() { c.departure.leave(false) }

// Hold keeps the channel open during a disconnect until release is called
// (Node: the disconnect waits for the server's 'close' event, which waits for
// its connections). A second call of release does nothing. The last release
// during a disconnect returns when the channel is being closed, so main may
// return afterwards.
func (c *Child) Hold() (release func()) { return c.departure.holdUp() }

// Kill ends this process with code 0, without draining (Node: kill in the
// worker). It returns at once: the primary is told first, so that
// ExitedAfterDisconnect is true there, then the channel ends and the functions
// of OnDisconnect are called. If the channel is closed already the process exits
// in the call.
func (c *Child) Kill() { c.departure.kill() }

// Destroy is another name of Kill, as in Node.
func (c *Child) Destroy() { c.Kill() }

// ExitedAfterDisconnect tells whether this worker leaves voluntarily (Node:
// worker.exitedAfterDisconnect). It is known to be true once a disconnect was
// ordered, or Disconnect or Kill was called, and known to be false after an end
// of the channel without any of the three. Before that it is not known, and
// Node's value is undefined.
func (c *Child) ExitedAfterDisconnect() (voluntary, known bool) { return c.departure.voluntary() }

// IsConnected tells whether the channel to the primary is open (Node:
// worker.isConnected()). It is false as soon as the channel's end has begun.
func (c *Child) IsConnected() bool { return c.departure.connected() }

// IsDead is false: a process that asks lives (Node: worker.isDead()).
func (c *Child) IsDead() bool { return false }

// OnMessage calls f for every message of the primary's program (Node: 'message'
// of process and of cluster.worker, which are one event here), in order and one
// at a time, on a goroutine of the Child's own: f may block and call anything.
// Messages that came before the first OnMessage wait for it. f must close a
// handle that comes with a message; if several functions listen, one of them
// must. If none listens any more the handle is closed.
//
// When 1024 messages or 16 MiB wait, nothing more is read from the channel
// until f has caught up, neither connections from the primary nor its orders:
// long work belongs in another goroutine. (Until the first OnMessage the newest
// messages are dropped instead.) remove does not wait for a running call.
func (c *Child) OnMessage(f func(Message)) (remove func()) { return c.inbox.onMessage(f) }

// OnDisconnect calls f when the channel has ended, from either side (Node:
// 'disconnect' of process and of cluster.worker), after the last message and on
// the same goroutine as OnMessage. IsConnected is false by then. If the channel
// has ended without an order, the process exits with code 0 when the functions
// have returned, and after 10 seconds in any case. A function that is added
// after the end is not called.
func (c *Child) OnDisconnect(f func()) (remove func()) { return c.inbox.onDisconnect(f) }
