package deal

// deque is a queue of connections that can also be put back at the head.
type deque struct {
	buf        []Conn
	head, size int
}

func (q *deque) len() int { return q.size }

func (q *deque) pushBack(c Conn) {
	q.grow()
	q.buf[(q.head+q.size)%len(q.buf)] = c
	q.size++
}

func (q *deque) pushFront(c Conn) {
	q.grow()
	q.head = (q.head - 1 + len(q.buf)) % len(q.buf)
	q.buf[q.head] = c
	q.size++
}

func (q *deque) popFront() Conn {
	c := q.buf[q.head]
	q.head = (q.head + 1) % len(q.buf)
	q.size--
	return c
}

func (q *deque) grow() {
	if q.size < len(q.buf) {
		return
	}
	buf := make([]Conn, max(16, 2*len(q.buf)))
	for i := range q.size {
		buf[i] = q.buf[(q.head+i)%len(q.buf)]
	}
	q.buf, q.head = buf, 0
}
