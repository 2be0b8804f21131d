package deal

import (
	"net/netip"
	"slices"
	"testing"
)

// home is a rule by the client's address: one worker, or none.
func home(worker map[netip.Addr]int) Rule {
	return func(c choice) *member {
		i := slices.IndexFunc(c.free, func(m *member) bool { return m.id == worker[c.from] })
		if i < 0 {
			return nil
		}
		return c.free[i]
	}
}

// The rule decides by the client: a connection whose worker may get none waits,
// those behind it do not, and it keeps its client however often it comes back.
func TestARuleByTheClientLetsOthersPass(t *testing.T) {
	ann, bob := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::2")
	d := New(home(map[netip.Addr]int{ann: 1, bob: 2}))
	d.Add(2, epoch)
	for i := range Conn(3) {
		d.Offer(i, ann)
	}
	d.Offer(3, bob)
	give(t, d, 0, epoch, 3, 2)
	giveNone(t, d, epoch)
	d.Add(1, epoch)
	give(t, d, 1, epoch, 0, 1)
	d.Remove(1, epoch)
	if c, ok := d.Head(); !ok || c != 0 {
		t.Fatalf("head %d, %v; want 0", c, ok)
	}
	accept(t, d, 2, 0, epoch)
	giveNone(t, d, epoch) // they are Ann's still, whose worker has gone
	d.Add(1, epoch)
	give(t, d, 2, epoch, 0, 1)
	if _, _, ok := d.Refused(1, 2, epoch); !ok {
		t.Fatal("it was not awaited")
	}
	later := epoch.Add(refusedWait)
	d.Wake(later)
	give(t, d, 3, later, 0, 1)
	d.Unsent(1)
	d.Writable(1, later)
	give(t, d, 4, later, 0, 1)
	if all := d.Drain(); !slices.Equal(all, []Conn{1, 2}) {
		t.Errorf("queue %v, want [1 2]", all)
	}
}

// Workers to which the kernel does not deal got a third of what the others got: these
// had their turn in what was meant for the first as well.
func TestWhatTheKernelDoesNotDealGoesToThoseItDoesNotDealTo(t *testing.T) {
	d := New(HandFirst)
	for id := 1; id <= 4; id++ {
		d.Add(id, epoch)
		d.ByHand(id, id > 2)
	}
	for i := range Conn(7) {
		d.Offer(i, netip.Addr{})
	}
	for i, id := range []int{3, 4, 3, 4} {
		give(t, d, int64(i), epoch, Conn(i), id)
		accept(t, d, id, int64(i), epoch)
	}
	d.Mute(3, true, epoch)
	d.Mute(4, true, epoch)
	give(t, d, 4, epoch, 4, 1) // better another one than none
	give(t, d, 5, epoch, 5, 2)
	d.Mute(4, false, epoch)
	d.ByHand(4, false)
	d.ByHand(1, true)
	give(t, d, 6, epoch, 6, 1)
}

// What the workers have open is what they said, and what they took since.
func TestARuleByWhatIsOpen(t *testing.T) {
	d := New(FewestOpen)
	for id := 1; id <= 3; id++ {
		d.Add(id, epoch)
		d.Holds(id, 3-id)
	}
	d.Holds(9, 1) // which is nobody
	if free := d.Free(epoch); !slices.Equal(free, []int{3, 2, 1}) {
		t.Errorf("free %v, want [3 2 1]", free)
	}
	for i, worker := range []int{3, 2, 3, 1} {
		d.Offer(Conn(i), noAddr)
		give(t, d, int64(i), epoch, Conn(i), worker)
		accept(t, d, worker, int64(i), epoch)
	}
	d.Holds(1, 0)
	d.Offer(9, noAddr)
	give(t, d, 9, epoch, 9, 1)
}

// Of a worker nothing is known of it stays so, whatever it takes.
func TestWhatIsOpenIsNotKnownAtFirst(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	d.Offer(0, noAddr)
	give(t, d, 0, epoch, 0, 1)
	accept(t, d, 1, 0, epoch)
	if got, ok := d.Open(1); ok {
		t.Errorf("%d open", got)
	}
}

// A switch of the rule is for what waits, too.
func TestTheRuleChangesWhileConnectionsWait(t *testing.T) {
	ann := netip.MustParseAddr("192.0.2.1")
	d := New(home(map[netip.Addr]int{ann: 7}))
	d.Add(1, epoch)
	d.Offer(0, ann)
	giveNone(t, d, epoch)
	d.Use(TurnOrder)
	give(t, d, 0, epoch, 0, 1)
}

// Taking from the middle keeps the order of the rest, also around the end of the
// buffer.
func TestTheQueueIsTakenFromAnywhere(t *testing.T) {
	for start := range 16 {
		for i := range 10 {
			q := &deque{}
			for range start {
				q.pushBack(waiter{})
				q.popFront()
			}
			var want []Conn
			for c := range Conn(10) {
				q.pushBack(waiter{conn: c})
				if int(c) != i {
					want = append(want, c)
				}
			}
			if got := q.take(i).conn; int(got) != i {
				t.Fatalf("take(%d) is %d", i, got)
			}
			var got []Conn
			for q.len() > 0 {
				got = append(got, q.popFront().conn)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("after take(%d), begun at %d: %v", i, start, got)
			}
		}
	}
}

// A connection costs no memory on its way through the dealer.
func TestDealingAllocatesNothing(t *testing.T) {
	d := New(TurnOrder)
	for id := range 4 {
		d.Add(id, epoch)
	}
	from, seq := netip.MustParseAddr("192.0.2.1"), int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		d.Offer(0, from)
		_, id, _ := d.Next(seq, epoch)
		d.Accepted(id, seq, epoch)
		seq++
	}); n != 0 {
		t.Errorf("%v allocations a connection", n)
	}
}

func BenchmarkDealt(b *testing.B) {
	d := New(TurnOrder)
	for id := range 8 {
		d.Add(id, epoch)
	}
	from := netip.MustParseAddr("192.0.2.1")
	b.ReportAllocs()
	for i := range b.N {
		d.Offer(0, from)
		_, id, _ := d.Next(int64(i), epoch)
		d.Accepted(id, int64(i), epoch)
	}
}
