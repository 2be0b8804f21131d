package engine

import (
	"net"
	"os"

	"muster/ipc"
)

// answersAtOnce bounds the hand-offs that are answered with one write.
const answersAtOnce = 32

// read follows the channel for as long as it lives.
func (c *Child) read() {
	var msgs []ipc.Message
	var out []byte
	var taken []handed
	for {
		// Here, where nothing that was read waits for an answer.
		c.inbox.awaitRoom(c.counts.tellFull)
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
			case m.Missing:
				out = ipc.AppendNack(out)
				c.missed(m)
				continue
			case m.Handle != "":
				out = ipc.AppendAck(out)
			}
			if m.Kind == ipc.Cluster && m.Cluster.Act == "newconn" {
				h, ok := c.take(m)
				out = ipc.AppendAccepted(out, m.Cluster.Seq, c.questions.nextSeq(), ok)
				if ok {
					taken = append(taken, h)
				}
				continue
			}
			c.handle(m)
		}
		if len(out) > 0 {
			// Before anybody can read a byte of the connections: what is not
			// answered when we die is untouched, and goes to another worker.
			if c.ch.SendLines(out) != nil {
				// None of them is known to be ours, and another worker will have it.
				for _, h := range taken {
					h.l.release()
					_ = h.conn.Close()
				}
				taken = taken[:0]
			}
		}
		for _, h := range taken {
			h.l.push(h.conn, h.follow)
		}
		clear(msgs)
		clear(taken)
		if err != nil {
			c.channelEnded()
			return
		}
	}
}

// handed is a connection from the primary that is to be answered with yes.
type handed struct {
	l      *listener
	conn   net.Conn
	follow followed
}

// take makes all that can fail of a hand-off; false if it is to be refused, so that
// it goes to another worker. The descriptor is gone then.
func (c *Child) take(m *ipc.Message) (handed, bool) {
	fo := c.counts.follows.take(m.Cluster.Seq)
	l := c.open.listener(m.Cluster.Key)
	if l == nil || !l.reserve() {
		closeFD(m.FD)
		return handed{}, false
	}
	f := os.NewFile(uintptr(m.FD), "connection")
	conn, err := net.FileConn(f)
	f.Close()
	if err != nil {
		l.release()
		c.counts.isShort(err)
		return handed{}, false
	}
	return handed{l, conn, fo}, true
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
		c.kept.take(m.Raw)
		return
	default:
		// Answers to our handles, what a Node primary asks about sockets it has
		// given away, and a message of its that is too long to be taken: there is
		// nothing to do about any of them.
		closeFD(m.FD)
		return
	}
	if c.questions.answer(m) {
		return
	}
	closeFD(m.FD)
	if m.Cluster.Act == "disconnect" {
		c.leave(true)
	}
}

// missed takes in a message whose descriptor did not arrive: most likely there was
// none left here. Who waits for an answer must not do so for ever.
func (c *Child) missed(m *ipc.Message) {
	if m.Kind == ipc.Cluster {
		c.questions.answer(m)
	}
}

func closeFD(fd int) {
	if fd >= 0 {
		_ = os.NewFile(uintptr(fd), "handle").Close()
	}
}
