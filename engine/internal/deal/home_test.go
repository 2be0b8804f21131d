package deal

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// loopback are n addresses of this machine, 127.0.0.1 and on.
func loopback(n int) (all []netip.Addr) {
	for a := netip.MustParseAddr("127.0.0.1"); len(all) < n; a = a.Next() {
		all = append(all, a)
	}
	return all
}

// seats makes a dealer by client with a worker in each slot; worker 1 has slot 0.
func seats(slots int) *Dealer {
	d := New(ByClient)
	for i := range slots {
		d.Add(i+1, epoch)
		d.Sits(i+1, i)
	}
	return d
}

// gets deals one connection of a client and has it taken; 0 if it must wait.
func gets(t *testing.T, d *Dealer, from netip.Addr, now time.Time) int {
	t.Helper()
	d.Offer(1, from)
	_, worker, ok := d.Next(1, now)
	if !ok {
		d.DropHead()
		return 0
	}
	accept(t, d, worker, 1, now)
	return worker
}

// homes is the worker of each client.
func homes(t *testing.T, d *Dealer, clients []netip.Addr) map[netip.Addr]int {
	t.Helper()
	m := make(map[netip.Addr]int)
	for _, a := range clients {
		m[a] = gets(t, d, a, epoch)
	}
	return m
}

// Every client meets one worker, as often as it comes. When a worker goes, only its
// clients move; a worker that takes its slot gets them back.
func TestASlotKeepsItsClients(t *testing.T) {
	clients := loopback(100)
	d := seats(4)
	before := homes(t, d, clients)
	for range 3 {
		for _, a := range clients {
			if got := gets(t, d, a, epoch); got != before[a] {
				t.Fatalf("%v met worker %d and %d", a, before[a], got)
			}
		}
	}
	for id := 1; id <= 4; id++ {
		n := 0
		for _, w := range before {
			if w == id {
				n++
			}
		}
		if n < 12 || n > 38 {
			t.Errorf("worker %d has %d of 100 clients", id, n)
		}
	}

	d.Remove(2, epoch)
	without := homes(t, d, clients)
	for a, w := range before {
		if got := without[a]; w != 2 && got != w || got == 2 || got == 0 {
			t.Errorf("worker 2 is gone: %v of worker %d met %d", a, w, got)
		}
	}
	d.Add(9, epoch)
	d.Sits(9, 1)
	for a, w := range homes(t, d, clients) {
		if want := before[a]; want != 2 && w != want || want == 2 && w != 9 {
			t.Errorf("%v of worker %d met %d after the restart", a, want, w)
		}
	}
	d.Add(10, epoch) // the old one is still there
	d.Sits(10, 1)
	for a, w := range before {
		if got := gets(t, d, a, epoch); w == 2 && got != 10 {
			t.Errorf("%v met worker %d, want the newest of the slot", a, got)
		}
	}
}

// A client waits for a worker that is busy, and goes to the next for one that takes
// nothing.
func TestAClientWaitsOnlyForABusyWorker(t *testing.T) {
	client := loopback(1)[0]
	for name, c := range map[string]struct {
		do    func(d *Dealer, home int)
		waits bool
	}{
		"busy":      {func(d *Dealer, home int) { d.members[home].full = true; d.unready(d.members[home]) }, true},
		"muted":     {func(d *Dealer, home int) { d.Mute(home, true, epoch) }, false},
		"leaving":   {func(d *Dealer, home int) { d.Leave(home) }, false},
		"refused":   {func(d *Dealer, home int) { d.members[home].waiting = epoch.Add(1) }, false},
		"is silent": {func(d *Dealer, home int) { d.members[home].hands = []handoff{{at: epoch.Add(-SilentAfter)}} }, false},
	} {
		d := seats(3)
		home := gets(t, d, client, epoch)
		c.do(d, home)
		if got := gets(t, d, client, epoch); (got == 0) != c.waits || got == home {
			t.Errorf("%s: worker %d of home %d, waits wanted: %v", name, got, home, c.waits)
		}
	}
}

func TestAClientWithoutAnAddressGoesByTurn(t *testing.T) {
	d := seats(2)
	for i := range 4 {
		if got := gets(t, d, noAddr, epoch); got != i%2+1 {
			t.Errorf("connection %d: worker %d", i, got)
		}
	}
}

// The machine decides, not the address it happens to use.
func TestBuckets(t *testing.T) {
	same := [][2]string{
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2"},
	}
	for _, c := range same {
		if a, b := netip.MustParseAddr(c[0]), netip.MustParseAddr(c[1]); Bucket(a) != Bucket(b) {
			t.Errorf("%v is in %d, %v in %d", a, Bucket(a), b, Bucket(b))
		}
	}
	many := make(map[int]bool)
	for i := range 512 {
		b := Bucket(netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i)))
		if b < 0 || b >= Buckets {
			t.Fatalf("bucket %d", b)
		}
		many[b] = true
	}
	if len(many) < 256 {
		t.Errorf("512 networks are in %d buckets", len(many))
	}
}

// What the dealer does by client is what Home says, which the kernel goes by.
func TestTheDealerGoesByHome(t *testing.T) {
	d := seats(5)
	slots := []int{4, 2, 0, 1, 3}
	for _, a := range loopback(200) {
		if got, want := gets(t, d, a, epoch), Home(Bucket(a), slots)+1; got != want {
			t.Errorf("%v: worker %d, want %d", a, got, want)
		}
	}
	d.Remove(4, epoch)
	slots = slices.DeleteFunc(slots, func(s int) bool { return s == 3 })
	for _, a := range loopback(200) {
		if got, want := gets(t, d, a, epoch), Home(Bucket(a), slots)+1; got != want {
			t.Errorf("without slot 3, %v: worker %d, want %d", a, got, want)
		}
	}
}

// Connections on their way count, and nothing is made of what is not known.
func TestFewestOpen(t *testing.T) {
	for _, c := range []struct {
		name        string
		open, hands [3]int
		want        int
	}{
		{"all equal: by turn", [3]int{1, 1, 1}, [3]int{}, 1},
		{"the fewest", [3]int{2, 0, 1}, [3]int{}, 2},
		{"those on their way count", [3]int{1, 0, 0}, [3]int{0, 2, 1}, 1},
		{"one is not known", [3]int{5, -1, 0}, [3]int{0, 1, 0}, 1},
		{"nothing is known", [3]int{-1, -1, -1}, [3]int{1, 1, 0}, 3},
	} {
		d := New(FewestOpen)
		for i := range 3 {
			d.Add(i+1, epoch)
			m := d.members[i+1]
			m.open, m.limit = c.open[i], 9
			for range c.hands[i] {
				m.hands = append(m.hands, handoff{at: epoch})
			}
		}
		d.Offer(1, noAddr)
		if _, got, ok := d.Next(1, epoch); !ok || got != c.want {
			t.Errorf("%s: worker %d, want %d", c.name, got, c.want)
		}
	}
}
