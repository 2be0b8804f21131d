package engine

import (
	"path/filepath"
	"strings"
	"testing"

	"muster/ipc"
)

// Where a policy cannot be had it is said once what is used instead.
func TestWhatIsUsedInsteadIsSaidOnce(t *testing.T) {
	for p, want := range map[Policy]string{
		SchedSpread: "spread cannot be had here, rr is used instead: a unix path has one socket, not one for each worker",
		SchedSticky: "sticky cannot be had here, rr is used instead: clients of a unix socket have no address",
		SchedLeast:  "", SchedRR: "", SchedNone: "",
	} {
		c, err := New(Options{Addr: "unix:" + filepath.Join(t.TempDir(), "s"), Policy: p, Workers: -1})
		if err != nil {
			t.Fatal(err)
		}
		c.loop.ledger.sayWithout(c.loop.ledger.order[0], p)
		var said []string
		events, _ := c.Events(0)
		for _, e := range events {
			if d, ok := e.Detail.(ErrorDetail); ok {
				said = append(said, d.Text)
			}
		}
		if want == "" && len(said) > 0 || want != "" && (len(said) != 1 || !strings.Contains(said[0], want)) {
			t.Errorf("%v: %q, want one with %q", p, said, want)
		}
		var snap Snapshot
		c.loop.ledger.show(&snap, c.loop.ledger.now())
		used := p
		if want != "" {
			used = SchedRR
		}
		if got := snap.PolicyUsed(); got != used {
			t.Errorf("%v: %v is used, want %v", p, got, used)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A Go worker closes an address and listens there again, before it has read the
// socket of its own that it was sent first. It refuses that one, since nobody listens
// there; what it says is no answer to the second one.
func TestAnAnswerToASocketForAClosedListener(t *testing.T) {
	c, err := New(Options{Addr: "127.0.0.1:0", Policy: SchedSpread, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	l, s := c.loop, c.loop.ledger.order[0]
	_, w, ch := bareLoop(t)
	l.workers[w.id] = w
	t.Cleanup(func() { delete(l.workers, w.id) })
	w.ch, w.life.state, w.seen.takesSockets = ch, StateListening, true
	w.servers = map[*server]bool{s: true}
	for range 2 {
		s.users[w] = false
		l.ledger.seated(s, w)
		if len(w.unacked) == 1 {
			l.ledger.released(w, s)
		}
	}
	if len(w.unacked) != 2 {
		t.Fatalf("%d sockets are on their way", len(w.unacked))
	}
	l.read(w, []ipc.Message{{Kind: ipc.Nack, FD: -1}}, epoch)
	if _, has := s.seats.Of(w.id); !has {
		t.Error("its second socket was taken from it")
	}
	if ready, _ := s.seats.Has(w.id); ready {
		t.Error("it has said nothing of its second socket, and is dealt to there")
	}
	l.read(w, []ipc.Message{{Kind: ipc.Ack, FD: -1}}, epoch)
	if ready, _ := s.seats.Has(w.id); !ready {
		t.Error("it has its second socket, and is not dealt to there")
	}
}
