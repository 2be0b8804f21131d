package deal

import (
	"container/heap"
	"net/netip"
	"slices"
	"time"
)

// The rules of hand-offs. Each is measured; none is a matter of taste.
const (
	// handsMax bounds the hand-offs in flight to one worker, and is what a worker
	// starts with: had it to earn them, of a burst of 32 at two idle workers the
	// one that answers first got 24. One at a time, as in Node, holds a busy
	// cluster to one round trip per connection; without a bound a worker that
	// never reads takes 278 before the socket is full.
	handsMax = 16
	// A worker that answers within handsFast may have twice as many. One that
	// takes longer than handsSlow is back to one, so that a slow worker gets less,
	// and this holds as soon as an answer is late, not only when it has come: what
	// a worker that stands still gets is what comes within handsSlow.
	handsFast = 2 * time.Millisecond
	handsSlow = 20 * time.Millisecond
	// SilentAfter is how long a hand-off may be unanswered before its worker
	// counts as silent. The hand-off is not dealt to another worker: the silent
	// one may wake up, and two processes would answer on one connection.
	SilentAfter = time.Second
	// A worker that refused is left alone for refusedWait, doubling to
	// refusedWaitMax: Node's primary spins here, at 8,000 refusals a second.
	refusedWait    = 50 * time.Millisecond
	refusedWaitMax = time.Second
)

// Conn names an accepted connection that no worker has taken yet. The loop
// keeps the descriptor that belongs to it.
type Conn int

// handoff is one connection on the way to a worker.
type handoff struct {
	waiter
	seq  int64 // of the newconn message; what the answer refers to
	at   time.Time
	turn uint64 // the worker's turn before it
}

// member is a worker that listens on the dealer's address.
type member struct {
	id      int
	slot    int    // its place in the cluster: see Sits
	turn    uint64 // its place in the order: the worker with the lowest turn is next
	open    int    // connections it has open; -1 = not known
	place   int    // index in dealer.ready, -1 while it may not get one
	hands   []handoff
	limit   int
	full    bool          // its channel took no more; reset by the next answer
	mute    bool          // it answers nothing: see Mute
	byHand  bool          // it gets connections in no other way: see ByHand
	wait    time.Duration // the last wait after a refusal
	waiting time.Time     // it refused: nothing before this time
}

func (m *member) mayGet(now time.Time) bool {
	switch {
	case m.full, m.mute, len(m.hands) >= m.limit, now.Before(m.waiting):
		return false
	case len(m.hands) > 0 && now.Sub(m.hands[0].at) > handsSlow:
		return false
	}
	return true
}

// away tells whether a member takes no connections for now, so that its clients go
// to another one. One that is only busy takes them again in no time.
func (m *member) away(now time.Time) bool {
	return m.limit == 0 || m.mute || now.Before(m.waiting) || len(m.hands) > 0 && now.Sub(m.hands[0].at) >= SilentAfter
}

// Dealer decides which worker gets which connection of one address, where the
// primary deals. It is pure: no goroutine, lock, clock or descriptor. Every
// call is O(log members) or better, except Add, Remove, Wake and Free; Next
// costs one call of its rule for each connection the rule lets wait.
//
// Free workers stand in a queue, as in Node's round robin, and the rule picks
// one of them, the head in turn order. A worker that gets a connection goes to
// the back at once; a worker that may not get one is skipped and keeps its
// place.
type Dealer struct {
	rule    Rule
	queue   deque
	members map[int]*member
	ready   turnHeap // members that may get one, as of the last look at them
	turns   uint64
}

// New makes a dealer without members that picks by the rule.
func New(rule Rule) *Dealer { return &Dealer{rule: rule, members: make(map[int]*member)} }

// Use has the dealer pick by another rule from now on.
func (d *Dealer) Use(rule Rule) { d.rule = rule }

// Add makes a worker a member, at the back of the order. Workers that refused
// are asked again.
func (d *Dealer) Add(id int, now time.Time) {
	if m := d.members[id]; m != nil {
		if m.limit == 0 { // it had left and listens again
			m.limit, m.turn = handsMax, d.nextTurn()
			d.look(m, now)
		}
		return
	}
	m := &member{id: id, slot: id, limit: handsMax, place: -1, open: -1, turn: d.nextTurn()}
	d.members[id] = m
	d.changed(now)
}

// Sits says which slot a worker has. Its clients stay with the slot when another
// worker takes its place. A worker nothing was said of has one of its own.
func (d *Dealer) Sits(id, slot int) {
	if m := d.members[id]; m != nil {
		m.slot = slot
	}
}

// Remove takes a worker out and puts the hand-offs it has not answered back at
// the head of the queue, oldest first. It returns them. Call Remove only when
// no answer of the worker can come any more.
func (d *Dealer) Remove(id int, now time.Time) []Conn {
	m := d.members[id]
	if m == nil {
		return nil
	}
	d.unready(m)
	delete(d.members, id)
	var back []Conn
	for _, h := range slices.Backward(m.hands) {
		d.queue.pushFront(h.waiter)
		back = append(back, h.conn)
	}
	d.changed(now)
	slices.Reverse(back)
	return back
}

// Hands are the connections a worker has not answered, oldest first.
func (d *Dealer) Hands(id int) []Conn {
	m := d.members[id]
	if m == nil {
		return nil
	}
	cs := make([]Conn, len(m.hands))
	for i, h := range m.hands {
		cs[i] = h.conn
	}
	return cs
}

// Forget takes a connection out of those a worker has not answered. The
// connection is not dealt again: it is the caller's.
func (d *Dealer) Forget(id int, c Conn) {
	if m := d.members[id]; m != nil {
		m.hands = slices.DeleteFunc(m.hands, func(h handoff) bool { return h.conn == c })
	}
}

// Leave takes a worker out of the order but keeps what it has in flight: its
// answers still count.
func (d *Dealer) Leave(id int) {
	if m := d.members[id]; m != nil {
		d.unready(m)
		m.limit = 0
	}
}

// Offer puts a new connection at the back of the queue. from is the address of
// its client, the zero Addr if the client has none; the dealer keeps it until a
// worker has the connection.
func (d *Dealer) Offer(c Conn, from netip.Addr) { d.queue.pushBack(waiter{c, from}) }

// Holds says how many connections a worker has open. Connections it takes later
// are added to that number, until Holds is called again.
func (d *Dealer) Holds(id, open int) {
	if m := d.members[id]; m != nil {
		m.open = open
	}
}

// Open is how many connections a worker has open by the dealer's count; ok is
// false if that is not known.
func (d *Dealer) Open(id int) (n int, ok bool) {
	if m := d.members[id]; m != nil && m.open >= 0 {
		return m.open, true
	}
	return 0, false
}

// Next gives the connection at the head of the queue, or the first the rule has
// a worker for, to a worker that may get one, as hand-off number seq. ok is false
// if nothing is queued or nobody may get it.
func (d *Dealer) Next(seq int64, now time.Time) (c Conn, worker int, ok bool) {
	for i := 0; i < d.queue.len() && len(d.ready) > 0; {
		m := d.rule(choice{d.queue.at(i).from, d.ready, d.members, now})
		if m == nil {
			i++
			continue
		}
		if !m.mayGet(now) {
			d.unready(m)
			continue
		}
		w := d.queue.take(i)
		m.hands = append(m.hands, handoff{waiter: w, seq: seq, at: now, turn: m.turn})
		m.turn = d.nextTurn()
		if m.mayGet(now) {
			heap.Fix(&d.ready, m.place)
		} else {
			d.unready(m)
		}
		return w.conn, m.id, true
	}
	return 0, 0, false
}

// Unsent takes back the newest hand-off of a worker, which could not be sent:
// the connection is at the head of the queue again and the worker gets no more
// until it has answered something.
func (d *Dealer) Unsent(id int) {
	m := d.members[id]
	if m == nil || len(m.hands) == 0 {
		return
	}
	last := len(m.hands) - 1
	d.unready(m)
	d.queue.pushFront(m.hands[last].waiter)
	m.turn = m.hands[last].turn // it keeps its place
	m.hands = m.hands[:last]
	m.full = true
}

// Writable says that the worker's channel takes messages again.
func (d *Dealer) Writable(id int, now time.Time) {
	if m := d.members[id]; m != nil {
		m.full = false
		d.look(m, now)
	}
}

// ByHand says whether a worker gets connections from the dealer only, and not from
// the kernel as well: what HandFirst goes by.
func (d *Dealer) ByHand(id int, only bool) {
	if m := d.members[id]; m != nil {
		m.byHand = only
	}
}

// Mute says whether the worker leaves other requests than hand-offs unanswered:
// while it does it gets no connection.
func (d *Dealer) Mute(id int, mute bool, now time.Time) {
	if m := d.members[id]; m != nil && m.mute != mute {
		m.mute = mute
		d.look(m, now)
	}
}

// Accepted settles a hand-off: the worker has the connection. It returns the
// connection and how long the answer took; ok is false if no such answer is
// awaited; then nothing changes.
func (d *Dealer) Accepted(id int, seq int64, now time.Time) (c Conn, took time.Duration, ok bool) {
	m, h, ok := d.answered(id, seq)
	if !ok {
		return 0, 0, false
	}
	took = now.Sub(h.at)
	if m.open >= 0 {
		m.open++
	}
	if m.limit > 0 { // 0: it is leaving
		switch {
		case took < handsFast:
			m.limit = min(2*m.limit, handsMax)
		case took > handsSlow:
			m.limit = 1
		}
	}
	m.wait, m.waiting = 0, time.Time{}
	d.look(m, now)
	return h.conn, took, true
}

// Refused settles a hand-off the worker did not take: the connection is at the
// head of the queue again, for another worker, and this one is left alone until
// the time returned. ok is false if no such answer is awaited.
func (d *Dealer) Refused(id int, seq int64, now time.Time) (c Conn, until time.Time, ok bool) {
	m, h, ok := d.answered(id, seq)
	if !ok {
		return 0, time.Time{}, false
	}
	d.queue.pushFront(h.waiter)
	m.wait = min(max(2*m.wait, refusedWait), refusedWaitMax)
	m.waiting = now.Add(m.wait)
	d.look(m, now)
	return h.conn, m.waiting, true
}

// answered takes the hand-off an answer refers to out of those in flight.
func (d *Dealer) answered(id int, seq int64) (*member, handoff, bool) {
	m := d.members[id]
	if m == nil {
		return nil, handoff{}, false
	}
	i := slices.IndexFunc(m.hands, func(h handoff) bool { return h.seq == seq })
	if i < 0 {
		return nil, handoff{}, false
	}
	h := m.hands[i]
	m.hands = slices.Delete(m.hands, i, i+1)
	m.full = false
	return m, h, true
}

// Wake looks again at the members that may not get anything: call it when
// NextWake has come. It returns when to call it next; zero = not needed.
func (d *Dealer) Wake(now time.Time) (next time.Time) {
	for _, m := range d.members {
		d.look(m, now)
		if now.Before(m.waiting) && (next.IsZero() || m.waiting.Before(next)) {
			next = m.waiting
		}
	}
	return next
}

// Oldest is the time of the worker's oldest hand-off in flight.
func (d *Dealer) Oldest(id int) (at time.Time, ok bool) {
	if m := d.members[id]; m != nil && len(m.hands) > 0 {
		return m.hands[0].at, true
	}
	return time.Time{}, false
}

// Shift moves all times by gap: the primary itself stood still for so long, and
// no worker is to blame for that.
func (d *Dealer) Shift(gap time.Duration) {
	for _, m := range d.members {
		for i := range m.hands {
			m.hands[i].at = m.hands[i].at.Add(gap)
		}
		if !m.waiting.IsZero() {
			m.waiting = m.waiting.Add(gap)
		}
	}
}

// Queued is how many connections wait, InFlight how many hand-offs of one
// worker are unanswered.
func (d *Dealer) Queued() int { return d.queue.len() }

func (d *Dealer) InFlight(id int) int {
	if m := d.members[id]; m != nil {
		return len(m.hands)
	}
	return 0
}

// Head is the connection that has waited longest.
func (d *Dealer) Head() (c Conn, ok bool) {
	if d.queue.len() == 0 {
		return 0, false
	}
	return d.queue.at(0).conn, true
}

// DropHead takes the connection that has waited longest out of the queue, which
// must not be empty.
func (d *Dealer) DropHead() Conn { return d.queue.popFront().conn }

// Drain empties the queue, oldest first.
func (d *Dealer) Drain() []Conn {
	var all []Conn
	for d.queue.len() > 0 {
		all = append(all, d.queue.popFront().conn)
	}
	return all
}

// Free lists the workers that may get a connection. The first is the one that
// would get the next connection of a client whose address is not known. Workers
// the rule would not pick for such a connection stand at the end, in the order
// of their turns.
func (d *Dealer) Free(now time.Time) []int {
	ms := make([]*member, 0, len(d.ready))
	for _, m := range d.ready {
		if m.mayGet(now) {
			ms = append(ms, m)
		}
	}
	slices.SortFunc(ms, func(a, b *member) int { return int(int64(a.turn - b.turn)) })
	ids := make([]int, 0, len(ms))
	for len(ms) > 0 { // a sorted slice is a heap, as the rule wants it
		next := max(slices.Index(ms, d.rule(choice{free: ms, all: d.members, now: now})), 0)
		ids = append(ids, ms[next].id)
		copy(ms[1:], ms[:next])
		ms = ms[1:]
	}
	return ids
}

// Why is why a connection waits: the reason that holds for all workers.
type Why int

const (
	Nobody  Why = iota // no worker listens
	Full               // every worker holds all it may
	Refused            // every worker refused just now
	Silent             // no worker answers
)

// WhyNot is why no worker may get a connection now.
func (d *Dealer) WhyNot(now time.Time) Why {
	in, refused, silent := 0, 0, 0
	for _, m := range d.members {
		switch {
		case m.limit == 0: // it is leaving
			continue
		case now.Before(m.waiting):
			refused++
		case m.mute, len(m.hands) > 0 && now.Sub(m.hands[0].at) >= SilentAfter:
			silent++
		}
		in++
	}
	switch {
	case in == 0:
		return Nobody
	case refused == in:
		return Refused
	case silent == in:
		return Silent
	}
	return Full
}

// changed is called when the membership has changed: refusals are forgotten.
func (d *Dealer) changed(now time.Time) {
	for _, m := range d.members {
		m.wait, m.waiting = 0, time.Time{}
		d.look(m, now)
	}
}

// look puts a member into the order if it may get a connection again.
func (d *Dealer) look(m *member, now time.Time) {
	if m.place < 0 && m.mayGet(now) {
		heap.Push(&d.ready, m)
	}
}

func (d *Dealer) unready(m *member) {
	if m.place >= 0 {
		heap.Remove(&d.ready, m.place)
	}
}

func (d *Dealer) nextTurn() uint64 {
	d.turns++
	return d.turns
}
