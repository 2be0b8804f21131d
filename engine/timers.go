package engine

import (
	"container/heap"
	"time"
)

// clock is the loop's time and its deadlines.
type clock struct {
	read   func() time.Time // time.Now, except in tests
	timers timers
}

func (c *clock) now() time.Time { return c.read() }

// timers are the loop's deadlines: one real timer serves them all, and all can
// be moved when the primary itself stood still.
type timers struct{ h timerHeap }

// timer is a deadline. It can be stopped any number of times, also when nil.
type timer struct {
	at    time.Time
	fn    func(now time.Time)
	index int // in the heap, -1 if it is not in it
}

// at runs fn on the loop when the time has come.
func (t *timers) at(at time.Time, fn func(now time.Time)) *timer {
	x := &timer{at: at, fn: fn}
	heap.Push(&t.h, x)
	return x
}

func (t *timers) stop(x *timer) {
	if x != nil && x.index >= 0 {
		heap.Remove(&t.h, x.index)
	}
}

// next is the earliest deadline; ok is false if there is none.
func (t *timers) next() (at time.Time, ok bool) {
	if len(t.h) == 0 {
		return time.Time{}, false
	}
	return t.h[0].at, true
}

// run runs what is due.
func (t *timers) run(now time.Time) {
	for len(t.h) > 0 && !t.h[0].at.After(now) {
		x := heap.Pop(&t.h).(*timer)
		x.fn(now)
	}
}

// shift moves every deadline. The order stays.
func (t *timers) shift(gap time.Duration) {
	for _, x := range t.h {
		x.at = x.at.Add(gap)
	}
}

type timerHeap []*timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = -1
	return t
}
