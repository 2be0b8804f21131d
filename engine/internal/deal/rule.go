package deal

import "net/netip"

// Rule picks the worker that gets a connection: one of free. If it returns nil
// the connection waits, while those behind it may be dealt. from is the address
// of its client, the zero Addr if the client has none.
//
// free are the members that may get one; it is never empty. The first is the
// one whose turn it is; the others are a heap by turn. A rule changes and
// remembers nothing: it decides by its arguments alone.
type Rule func(from netip.Addr, free []*member) *member

// TurnOrder is Node's round robin: the head of the order gets the connection.
func TurnOrder(_ netip.Addr, free []*member) *member { return free[0] }

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
