package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"muster/ipc"
)

// ErrNotWorker is returned by what only a worker can do.
var ErrNotWorker = errors.New("this process is not a worker of a cluster")

// answersAtOnce bounds the hand-offs that are answered with one write.
const answersAtOnce = 32

// self is this process as a worker: a process has one role, for life.
var self atomic.Pointer[Child]

// Child is this process as a worker of a cluster (Node: cluster.worker). Its
// methods may be called from any goroutine.
type Child struct {
	id, slot int
	ch       *ipc.Conn
	leaving  chan struct{} // closed when the primary has ordered a disconnect
	counts   counts

	mu        sync.Mutex
	seq       int64
	asked     map[int64]chan<- ipc.Message // questions by seq
	listeners map[string]*listener         // by key
	index     map[string]int               // listens so far, by address
	drains    int                          // ServeHTTP calls under way
	left      bool                         // leaving is closed
}

// Self is this process as a worker, nil in a primary and before Role.
func Self() *Child { return self.Load() }

// ID is the worker's id in its cluster.
func (c *Child) ID() int { return c.id }

// Slot is its place in the cluster, from 0: that of the worker it replaced, if
// it replaced one.
func (c *Child) Slot() int { return c.slot }

// Leaving is closed when the worker has been told to disconnect.
func (c *Child) Leaving() <-chan struct{} { return c.leaving }

// Role tells what this process is, from its environment. A worker has
// NODE_UNIQUE_ID (an integer) and NODE_CHANNEL_FD (a unix stream socket); both
// are unset by this call, so that its own children do not see them. One alone,
// or another kind of descriptor, is an error: print it and exit 2. Call it
// first thing in main, before flags are parsed. In a worker the process ends
// with exit code 0 when the primary is gone, as in Node.
func Role() (worker bool, err error) {
	id, hasID := os.LookupEnv(envUniqueID)
	fd, hasFD := os.LookupEnv(envChannelFD)
	for _, name := range []string{envUniqueID, envChannelFD, envSerial} {
		_ = os.Unsetenv(name)
	}
	switch {
	case !hasID && !hasFD:
		return false, nil
	case !hasFD:
		return false, fmt.Errorf("%s is set but %s is not: they come from a cluster's primary; unset it to start a cluster", envUniqueID, envChannelFD)
	case !hasID:
		return false, fmt.Errorf("%s is set but %s is not: they come from a cluster's primary; unset it to start a cluster", envChannelFD, envUniqueID)
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return false, fmt.Errorf("%s is %q, not a number; unset it to start a cluster", envUniqueID, id)
	}
	num, err := strconv.Atoi(fd)
	if err != nil || num < 0 {
		return false, fmt.Errorf("%s is %q, not a descriptor; unset it to start a cluster", envChannelFD, fd)
	}
	ch, err := ipc.Open(num)
	if err != nil {
		return false, fmt.Errorf("%s=%d: %w; unset it to start a cluster", envChannelFD, num, err)
	}
	c := &Child{
		id: n, ch: ch, leaving: make(chan struct{}),
		asked: make(map[int64]chan<- ipc.Message), listeners: make(map[string]*listener), index: make(map[string]int),
	}
	c.slot, _ = strconv.Atoi(os.Getenv(envSlot))
	c.counts.wake = make(chan struct{}, 1)
	if !self.CompareAndSwap(nil, c) {
		return true, nil
	}
	nameSelf("muster")
	c.send(ipc.Online{Seq: c.nextSeq()})
	go c.read()
	go c.report()
	return true, nil
}

func (c *Child) nextSeq() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	return c.seq - 1
}

// send sends a cluster message. Errors are those of a channel that has ended,
// which read sees too.
func (c *Child) send(v any) {
	if line, err := ipc.AppendJSON(nil, v); err == nil {
		_ = c.ch.Send(line, -1)
	}
}

// read follows the channel for as long as it lives.
func (c *Child) read() {
	var msgs []ipc.Message
	var out []byte
	var taken []handed
	for {
		var err error
		msgs, err = c.ch.Read(msgs[:0])
		for more := true; more && err == nil && len(msgs) < answersAtOnce; {
			had := len(msgs)
			msgs, err = c.ch.ReadMore(msgs)
			more = len(msgs) > had
		}
		out, taken = out[:0], taken[:0]
		for i := range msgs {
			m := &msgs[i]
			switch {
			case m.Handle != "" && m.FD < 0:
				out = ipc.AppendNack(out)
				continue
			case m.FD >= 0:
				out = ipc.AppendAck(out)
			}
			if m.Kind == ipc.Cluster && m.Cluster.Act == "newconn" {
				l := c.reserve(m.Cluster.Key)
				out = ipc.AppendAccepted(out, m.Cluster.Seq, c.nextSeq(), l != nil)
				if l == nil {
					closeFD(m.FD)
				} else {
					taken = append(taken, handed{l, m.FD})
				}
				continue
			}
			c.handle(m)
		}
		if len(out) > 0 {
			// Before anybody can read a byte of the connections: what is not
			// answered when we die is untouched, and goes to another worker.
			_ = c.ch.SendLines(out)
		}
		for _, t := range taken {
			t.l.push(t.fd)
		}
		clear(msgs)
		if err != nil {
			c.ended()
			return
		}
	}
}

// handed is a connection from the primary that was answered with yes.
type handed struct {
	l  *listener
	fd int
}

// reserve finds the listener of a hand-off, nil if it takes no more.
func (c *Child) reserve(key string) *listener {
	c.mu.Lock()
	l := c.listeners[key]
	c.mu.Unlock()
	if l == nil || !l.reserve() {
		return nil
	}
	return l
}

// handle takes in every message but a hand-off.
func (c *Child) handle(m *ipc.Message) {
	if m.Kind != ipc.Cluster {
		closeFD(m.FD) // nothing here takes messages of the program yet
		return
	}
	if m.Cluster.HasAck {
		c.mu.Lock()
		answer := c.asked[m.Cluster.Ack]
		delete(c.asked, m.Cluster.Ack)
		c.mu.Unlock()
		if answer != nil {
			answer <- *m // has room for it
			return
		}
	}
	closeFD(m.FD)
	if m.Cluster.Act == "disconnect" {
		c.leave()
	}
}

func closeFD(fd int) {
	if fd >= 0 {
		_ = os.NewFile(uintptr(fd), "handle").Close()
	}
}

// leave carries out the primary's order to disconnect: every server stops
// accepting, and the channel ends when the last one has drained.
func (c *Child) leave() {
	c.mu.Lock()
	if c.left {
		c.mu.Unlock()
		return
	}
	c.left = true
	ls := make([]*listener, 0, len(c.listeners))
	for _, l := range c.listeners {
		ls = append(ls, l)
	}
	idle := c.drains == 0
	c.mu.Unlock()
	close(c.leaving)
	for _, l := range ls {
		_ = l.Close()
	}
	if idle {
		c.finish()
	}
}

// finish tells the last figures and ends the channel.
func (c *Child) finish() {
	c.counts.send(c.ch)
	c.ch.CloseWhenSent()
}

// drained says that one ServeHTTP has returned.
func (c *Child) drained() {
	c.mu.Lock()
	c.drains--
	last := c.left && c.drains == 0
	c.mu.Unlock()
	if last {
		c.finish()
	}
}

// ended is the end of the channel. If nobody told us to leave, the primary is
// gone and there is nothing left to do here.
func (c *Child) ended() {
	c.mu.Lock()
	left := c.left
	for seq, answer := range c.asked {
		delete(c.asked, seq)
		close(answer)
	}
	c.mu.Unlock()
	if !left {
		os.Exit(0)
	}
}

// ask sends a question and waits for its answer.
func (c *Child) ask(question func(seq int64) any) (ipc.Message, error) {
	answer := make(chan ipc.Message, 1)
	c.mu.Lock()
	c.seq++
	seq := c.seq - 1
	c.asked[seq] = answer
	c.mu.Unlock()
	line, err := ipc.AppendJSON(nil, question(seq))
	if err == nil {
		err = c.ch.Send(line, -1)
	}
	if err != nil {
		c.mu.Lock()
		delete(c.asked, seq)
		c.mu.Unlock()
		return ipc.Message{}, fmt.Errorf("asking the primary: %w", err)
	}
	m, ok := <-answer
	if !ok {
		return m, fmt.Errorf("asking the primary: %w", ipc.ErrClosed)
	}
	return m, nil
}

// tellEvery is the least time between two reports.
const tellEvery = 250 * time.Millisecond

// report tells the primary how things go, when something has changed.
func (c *Child) report() {
	for range c.counts.wake {
		c.counts.send(c.ch)
		time.Sleep(tellEvery)
	}
}
