package engine

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// There are eight sockets for one worker, and two of the ten that run at last have
// none. What came to the primary for these two was dealt to all ten in turn, so that
// the two got a third of their part.
func TestWorkersWithoutASocketOfTheirOwnGetTheirPart(t *testing.T) {
	t.Parallel()
	const sockets, workers = 8, 10
	c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1, Policy: SchedSpread})
	for range workers - 1 {
		if _, err := c.Fork(); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, "all listen", func() bool { return len(thatListen(c)) == workers })
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	dealt := func() map[int]uint64 {
		all := make(map[int]uint64)
		for _, w := range c.Snapshot().Workers {
			all[w.ID] = w.Dealt
		}
		return all
	}
	poll(t, "only those without a socket get what comes to the primary", func() bool { // the others may not have theirs yet
		before := dealt()
		for range 20 * workers {
			res, err := client.Get("http://" + c.Snapshot().Addresses[0].String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		got := 0
		for id, n := range dealt() {
			if n > before[id] {
				got++
			}
		}
		return got == workers-sockets
	})
}

// Without sockets for the workers the primary deals in the kernel's place, also by
// client, and the picture says so.
func TestThePrimaryDealsInTheKernelsPlace(t *testing.T) {
	for p, want := range map[Policy]string{
		SchedSpread: "spread cannot be had here, rr is used instead: there are not enough descriptors",
		SchedSticky: "the kernel cannot deal by client here, the primary does: there are not enough descriptors",
		SchedShared: "", SchedRR: "",
	} {
		c, err := New(Options{Addr: "127.0.0.1:0", Policy: p, Workers: -1})
		if err != nil {
			t.Fatal(err)
		}
		l := c.loop.ledger
		s := l.order[0]
		if l.byHand() {
			t.Errorf("%v: the primary deals, though each worker can have a socket", p)
		}
		s.seats = nil
		l.sayWithout(s, p)
		events, _ := c.Events(0)
		said := ""
		for _, e := range events {
			if d, ok := e.Detail.(ErrorDetail); ok {
				said += d.Text
			}
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%v: %q, want %q", p, said, want)
		}
		var snap Snapshot
		if l.show(&snap, l.now()); snap.ByHand != (want != "") || snap.PrimaryDeals() != (p != SchedShared) {
			t.Errorf("%v: by hand %v, the primary deals: %v", p, snap.ByHand, snap.PrimaryDeals())
		}
		if got := snap.PolicyUsed(); (got == p) != (p != SchedSpread) || got != p && got != SchedRR {
			t.Errorf("%v: %v is used", p, got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
