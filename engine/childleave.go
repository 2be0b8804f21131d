package engine

import (
	"sync"
	"time"

	"muster/ipc"
)

// endHold bounds what the program does when the channel has ended without an
// order: a worker without its primary must not stay.
const endHold = 10 * time.Second

// Disconnect leaves the cluster (Node: cluster.worker.disconnect() in the
// worker). It returns at once. ExitedAfterDisconnect becomes true and Leaving is
// closed; every listener of this worker is closed; when no Hold is left, and so
// every ServeHTTP has drained, the primary is told, and when it has
// acknowledged that, the channel ends. Calling it again does nothing.
//
// The process lives on by its own rules: it ends when main returns. A program
// that accepts by itself, without ServeHTTP, takes a Hold for the connections it
// wants to finish; without one the channel ends as soon as the listeners are
// closed. Only OnDisconnect tells that the primary has heard.
func (c *Child) Disconnect() { c.leave(false) }

// Hold keeps the channel open during a disconnect until release is called
// (Node: the server's 'close' event waits for its connections, and the
// disconnect for that). Calling release again does nothing. The last release
// during a disconnect returns when the channel is being closed, so that main
// may return after it.
func (c *Child) Hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds++
	return sync.OnceFunc(c.release)
}

// leave carries out a disconnect: every server stops accepting, and the channel
// ends when the last one has drained.
func (c *Child) leave(ordered bool) {
	c.mu.Lock()
	c.ordered = c.ordered || ordered
	if c.left {
		c.mu.Unlock()
		return
	}
	c.left = true
	c.holds++ // until all below is done
	c.mu.Unlock()
	open := c.open.end() // before anybody can hear of it
	close(c.leaving)
	for _, o := range open {
		_ = o.Close()
	}
	if ordered {
		// A message that came before the order can still be answered.
		c.inbox.after(c.release)
		return
	}
	go c.release() // it waits for the primary; ends with the channel at the latest
}

// release lets go of a hold. The last one ends the channel.
func (c *Child) release() {
	c.mu.Lock()
	c.holds--
	last := c.left && c.holds == 0 && !c.finishing
	announce := !c.ordered
	c.finishing = c.finishing || last
	c.mu.Unlock()
	if !last {
		return
	}
	if announce {
		c.announce()
	}
	c.closeChannel()
}

// announce tells the primary that the worker leaves by itself, and waits until
// it knows: it must not take the end of the channel for a crash.
func (c *Child) announce() {
	// An error is the end of the channel, which read sees too.
	_, _ = c.questions.ask(func(seq int64) any { return ipc.ExitedAfterDisconnect{Seq: seq} }, nil)
}

// closeChannel tells the last figures and ends the channel.
func (c *Child) closeChannel() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.counts.send()
	c.ch.CloseWhenSent()
}

// Kill ends this process with code 0, without draining (Node: kill in the
// worker). It returns at once: the primary is told first, so that
// ExitedAfterDisconnect is true there, then the channel ends and the functions
// of OnDisconnect are called. If the channel is closed already the process exits
// in the call.
func (c *Child) Kill() {
	c.mu.Lock()
	again, connected := c.killed, !c.closing
	c.killed = true
	c.mu.Unlock()
	switch {
	case !connected:
		c.exit(0)
	case !again:
		go func() { // ends with the channel at the latest
			c.announce()
			c.closeChannel()
		}()
	}
}

// Destroy is another name of Kill, as in Node.
func (c *Child) Destroy() { c.Kill() }

// ExitedAfterDisconnect tells whether this worker leaves voluntarily (Node:
// worker.exitedAfterDisconnect). It is known as soon as a disconnect was ordered
// or one of Disconnect and Kill was called (true), or the channel has ended
// without (false); until then Node's value is undefined.
func (c *Child) ExitedAfterDisconnect() (voluntary, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	voluntary = c.left || c.killed
	return voluntary, voluntary || c.ended
}

// IsConnected tells whether the channel to the primary is open (Node:
// worker.isConnected()). It is false as soon as its end has begun.
func (c *Child) IsConnected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closing
}

// IsDead is false: who asks lives (Node: worker.isDead()).
func (c *Child) IsDead() bool { return false }

// channelEnded is the end of the channel, after everything in it was read. If
// nobody told us to leave, the primary is gone and there is nothing left to do
// here.
func (c *Child) channelEnded() {
	c.mu.Lock()
	c.closing, c.ended = true, true
	forced, hold := !c.left || c.killed, c.hold
	c.mu.Unlock()
	c.questions.end()
	c.inbox.end()
	_ = c.ch.Close()
	if !forced {
		return
	}
	select {
	case <-c.over:
	case <-time.After(hold):
	}
	c.exit(0)
}

// deliver calls the program's functions for as long as the channel lives.
func (c *Child) deliver() {
	c.inbox.run()
	for _, f := range c.inbox.disconnectListeners() {
		(*f)()
	}
	close(c.over)
}

// awaitOver lets the functions of OnDisconnect finish before main returns: in
// Node too they are called before the process ends.
func (c *Child) awaitOver() {
	if c.IsConnected() || len(c.inbox.disconnectListeners()) == 0 {
		return
	}
	select {
	case <-c.over:
	case <-time.After(endHold):
	}
}
