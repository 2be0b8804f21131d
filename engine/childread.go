package engine

import (
	"net"
	"os"

	"muster/ipc"
)

// answersAtOnce bounds the hand-offs that are answered with one write.
const answersAtOnce = 32

// reader takes in what comes over a worker's channel.
type reader struct {
	worker    int // its id
	ch        *ipc.Conn
	inbox     *inbox
	counts    *counts
	questions *questions
	open      *openSet
	departure *departure
	kept      *keptTime
}

// run follows the channel for as long as it lives.
func (r *reader) run() {
	var msgs []ipc.Message
	var out []byte
	var taken []handed
	for {
		// Wait here, where no message that was read waits for an answer.
		r.inbox.awaitRoom(r.counts.tellFull)
		var err error
		msgs, err = r.ch.Read(msgs[:0])
		for more := true; more && err == nil && len(msgs) < answersAtOnce; {
			had := len(msgs)
			msgs, err = r.ch.ReadMore(msgs)
			more = len(msgs) > had
		}
		out, taken = out[:0], taken[:0]
		for i := range msgs {
			m := &msgs[i]
			switch {
			case m.Kind == ipc.Cluster && m.Cluster.Act == "newconn":
				out, taken = r.newConns(m, out, taken)
				continue
			case m.Missing:
				out = ipc.AppendNack(out)
				r.missed(m)
				continue
			case m.Kind == ipc.Muster && m.FD >= 0:
				if r.ownSocket(m) {
					out = ipc.AppendAck(out)
				} else {
					out = ipc.AppendNack(out)
				}
				continue
			case m.Handle != "":
				out = ipc.AppendAck(out)
			}
			r.received(m)
		}
		if len(out) > 0 {
			// Answer before anybody can read a byte of the connections: if this
			// process dies, connections without an answer are untouched and go
			// to another worker.
			if r.ch.SendLines(out) != nil {
				// The primary may not have these answers, and another worker
				// may get the connections.
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
			r.departure.channelEnded()
			return
		}
	}
}

// handed is a connection from the primary that will be answered with yes.
type handed struct {
	l      *listener
	conn   net.Conn
	follow followed
}

// newConns takes in the hand-offs of one message. It appends the answers to out, and
// to taken what is answered with yes.
func (r *reader) newConns(m *ipc.Message, out []byte, taken []handed) ([]byte, []handed) {
	one := func(seq int64, fd int) {
		switch {
		case m.Handle == "": // it names a connection that cannot come
		case fd < 0:
			out = ipc.AppendNack(out)
			return
		default:
			out = ipc.AppendAck(out)
		}
		h, ok := r.take(m.Cluster.Key, seq, fd)
		out = ipc.AppendAccepted(out, seq, r.questions.nextSeq(), ok)
		if ok {
			taken = append(taken, h)
		}
	}
	one(m.Cluster.Seq, m.FD)
	for _, f := range m.Further {
		one(f.Seq, f.FD)
	}
	return out, taken
}

// take does the part of a hand-off that can fail; false if the hand-off must be
// refused, so that the connection goes to another worker. The descriptor is
// closed then.
func (r *reader) take(key string, seq int64, fd int) (handed, bool) {
	fo := r.counts.follows.take(seq)
	l := r.open.listener(key)
	if fd < 0 || l == nil || !l.reserve() {
		closeFD(fd)
		return handed{}, false
	}
	conn, err := l.connOf(fd)
	if err != nil {
		l.release()
		r.counts.isShort(err)
		return handed{}, false
	}
	return handed{l, conn, fo}, true
}

// ownSocket takes in a listening socket of the worker's own: its connections are
// for the listener of that address. It is false if there is none, or if the
// socket is none.
func (r *reader) ownSocket(m *ipc.Message) bool {
	l := r.open.listener(ownSocketKey(m.Raw))
	if l == nil {
		closeFD(m.FD)
		return false
	}
	return l.share(m.FD) == nil
}

// received takes in every message except a hand-off.
func (r *reader) received(m *ipc.Message) {
	switch m.Kind {
	case ipc.Cluster:
	case ipc.User:
		msg := Message{Worker: r.worker, Value: m.Raw}
		if m.FD >= 0 {
			msg.Handle = &Handle{Kind: kindOf(m.Handle, m.FD), File: os.NewFile(uintptr(m.FD), "handle")}
		}
		r.inbox.put(msg)
		return
	case ipc.Muster:
		r.counts.follows.want(m.Raw)
		r.kept.take(m.Raw)
		return
	default:
		// These are answers to our handles, a Node primary's questions about
		// sockets it has given away, and messages that are too long: there is
		// nothing to do about any of them.
		closeFD(m.FD)
		return
	}
	if r.questions.answer(m) {
		return
	}
	closeFD(m.FD)
	if m.Cluster.Act == "disconnect" {
		r.departure.leave(true)
	}
}

// missed takes in a message whose descriptor did not arrive: most likely this
// process had none left. A goroutine that waits for this answer must not wait
// for ever.
func (r *reader) missed(m *ipc.Message) {
	if m.Kind == ipc.Cluster {
		r.questions.answer(m)
	}
}
