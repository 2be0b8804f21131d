package deal

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model is the dealer's rules once more, as plainly as can be: slices that are
// looked through from the front.
type model struct {
	queue   []Conn
	members []*modelMember // in the order of their turns
}

type modelMember struct {
	id      int
	left    bool
	full    bool
	mute    bool
	hands   []handoff
	limit   int
	refused int // in a row
	until   time.Time
}

func (m *model) member(id int) *modelMember {
	for _, x := range m.members {
		if x.id == id {
			return x
		}
	}
	return nil
}

func (x *modelMember) free(now time.Time) bool {
	late := len(x.hands) > 0 && now.Sub(x.hands[0].at) > 20*time.Millisecond
	return !x.left && !x.full && !x.mute && !late && len(x.hands) < x.limit && !x.until.After(now)
}

func (m *model) next(now time.Time) *modelMember {
	for _, x := range m.members {
		if x.free(now) {
			return x
		}
	}
	return nil
}

func (m *model) putBack(c Conn) { m.queue = slices.Insert(m.queue, 0, c) }

func (m *model) changed() {
	for _, x := range m.members {
		x.refused, x.until = 0, time.Time{}
	}
}

func (x *modelMember) take(seq int64) handoff {
	i := slices.IndexFunc(x.hands, func(h handoff) bool { return h.seq == seq })
	h := x.hands[i]
	x.hands = slices.Delete(x.hands, i, i+1)
	x.full = false
	return h
}

// play is a dealer and its model, driven by the same script.
type play struct {
	t       *testing.T
	d       *Dealer
	m       model
	now     time.Time
	wake    time.Time // when Wake is due, as the loop keeps it
	seq     int64
	conns   int           // offered so far
	settled map[Conn]bool // accepted
}

// run reads a script: two bytes a step, what and to whom.
func (p *play) run(script []byte) {
	for i := 0; i+1 < len(script); i += 2 {
		p.step(int(script[i])%16, int(script[i+1]))
		if p.check(); p.t.Failed() {
			p.t.Fatalf("after step %d (%d, %d)", i/2, script[i]%16, script[i+1])
		}
	}
}

func (p *play) step(op, arg int) {
	id := arg%5 + 1
	x := p.m.member(id)
	switch op {
	case 0:
		if x == nil {
			p.d.Add(id, p.now)
			p.m.members = append(p.m.members, &modelMember{id: id, limit: 16})
			p.m.changed()
		}
	case 1:
		p.remove(id, x)
	case 2:
		switch {
		case x == nil:
		case arg >= 128:
			p.d.Leave(id)
			x.left = true
		default:
			p.d.Mute(id, arg%2 == 0, p.now)
			x.mute = arg%2 == 0
		}
	case 3, 4:
		for range arg%4 + 1 {
			p.d.Offer(Conn(p.conns), noAddr)
			p.m.queue = append(p.m.queue, Conn(p.conns))
			p.conns++
		}
	case 5, 6, 7:
		for range arg%6 + 1 {
			p.next()
		}
	case 8:
		before := slices.Clone(p.m.members)
		if w := p.next(); w != nil {
			p.d.Unsent(w.id)
			p.m.members = before // it keeps its place
			last := w.hands[len(w.hands)-1]
			w.hands = w.hands[:len(w.hands)-1]
			w.full = true
			p.m.putBack(last.conn)
		}
	case 9, 10, 11:
		p.accepted(x, arg)
	case 12:
		p.refused(x, arg)
	case 13:
		p.later([]time.Duration{1, 2, 3, 20, 21, 50, 300, 1000}[arg%8] * time.Millisecond)
	case 14:
		gap := time.Duration(arg) * 50 * time.Millisecond
		p.now = p.now.Add(gap)
		p.d.Shift(gap)
		for _, x := range p.m.members {
			for i := range x.hands {
				x.hands[i].at = x.hands[i].at.Add(gap)
			}
			if !x.until.IsZero() {
				x.until = x.until.Add(gap)
			}
		}
		p.wake = p.d.Wake(p.now)
	case 15:
		p.d.Writable(id, p.now)
		if x != nil {
			x.full = false
		}
		if _, _, ok := p.d.Accepted(id, -1, p.now); ok {
			p.t.Error("an answer to nothing counted")
		}
	}
}

func (p *play) remove(id int, x *modelMember) {
	back := p.d.Remove(id, p.now)
	if x == nil {
		if back != nil {
			p.t.Errorf("a stranger gave back %v", back)
		}
		return
	}
	var want []Conn
	for _, h := range x.hands {
		want = append(want, h.conn)
	}
	if !slices.Equal(back, want) {
		p.t.Errorf("worker %d gave back %v, want %v", id, back, want)
	}
	p.m.queue = append(want, p.m.queue...)
	p.m.members = slices.DeleteFunc(p.m.members, func(y *modelMember) bool { return y == x })
	p.m.changed()
}

func (p *play) next() *modelMember {
	p.seq++
	c, id, ok := p.d.Next(p.seq, p.now)
	x := p.m.next(p.now)
	if len(p.m.queue) == 0 {
		x = nil
	}
	switch {
	case ok != (x != nil):
		p.t.Errorf("Next says %v (worker %d), want %v", ok, id, x != nil)
		return nil
	case !ok:
		return nil
	case c != p.m.queue[0] || id != x.id:
		p.t.Errorf("Next gives %d to worker %d, want %d to worker %d", c, id, p.m.queue[0], x.id)
		return nil
	}
	p.m.queue = p.m.queue[1:]
	x.hands = append(x.hands, handoff{waiter: waiter{conn: c}, seq: p.seq, at: p.now})
	p.m.members = append(slices.DeleteFunc(p.m.members, func(y *modelMember) bool { return y == x }), x)
	return x
}

// accepted answers any of the hand-offs of x, not always the oldest.
func (p *play) accepted(x *modelMember, arg int) {
	if x == nil || len(x.hands) == 0 {
		return
	}
	h := x.take(x.hands[arg%len(x.hands)].seq)
	c, took, ok := p.d.Accepted(x.id, h.seq, p.now)
	if want := p.now.Sub(h.at); !ok || c != h.conn || took != want {
		p.t.Errorf("Accepted = %d, %v, %v; want %d, %v", c, took, ok, h.conn, want)
	}
	switch {
	case took < 2*time.Millisecond:
		x.limit = min(2*x.limit, 16)
	case took > 20*time.Millisecond:
		x.limit = 1
	}
	x.refused, x.until = 0, time.Time{}
	p.settled[c] = true
}

func (p *play) refused(x *modelMember, arg int) {
	if x == nil || len(x.hands) == 0 {
		return
	}
	h := x.take(x.hands[arg%len(x.hands)].seq)
	x.refused++
	x.until = p.now.Add(min(50*time.Millisecond<<min(x.refused-1, 10), time.Second))
	p.m.putBack(h.conn)
	c, until, ok := p.d.Refused(x.id, h.seq, p.now)
	if !ok || c != h.conn || !until.Equal(x.until) {
		p.t.Errorf("Refused = %d, %v, %v; want %d, %v", c, until, ok, h.conn, x.until)
	}
	if p.wake.IsZero() || until.Before(p.wake) {
		p.wake = until
	}
}

// later moves the clock and calls Wake at the times it was asked for.
func (p *play) later(by time.Duration) {
	end := p.now.Add(by)
	for !p.wake.IsZero() && !p.wake.After(end) {
		p.now = p.wake
		p.wake = p.d.Wake(p.now)
		if !p.wake.IsZero() && !p.wake.After(p.now) {
			p.t.Fatalf("Wake asks for %v, which is not later", p.wake)
		}
	}
	p.now = end
}

// check compares all that can be seen, and what must hold whatever happened.
func (p *play) check() {
	p.t.Helper()
	if n := p.d.Queued(); n != len(p.m.queue) {
		p.t.Errorf("%d queued, want %d", n, len(p.m.queue))
	}
	if c, ok := p.d.Head(); ok != (len(p.m.queue) > 0) || ok && c != p.m.queue[0] {
		p.t.Errorf("head %d, %v; queue is %v", c, ok, p.m.queue)
	}
	var free []int
	for _, x := range p.m.members {
		if x.free(p.now) {
			free = append(free, x.id)
		}
	}
	if got := p.d.Free(p.now); !slices.Equal(got, free) {
		p.t.Errorf("free %v, want %v", got, free)
	}

	// Every connection is in exactly one place.
	where := make(map[Conn]string)
	put := func(c Conn, place string) {
		if was, twice := where[c]; twice {
			p.t.Errorf("connection %d is at %s and at %s", c, was, place)
		}
		where[c] = place
	}
	for i := range p.d.queue.size {
		put(p.d.queue.at(i).conn, "the queue")
	}
	for id, m := range p.d.members {
		for _, h := range m.hands {
			put(h.conn, fmt.Sprint("worker ", id))
		}
		if len(m.hands) > handsMax || m.limit > handsMax {
			p.t.Errorf("worker %d: %d in flight, limit %d", id, len(m.hands), m.limit)
		}
		if m.place >= 0 && p.d.ready[m.place] != m {
			p.t.Errorf("worker %d is not at its place in the order", id)
		}
		x := p.m.member(id)
		oldest, ok := p.d.Oldest(id)
		if p.d.InFlight(id) != len(x.hands) || ok != (len(x.hands) > 0) || ok && !oldest.Equal(x.hands[0].at) {
			p.t.Errorf("worker %d: %d in flight, the oldest of %v", id, p.d.InFlight(id), oldest)
		}
	}
	for c := range p.settled {
		put(c, "a worker that took it")
	}
	if len(where) != p.conns {
		p.t.Errorf("%d connections are known, %d were offered", len(where), p.conns)
	}
}

func newPlay(t *testing.T) *play {
	return &play{t: t, d: New(TurnOrder), now: epoch, settled: make(map[Conn]bool)}
}

func TestDealerAgainstModel(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		script := make([]byte, 600)
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { newPlay(t).run(script) })
	}
}

func FuzzDealer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 3, 3, 5, 3, 9, 0, 12, 1, 13, 5, 5, 1, 1, 0})
	f.Add([]byte{0, 0, 4, 3, 5, 5, 9, 0, 5, 5, 13, 7, 5, 1, 14, 40, 5, 1, 2, 255, 9, 0, 1, 0})
	f.Add([]byte{0, 2, 4, 3, 8, 0, 5, 0, 15, 2, 5, 0, 12, 2, 0, 3, 5, 5})
	f.Fuzz(func(t *testing.T, script []byte) {
		newPlay(t).run(script[:min(len(script), 2000)])
	})
}
