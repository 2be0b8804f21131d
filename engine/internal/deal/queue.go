package deal

import "net/netip"

// waiter is a connection and its client's address, the zero Addr if the client
// has none.
type waiter struct {
	conn Conn
	from netip.Addr
}

// deque is a queue of connections that can also be put back at the head.
type deque struct {
	buf        []waiter
	head, size int
}

func (q *deque) len() int { return q.size }

func (q *deque) pushBack(c waiter) {
	q.grow()
	q.buf[(q.head+q.size)%len(q.buf)] = c
	q.size++
}

func (q *deque) pushFront(c waiter) {
	q.grow()
	q.head = (q.head - 1 + len(q.buf)) % len(q.buf)
	q.buf[q.head] = c
	q.size++
}

func (q *deque) popFront() waiter { return q.take(0) }

// at is the element i places behind the head.
func (q *deque) at(i int) *waiter { return &q.buf[(q.head+i)%len(q.buf)] }

// take takes out the element i places behind the head.
func (q *deque) take(i int) waiter {
	c := *q.at(i)
	for ; i > 0; i-- { // those before it move up
		*q.at(i) = *q.at(i - 1)
	}
	q.head = (q.head + 1) % len(q.buf)
	q.size--
	return c
}

func (q *deque) grow() {
	if q.size < len(q.buf) {
		return
	}
	buf := make([]waiter, max(16, 2*len(q.buf)))
	for i := range q.size {
		buf[i] = q.buf[(q.head+i)%len(q.buf)]
	}
	q.buf, q.head = buf, 0
}
