package engine

import (
	"sync"
	"time"

	"muster/ipc"
)

// endHold bounds how long the program may take when the channel has ended
// without an order: a worker without its primary must not stay.
const endHold = 10 * time.Second

// departure is how a worker leaves its cluster: what it waits for, whom it
// tells, and when the channel ends.
type departure struct {
	ch        *ipc.Conn
	inbox     *inbox
	counts    *counts
	questions *questions
	open      *openSet
	leaving   chan struct{} // closed when the worker disconnects, for whatever reason
	over      chan struct{} // closed when the channel has ended and OnDisconnect was called

	mu        sync.Mutex
	exit      func(code int) // ends the process
	hold      time.Duration  // endHold
	holds     int            // how many holds a disconnect waits for
	left      bool           // leaving is closed
	ordered   bool           // the primary ordered it, and need not be told
	killed    bool           // Kill was called
	finishing bool           // no hold was left
	closing   bool           // this side ends the channel, or it has ended
	ended     bool           // it has ended
}

// leave carries out a disconnect: every server stops accepting, and the channel
// ends when the last one has drained.
func (d *departure) leave(ordered bool) {
	d.mu.Lock()
	d.ordered = d.ordered || ordered
	if d.left {
		d.mu.Unlock()
		return
	}
	d.left = true
	d.holds++ // held until all below is done
	d.mu.Unlock()
	open := d.open.end() // before anybody can learn of the disconnect
	close(d.leaving)
	for _, o := range open {
		_ = o.Close()
	}
	if ordered {
		// A message that came before the order can still be answered.
		d.inbox.after(d.release)
		return
	}
	go d.release() // release waits for the primary; ends with the channel at the latest
}

// holdUp holds a disconnect up until release is called.
func (d *departure) holdUp() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.holds++
	return sync.OnceFunc(d.release)
}

// release ends a hold. The last release ends the channel.
func (d *departure) release() {
	d.mu.Lock()
	d.holds--
	last := d.left && d.holds == 0 && !d.finishing
	announce := !d.ordered
	d.finishing = d.finishing || last
	d.mu.Unlock()
	if !last {
		return
	}
	if announce {
		d.announce()
	}
	d.closeChannel()
}

// announce tells the primary that the worker leaves by itself, and waits for
// the acknowledgement: the primary must not take the end of the channel for a
// crash.
func (d *departure) announce() {
	// An error means the end of the channel, which the reader sees too.
	_, _ = d.questions.ask(func(seq int64) any { return ipc.ExitedAfterDisconnect{Seq: seq} }, nil)
}

// closeChannel sends the last report and ends the channel.
func (d *departure) closeChannel() {
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	d.counts.send()
	d.ch.CloseWhenSent()
}

// kill ends the process without draining; a second call does nothing.
func (d *departure) kill() {
	d.mu.Lock()
	again, connected := d.killed, !d.closing
	d.killed = true
	d.mu.Unlock()
	switch {
	case !connected:
		d.exit(0)
	case !again:
		go func() { // ends with the channel at the latest
			d.announce()
			d.closeChannel()
		}()
	}
}

// voluntary is ExitedAfterDisconnect.
func (d *departure) voluntary() (voluntary, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	voluntary = d.left || d.killed
	return voluntary, voluntary || d.ended
}

// connected tells whether the channel is open and not being ended.
func (d *departure) connected() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closing
}

// channelEnded handles the end of the channel, after everything in it was read.
// Without an order to leave the primary is gone, and this process has nothing
// left to do.
func (d *departure) channelEnded() {
	d.mu.Lock()
	d.closing, d.ended = true, true
	forced, hold := !d.left || d.killed, d.hold
	d.mu.Unlock()
	d.questions.end()
	d.inbox.end()
	_ = d.ch.Close()
	if !forced {
		return
	}
	select {
	case <-d.over:
	case <-time.After(hold):
	}
	d.exit(0)
}

// deliver calls the program's functions for as long as the channel lives.
func (d *departure) deliver() {
	d.inbox.run()
	for _, f := range d.inbox.disconnectListeners() {
		(*f)()
	}
	close(d.over)
}

// awaitOver lets the functions of OnDisconnect finish before main returns: in
// Node too they are called before the process ends.
func (d *departure) awaitOver() {
	if d.connected() || len(d.inbox.disconnectListeners()) == 0 {
		return
	}
	select {
	case <-d.over:
	case <-time.After(endHold):
	}
}
