package deal

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// epoch is where the clocks of the pure tests start.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// noAddr is where a client is of whom that does not matter.
var noAddr netip.Addr

// give takes the next hand-off and fails the test unless it is c for worker.
func give(t *testing.T, d *Dealer, seq int64, now time.Time, c Conn, worker int) {
	t.Helper()
	gotC, gotW, ok := d.Next(seq, now)
	if !ok || gotC != c || gotW != worker {
		t.Fatalf("Next = connection %d to worker %d, %v; want %d to %d", gotC, gotW, ok, c, worker)
	}
}

func giveNone(t *testing.T, d *Dealer, now time.Time) {
	t.Helper()
	if c, w, ok := d.Next(-1, now); ok {
		t.Fatalf("Next = connection %d to worker %d, want none", c, w)
	}
}

func accept(t *testing.T, d *Dealer, id int, seq int64, now time.Time) {
	t.Helper()
	if _, _, ok := d.Accepted(id, seq, now); !ok {
		t.Fatalf("answer %d of worker %d was not awaited", seq, id)
	}
}

// In rr four free workers get 400 connections as in Node: strictly in turn.
func TestDealerTakesTurns(t *testing.T) {
	d := New(TurnOrder)
	for id := 1; id <= 4; id++ {
		d.Add(id, epoch)
	}
	got := make(map[int]int)
	for i := range 400 {
		d.Offer(Conn(i), noAddr)
		give(t, d, int64(i), epoch, Conn(i), i%4+1)
		accept(t, d, i%4+1, int64(i), epoch)
		got[i%4+1]++
	}
	for id, n := range got {
		if n != 100 {
			t.Errorf("worker %d got %d of 400", id, n)
		}
	}
}

// Answers come out of order, which must not change whose turn it is.
func TestDealerTurnsDoNotDependOnAnswers(t *testing.T) {
	d := New(TurnOrder)
	for id := 1; id <= 3; id++ {
		d.Add(id, epoch)
	}
	for i := range Conn(9) {
		d.Offer(i, noAddr)
	}
	for i := range 3 {
		give(t, d, int64(i), epoch, Conn(i), i+1)
	}
	for _, i := range []int{2, 0, 1} {
		accept(t, d, i+1, int64(i), epoch)
	}
	for i := 3; i < 6; i++ {
		give(t, d, int64(i), epoch, Conn(i), i-2)
	}
}

// dealAll hands off until nobody may get more, and returns who got how many. Each
// hand-off's number is its connection's.
func dealAll(d *Dealer, now time.Time) map[int]int {
	got := make(map[int]int)
	for {
		c, ok := d.Head()
		if !ok {
			return got
		}
		_, id, ok := d.Next(int64(c), now)
		if !ok {
			return got
		}
		got[id]++
	}
}

// A burst at idle workers is dealt evenly, whoever answers first. When a worker
// had to earn its place, the quick one of two got 24 of 32.
func TestDealerDealsABurstEvenly(t *testing.T) {
	for _, workers := range []int{2, 4} {
		d := New(TurnOrder)
		for id := 1; id <= workers; id++ {
			d.Add(id, epoch)
		}
		got := make(map[int]int)
		for i := range 16 * workers {
			d.Offer(Conn(i), noAddr)
			for id, n := range dealAll(d, epoch) {
				got[id] += n
			}
			// The first worker answers everything at once, the others nothing yet.
			for _, c := range d.Hands(1) {
				accept(t, d, 1, int64(c), epoch)
			}
		}
		for id := 1; id <= workers; id++ {
			if got[id] != 16 {
				t.Errorf("worker %d of %d got %d of %d, want 16", id, workers, got[id], 16*workers)
			}
		}
	}
}

// A worker with all the hand-offs it may have is skipped and keeps its place.
func TestDealerFullWorkerKeepsItsPlace(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	d.Add(2, epoch)
	for id := 1; id <= 2; id++ { // both are slow, so that one is all each may have
		d.Offer(Conn(-id), noAddr)
		give(t, d, int64(-id), epoch.Add(-handsSlow-1), Conn(-id), id)
	}
	for id := 1; id <= 2; id++ {
		accept(t, d, id, int64(-id), epoch)
	}
	for i := range Conn(5) {
		d.Offer(i, noAddr)
	}
	give(t, d, 0, epoch, 0, 1)
	give(t, d, 1, epoch, 1, 2)
	giveNone(t, d, epoch)
	accept(t, d, 2, 1, epoch)
	give(t, d, 2, epoch, 2, 2) // its turn is after that of 1, which is full
	accept(t, d, 1, 0, epoch)
	give(t, d, 3, epoch, 3, 1)
}

func TestDealerLimit(t *testing.T) {
	const late = 20*time.Millisecond + 1
	for _, c := range []struct {
		name  string
		took  []time.Duration // of the answers, one after another
		limit int
	}{
		{"at first", nil, 16},
		{"never more", []time.Duration{0, 0}, 16},
		{"middling keeps all", []time.Duration{20 * time.Millisecond}, 16},
		{"slow", []time.Duration{late}, 1},
		{"slow and fast", []time.Duration{late, time.Millisecond}, 2},
		{"slow and not fast enough", []time.Duration{late, 2 * time.Millisecond}, 1},
		{"slow and fast four times", []time.Duration{time.Second, 0, 0, 0, 0}, 16},
		{"slow and fast six times", []time.Duration{time.Second, 0, 0, 0, 0, 0, 0}, 16},
		{"middling keeps four", []time.Duration{late, 0, 0, 20 * time.Millisecond}, 4},
		{"slow again", []time.Duration{late, 0, 0, 0, 0, late}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, now, seq := New(TurnOrder), epoch, int64(0)
			d.Add(1, now)
			for _, took := range c.took {
				d.Offer(Conn(seq), noAddr)
				give(t, d, seq, now, Conn(seq), 1)
				now = now.Add(took)
				accept(t, d, 1, seq, now)
				seq++
			}
			for i := range 32 {
				d.Offer(Conn(1000+i), noAddr)
			}
			dealAll(d, now)
			if n := d.InFlight(1); n != c.limit {
				t.Errorf("%d at once, want %d", n, c.limit)
			}
		})
	}
}

// A worker that stands still gets what comes until its first answer is late, and
// no more than 16 of that. Nothing of it is dealt again: the worker may wake up.
func TestDealerSilentWorkerGetsNoMore(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration // between connections
		want  int
	}{
		{"a burst", 0, 16},
		{"a thousand a second", time.Millisecond, 16},
		{"two hundred", 5 * time.Millisecond, 5},
		{"twenty", 50 * time.Millisecond, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, now := New(TurnOrder), epoch
			d.Add(1, now)
			for i := range 40 {
				d.Offer(Conn(i), noAddr)
				dealAll(d, now)
				now = now.Add(c.every)
			}
			late := epoch.Add(SilentAfter)
			if d.Wake(late); d.InFlight(1) != c.want || d.Queued() != 40-c.want {
				t.Errorf("in flight %d, queued %d; want %d in flight of 40", d.InFlight(1), d.Queued(), c.want)
			}
			if free := d.Free(late); len(free) != 0 {
				t.Errorf("free: %v", free)
			}
			if at, ok := d.Oldest(1); !ok || !at.Equal(epoch) {
				t.Errorf("oldest %v, %v", at, ok)
			}
			for i := range c.want { // it wakes
				accept(t, d, 1, int64(i), late)
			}
			if dealAll(d, late); d.InFlight(1) != 1 {
				t.Errorf("awake again it got %d, want 1", d.InFlight(1))
			}
		})
	}
}

func TestDealerJustNotLate(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	for i := range Conn(3) {
		d.Offer(i, noAddr)
	}
	give(t, d, 0, epoch, 0, 1)
	give(t, d, 1, epoch.Add(handsSlow), 1, 1)
	giveNone(t, d, epoch.Add(handsSlow+1))
}

// While the primary itself stood still, nobody was silent.
func TestDealerShift(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	d.Offer(1, noAddr)
	d.Offer(2, noAddr)
	give(t, d, 1, epoch, 1, 1)
	d.Shift(time.Hour)
	now := epoch.Add(time.Hour)
	give(t, d, 2, now, 2, 1)
	if _, took, ok := d.Accepted(1, 1, now.Add(time.Millisecond)); !ok || took != time.Millisecond {
		t.Errorf("took %v, %v", took, ok)
	}
}

// After a refusal the connection is at the head again, and the worker is left
// alone: 50 ms doubling to 1 s.
func TestDealerRefusals(t *testing.T) {
	d, now := New(TurnOrder), epoch
	d.Add(1, now)
	d.Offer(0, noAddr)
	d.Offer(1, noAddr)
	for i, want := range []time.Duration{50, 100, 200, 400, 800, 1000, 1000} {
		want *= time.Millisecond
		seq := int64(i)
		give(t, d, seq, now, 0, 1)
		c, until, ok := d.Refused(1, seq, now)
		if !ok || c != 0 || until.Sub(now) != want {
			t.Fatalf("refusal %d: connection %d, wait %v, %v; want 0, %v", i+1, c, until.Sub(now), ok, want)
		}
		giveNone(t, d, until.Add(-1))
		if next := d.Wake(until.Add(-1)); !next.Equal(until) {
			t.Fatalf("wake at %v, want %v", next, until)
		}
		now = until
		if next := d.Wake(now); !next.IsZero() {
			t.Fatalf("wake at %v though nobody waits", next)
		}
	}
	give(t, d, 100, now, 0, 1)
	accept(t, d, 1, 100, now)
	give(t, d, 101, now, 1, 1)
	if _, until, _ := d.Refused(1, 101, now); until.Sub(now) != refusedWait {
		t.Errorf("an acceptance did not end the doubling: %v", until.Sub(now))
	}
}

// A worker that comes or goes is a change: all who refused are asked again.
func TestDealerChangeForgetsRefusals(t *testing.T) {
	for name, change := range map[string]func(*Dealer){
		"add":    func(d *Dealer) { d.Add(3, epoch); d.Leave(3) },
		"remove": func(d *Dealer) { d.Remove(2, epoch) },
	} {
		t.Run(name, func(t *testing.T) {
			d := New(TurnOrder)
			d.Add(1, epoch)
			d.Offer(7, noAddr)
			give(t, d, 1, epoch, 7, 1)
			d.Add(2, epoch)
			d.Leave(2)
			if _, _, ok := d.Refused(1, 1, epoch); !ok {
				t.Fatal("not awaited")
			}
			giveNone(t, d, epoch)
			change(d)
			give(t, d, 2, epoch, 7, 1)
		})
	}
}

// The connections a dead worker did not answer come before all that wait,
// oldest first.
func TestDealerRemove(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	for i := Conn(10); i < 16; i++ {
		d.Offer(i, noAddr)
	}
	for i := Conn(10); i < 14; i++ {
		give(t, d, int64(i), epoch, i, 1)
	}
	accept(t, d, 1, 11, epoch)
	d.Leave(1)
	accept(t, d, 1, 12, epoch) // its answers still count
	giveNone(t, d, epoch)
	if back := d.Remove(1, epoch); !slices.Equal(back, []Conn{10, 13}) {
		t.Errorf("put back %v, want [10 13]", back)
	}
	if _, _, ok := d.Accepted(1, 10, epoch); ok {
		t.Error("an answer of a worker that is gone counted")
	}
	if d.Remove(1, epoch) != nil || d.InFlight(1) != 0 {
		t.Error("it is still there")
	}
	if all := d.Drain(); !slices.Equal(all, []Conn{10, 13, 14, 15}) || d.Queued() != 0 {
		t.Errorf("queue %v, want [10 13 14 15]", all)
	}
}

// What the channel did not take goes to another worker, and this one gets
// nothing until its channel takes messages again.
func TestDealerUnsent(t *testing.T) {
	for name, free := range map[string]func(d *Dealer){
		"writable": func(d *Dealer) { d.Writable(1, epoch) },
		"answered": func(d *Dealer) { accept(t, d, 1, 1, epoch) },
	} {
		t.Run(name, func(t *testing.T) {
			d := New(TurnOrder)
			d.Add(1, epoch)
			d.Offer(1, noAddr)
			d.Offer(2, noAddr)
			give(t, d, 1, epoch, 1, 1)
			give(t, d, 2, epoch, 2, 1)
			d.Unsent(1)
			if c, ok := d.Head(); !ok || c != 2 {
				t.Fatalf("head %d, %v; want 2", c, ok)
			}
			d.Wake(epoch) // which is not for it
			giveNone(t, d, epoch)
			free(d)
			give(t, d, 3, epoch, 2, 1)
		})
	}
}

// What refers to nothing changes nothing.
func TestDealerIgnoresWhatIsNotAwaited(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	d.Add(1, epoch)
	d.Offer(0, noAddr)
	give(t, d, 5, epoch, 0, 1)
	for _, a := range []struct {
		id  int
		seq int64
	}{{1, 4}, {2, 5}, {1, -1}} {
		if _, _, ok := d.Accepted(a.id, a.seq, epoch); ok {
			t.Errorf("worker %d, number %d accepted", a.id, a.seq)
		}
		if _, _, ok := d.Refused(a.id, a.seq, epoch); ok {
			t.Errorf("worker %d, number %d refused", a.id, a.seq)
		}
	}
	d.Leave(9)
	d.Unsent(9)
	d.Writable(9, epoch)
	if _, ok := d.Oldest(9); ok || d.InFlight(9) != 0 || d.Queued() != 0 || d.InFlight(1) != 1 {
		t.Error("something has changed")
	}
	accept(t, d, 1, 5, epoch)
	if _, _, ok := d.Accepted(1, 5, epoch); ok {
		t.Error("the same answer counted twice")
	}
	if _, ok := d.Head(); ok {
		t.Error("an empty queue has a head")
	}
}

// A worker may close its server and listen again.
func TestDealerAddAfterLeave(t *testing.T) {
	d := New(TurnOrder)
	d.Add(1, epoch)
	d.Leave(1)
	d.Add(1, epoch)
	d.Offer(0, noAddr)
	give(t, d, 0, epoch, 0, 1)
}
