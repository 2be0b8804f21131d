package deal

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Rule picks the worker that gets a connection: one of c.free. If it returns nil
// the connection waits, while those behind it may be dealt. A rule changes and
// remembers nothing: it decides by its argument alone.
type Rule func(c choice) *member

// choice is what a rule decides by.
type choice struct {
	from netip.Addr // of the connection's client; the zero Addr if the client has none
	// free are the members that may get one; never empty. The first is the one
	// whose turn it is; the others are a heap by turn.
	free []*member
	all  map[int]*member // by worker, the free ones too
	now  time.Time
}

// TurnOrder is Node's round robin: the head of the order gets the connection.
func TurnOrder(c choice) *member { return c.free[0] }

// HandFirst is for the workers that get connections in no other way, in turn, and
// for all in turn while none of them may get one.
func HandFirst(c choice) *member {
	var first *member
	for _, m := range c.free {
		if m.byHand && (first == nil || m.turn < first.turn) {
			first = m
		}
	}
	if first == nil {
		return TurnOrder(c)
	}
	return first
}

// FewestOpen is for the worker that has the fewest connections: those it has
// open, as far as it is known, and those on their way to it. Among equals, and
// while of one of them nothing is known, it goes by turn.
func FewestOpen(c choice) *member {
	known := !slices.ContainsFunc(c.free, func(m *member) bool { return m.open < 0 })
	has := func(m *member) int {
		if !known {
			return len(m.hands)
		}
		return m.open + len(m.hands)
	}
	return slices.MinFunc(c.free, func(a, b *member) int {
		return cmp.Or(has(a)-has(b), cmp.Compare(a.turn, b.turn))
	})
}

// ByClient is for the worker of the client's home slot, see Home. While no
// worker there takes connections (none listens, it refused, it does not answer)
// the client goes to the next slot in its own order. A client without an address
// goes by turn.
func ByClient(c choice) *member {
	if !c.from.IsValid() {
		return TurnOrder(c)
	}
	bucket := Bucket(c.from)
	var home *member
	var best uint64
	for _, m := range c.all {
		if m.away(c.now) {
			continue
		}
		score := rank(bucket, m.slot)
		if home == nil || score > best || score == best && m.id > home.id { // a restart: the new worker
			home, best = m, score
		}
	}
	if home == nil || home.place < 0 {
		return nil
	}
	return home
}

// turnHeap is a heap of members by turn.
type turnHeap []*member

func (h turnHeap) Len() int           { return len(h) }
func (h turnHeap) Less(i, j int) bool { return h[i].turn < h[j].turn }
func (h turnHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}
func (h *turnHeap) Push(x any) {
	m := x.(*member)
	m.place = len(*h)
	*h = append(*h, m)
}
func (h *turnHeap) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	m.place = -1
	return m
}
