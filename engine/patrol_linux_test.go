package engine

import (
	"net"
	"os"
	"testing"
	"time"

	"muster/engine/internal/sock"
	"muster/engine/internal/spread"
)

// atItsOwnSocket is a worker with a socket of its own at which a connection waits.
func atItsOwnSocket(t *testing.T, policy Policy) (*Cluster, *server, *worker, *tally) {
	t.Helper()
	c, err := New(Options{Addr: "127.0.0.1:0", Policy: policy, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s := c.loop.ledger.order[0]
	_, w, ch := bareLoop(t)
	tally, fd, err := newTally()
	if err != nil {
		t.Fatal(err)
	}
	w.out.tally = os.NewFile(uintptr(fd), "tally")
	t.Cleanup(w.out.closeTally)
	w.ch, w.life.state, w.silence.probe.knows = ch, StateListening, true
	w.servers, s.users = map[*server]bool{s: true}, map[*worker]bool{w: false}
	i, ok := s.seats.Take(w.id, func(int) int { return 0 })
	if !ok {
		t.Fatal("no socket is left")
	}
	s.seats.Ready(w.id)
	if err := s.port.SetGate(sock.To(sock.Own(i))); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", s.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	poll(t, "it waits at the worker's socket", func() bool { return s.port.WaitingAt(sock.Own(i)) == 1 })
	return c, s, w, tally
}

// A client of sticky has nothing at another worker, so a worker that does not answer
// keeps its clients for a second there, and no longer.
func TestAWorkerKeepsTheClientsOfStickyLonger(t *testing.T) {
	for policy, is := range map[Policy]struct{ least, most time.Duration }{
		SchedSpread: {100 * time.Millisecond, 300 * time.Millisecond},
		SchedSticky: {time.Second, 1200 * time.Millisecond},
	} {
		c, s, w, _ := atItsOwnSocket(t, policy)
		w.slot = &slot{}
		w.silence.probe.sent = epoch
		now := epoch
		for out := false; !out && now.Sub(epoch) < 5*time.Second; _, out = s.seats.Has(w.id) {
			now = now.Add(spread.Tick)
			c.loop.patrol.look(s, now)
		}
		if took := now.Sub(epoch); took < is.least || took > is.most {
			t.Errorf("%v: it is left out after %v, want %v to %v", policy, took, is.least, is.most)
		}
	}
}

// Connections wait at a worker's own socket at every look. As long as its tally says
// that it takes some, it is not asked whether it answers.
func TestAWorkerThatTakesConnectionsIsNotAsked(t *testing.T) {
	c, s, w, tally := atItsOwnSocket(t, SchedSpread)
	now := epoch
	look := func() (asked bool) {
		now = now.Add(spread.Tick)
		c.loop.patrol.look(s, now)
		return len(w.unacked) > 0
	}
	for range 20 {
		tally.up(tallyAccepted)
		if look() {
			t.Fatal("it is asked, and takes connections")
		}
	}
	for n := 1; !look(); n++ {
		if n == 2 {
			t.Fatalf("it takes none for %v, and is not asked", time.Duration(n)*spread.Tick)
		}
	}
}
