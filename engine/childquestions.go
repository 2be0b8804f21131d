package engine

import (
	"fmt"
	"net"
	"sync"

	"muster/ipc"
)

// questions sends a worker's cluster messages to its primary, each with a
// number of its own, and knows which wait for an answer.
type questions struct {
	ch    *ipc.Conn
	waits func(n int) // called with how many more, or fewer, are under way

	mu    sync.Mutex
	seq   int64
	asked map[int64]chan<- ipc.Message // by seq
	ended bool                         // no more answers will come
}

func newQuestions(ch *ipc.Conn, waits func(n int)) *questions {
	return &questions{ch: ch, waits: waits, asked: make(map[int64]chan<- ipc.Message)}
}

func (q *questions) nextSeq() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seq++
	return q.seq - 1
}

// say sends a cluster message. An error means that the channel has ended, which
// its reader sees too.
func (q *questions) say(v any) {
	if line, err := ipc.AppendJSON(nil, v); err == nil {
		_ = q.ch.Send(line, -1)
	}
}

// ask sends a question and waits for its answer. It stops waiting when giveUp
// is closed, if that is not nil.
func (q *questions) ask(question func(seq int64) any, giveUp <-chan struct{}) (ipc.Message, error) {
	answer := make(chan ipc.Message, 1)
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return ipc.Message{}, fmt.Errorf("asking the primary: %w", ErrChannelClosed)
	}
	seq := q.seq
	q.seq++
	q.asked[seq] = answer
	q.mu.Unlock()
	q.waits(1)
	defer q.waits(-1)

	line, err := ipc.AppendJSON(nil, question(seq))
	if err == nil {
		err = q.ch.Send(line, -1)
	}
	if err != nil {
		q.withdraw(seq)
		return ipc.Message{}, fmt.Errorf("asking the primary: %w", channelErr(err))
	}
	var m ipc.Message
	ok := true
	select {
	case m, ok = <-answer:
	case <-giveUp:
		if q.withdraw(seq) {
			return m, fmt.Errorf("asking the primary: %w", net.ErrClosed)
		}
		m, ok = <-answer // the answer has come, or is about to
	}
	if !ok {
		return m, fmt.Errorf("asking the primary: %w", ErrChannelClosed)
	}
	return m, nil
}

// withdraw withdraws a question; false if its answer has been read.
func (q *questions) withdraw(seq int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, asked := q.asked[seq]
	delete(q.asked, seq)
	return asked
}

// answer passes m to the goroutine that asked; false if m is no answer, or
// nobody asked.
func (q *questions) answer(m *ipc.Message) bool {
	if !m.Cluster.HasAck {
		return false
	}
	q.mu.Lock()
	asked := q.asked[m.Cluster.Ack]
	delete(q.asked, m.Cluster.Ack)
	q.mu.Unlock()
	if asked == nil {
		return false
	}
	asked <- *m // has room for it
	return true
}

// end says that no more answers will come, and wakes goroutines that wait for
// one.
func (q *questions) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	for seq, answer := range q.asked {
		delete(q.asked, seq)
		close(answer)
	}
}
