package engine

import (
	"sync"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// reused keeps messages to the loop that come for every connection, to be used
// again. Any goroutine may take one; the loop gives it back.
type reused struct{ accepts, reads sync.Pool }

// accepted makes a message of a copy of batch.
func (u *reused) accepted(s *server, batch []sock.Accepted) *msgAccepted {
	m, ok := u.accepts.Get().(*msgAccepted)
	if !ok {
		m = new(msgAccepted)
	}
	m.s, m.batch = s, append(m.batch, batch...)
	return m
}

// acceptedAgain takes back a message whose connections the loop has.
func (u *reused) acceptedAgain(m *msgAccepted) {
	*m = msgAccepted{batch: m.batch[:0]}
	u.accepts.Put(m)
}

// read makes a message of messages that were read into buf.
func (u *reused) read(w *worker, msgs, buf []ipc.Message, last bool) *msgRead {
	m, ok := u.reads.Get().(*msgRead)
	if !ok {
		m = new(msgRead)
	}
	*m = msgRead{w, msgs, buf, last}
	return m
}

// readAgain takes back a message that the loop has taken in.
func (u *reused) readAgain(m *msgRead) {
	*m = msgRead{}
	u.reads.Put(m)
}
