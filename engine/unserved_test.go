//go:build unix

package engine

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// With NoRestart nobody asks for a dead worker's address again, and clients hung
// there for ever: the one it had asked for is closed, Options.Addr resets them.
func TestNoRestartLeftClientsOfADeadWorkerWaiting(t *testing.T) {
	t.Parallel()
	asked, given := freeTCPAddr(t), freeTCPAddr(t)
	a := runCluster(t, Options{Workers: 1, NoRestart: true, Settings: Settings{Env: []string{envAddr + "=" + asked}}})
	b := runCluster(t, Options{Workers: 1, NoRestart: true, Addr: given})
	waiting := map[string]net.Conn{}
	for addr, c := range map[string]*Cluster{asked: a, given: b} {
		poll(t, "the worker listens", func() bool { r := c.Snapshot().ByID(1); return r != nil && r.State == StateListening })
		if _, err := c.Do(t.Context(), Command{Op: OpCrash, Worker: 1}); err != nil {
			t.Fatal(err)
		}
		poll(t, "the worker has gone", func() bool { return len(c.Workers()) == 0 })
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		waiting[addr] = conn
	}
	for addr, conn := range waiting {
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a client of %s, which waits: %v, want a reset", addr, err)
		}
	}
	poll(t, "the address nobody asks for again is closed", func() bool { return len(a.Snapshot().Addresses) == 0 })
	if as := b.Snapshot().Addresses; len(as) != 1 {
		t.Errorf("Options.Addr was closed: %v", as)
	}
	w, err := a.Fork() // whoever forks all the same has the address
	if err != nil {
		t.Fatal(err)
	}
	poll(t, "a new worker listens", func() bool { r := a.Snapshot().ByID(w.ID()); return r != nil && r.State == StateListening })
	if as := a.Snapshot().Addresses; len(as) != 1 || as[0].String() != asked {
		t.Errorf("after a fork %v is open", as)
	}
}

// The last worker was told to leave: whoever did that may fork, and nobody is
// refused until then.
func TestAddressOfAClusterThatWasEmptiedIsKept(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	l := loopAt(now)
	l.supervisor.slots = []*slot{{}}
	s := &server{}
	w := &worker{slot: l.supervisor.slots[0], servers: map[*server]bool{s: true}, at: moments{listening: now}}
	w.life = life{leaving: true, chanEnded: true, voluntary: yes}
	l.supervisor.bequeath(w, now)
	for _, restart := range []bool{true, false} {
		l.o.NoRestart = !restart
		v := addressView{awaited: l.supervisor.awaited(s, now), coming: l.supervisor.coming(now), gaveUp: l.supervisor.gaveUp()}
		if f := v.fate(unservedAfter); f != fateStays {
			t.Errorf("restart %v: fate %d", restart, f)
		}
	}
}

func freeTCPAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
