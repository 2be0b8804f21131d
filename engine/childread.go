package engine

import (
	"fmt"
	"net"
	"os"

	"muster/ipc"
)

// answersAtOnce bounds the hand-offs that are answered with one write.
const answersAtOnce = 32

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
		// Here, where nothing that was read waits for an answer.
		c.inbox.awaitRoom()
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
				fo := c.counts.follows.take(m.Cluster.Seq)
				out = ipc.AppendAccepted(out, m.Cluster.Seq, c.nextSeq(), l != nil)
				if l == nil {
					closeFD(m.FD)
				} else {
					taken = append(taken, handed{l, m.FD, fo})
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
			t.l.push(t.fd, t.follow)
		}
		clear(msgs)
		if err != nil {
			c.channelEnded()
			return
		}
	}
}

// handed is a connection from the primary that was answered with yes.
type handed struct {
	l      *listener
	fd     int
	follow followed
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
	switch m.Kind {
	case ipc.Cluster:
	case ipc.User:
		msg := Message{Worker: c.id, Value: m.Raw}
		if m.FD >= 0 {
			msg.Handle = &Handle{Kind: kindOf(m.Handle, m.FD), File: os.NewFile(uintptr(m.FD), "handle")}
		}
		c.inbox.put(msg)
		return
	case ipc.Muster:
		closeFD(m.FD)
		c.counts.follows.want(m.Raw)
		return
	default:
		// Answers to our handles, and what a Node primary asks about sockets it
		// has given away: there is nothing to do about either.
		closeFD(m.FD)
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
		c.leave(true)
	}
}

func closeFD(fd int) {
	if fd >= 0 {
		_ = os.NewFile(uintptr(fd), "handle").Close()
	}
}

// ask sends a question and waits for its answer. It stops waiting when giveUp
// is closed, if that is not nil.
func (c *Child) ask(question func(seq int64) any, giveUp <-chan struct{}) (ipc.Message, error) {
	answer := make(chan ipc.Message, 1)
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return ipc.Message{}, fmt.Errorf("asking the primary: %w", ErrChannelClosed)
	}
	seq := c.seq
	c.seq++
	c.asked[seq] = answer
	c.mu.Unlock()
	c.inbox.await(1)
	defer c.inbox.await(-1)

	line, err := ipc.AppendJSON(nil, question(seq))
	if err == nil {
		err = c.ch.Send(line, -1)
	}
	if err != nil {
		c.withdraw(seq)
		return ipc.Message{}, fmt.Errorf("asking the primary: %w", channelErr(err))
	}
	var m ipc.Message
	ok := true
	select {
	case m, ok = <-answer:
	case <-giveUp:
		if c.withdraw(seq) {
			return m, fmt.Errorf("asking the primary: %w", net.ErrClosed)
		}
		m, ok = <-answer // it has come, or is about to
	}
	if !ok {
		return m, fmt.Errorf("asking the primary: %w", ErrChannelClosed)
	}
	return m, nil
}

// withdraw takes a question back; false if its answer has been read.
func (c *Child) withdraw(seq int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, asked := c.asked[seq]
	delete(c.asked, seq)
	return asked
}
