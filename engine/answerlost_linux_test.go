package engine

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/internal/testkit"
	"muster/ipc"
)

// A worker whose answer does not leave it must not serve: the connection goes to
// another worker, and two would answer on it.
func TestAConnectionWasServedThoughTheAnswerWasLost(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	c, p := startChild(t)
	l, key := p.listening(c, "127.0.0.1:4000")
	c.ch.CloseWhenSent()
	client := sendConnectionAs(t, p, "net.Native", map[string]any{"cmd": "NODE_CLUSTER", "act": "newconn", "key": key, "seq": 99})
	_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the worker keeps it: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) != 0 || l.reserved != 0 {
		t.Errorf("%d to be accepted, %d promised", len(l.ready), l.reserved)
	}
}

// A worker that cannot make a connection of what it was handed, as without a
// descriptor left, said yes and closed it. Another one may be able to.
func TestAConnectionThatCouldNotBeMadeWasTaken(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	c, p := startChild(t)
	l, key := p.listening(c, "127.0.0.1:4000")
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE) // package net makes nothing of it
	if err != nil {
		t.Fatal(err)
	}
	err = p.ch.Send(ipc.AppendNewConn(nil, key, 99), fd)
	unix.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
	if m := p.next(); m.Cluster.Ack != 99 || !m.Cluster.HasAccepted || m.Cluster.Accepted {
		t.Errorf("answer %+v, want a refusal", m.Cluster)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reserved != 0 {
		t.Errorf("%d promised", l.reserved)
	}
}

// What the end of a channel says about the answers that were not read.
func TestAnswersThatAreLost(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		half  bool // the worker has closed its writing half only
		ended bool // its process has ended
		lost  bool
	}{
		{"it has gone", io.EOF, false, false, false},
		{"it may still read", io.EOF, true, false, true},
		{"in a frame", io.ErrUnexpectedEOF, true, false, true},
		{"gone in a frame", io.ErrUnexpectedEOF, false, false, false},
		{"its process has ended", io.EOF, true, true, false},
		{"held by what it has started", ipc.ErrClosed, true, true, false},
		{"garbage", &ipc.ProtocolError{}, false, false, true},
		{"garbage, and an end", &ipc.ProtocolError{}, false, true, true},
		{"it does not read", ipc.ErrPendingFull, false, false, true},
	} {
		ours, theirs, err := ipc.Pair()
		if err != nil {
			t.Fatal(err)
		}
		if c.half {
			rc, err := theirs.SyscallConn()
			if err == nil {
				err = rc.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
			}
			if err != nil {
				t.Fatal(err)
			}
		} else {
			_ = theirs.Close()
		}
		w := &worker{ch: ours, life: life{procEnded: c.ended}}
		if got := w.answersLost(c.err); got != c.lost {
			t.Errorf("%s: %v, want %v", c.name, got, c.lost)
		}
		_ = ours.Close()
		_ = theirs.Close()
	}
}

// The hand-offs of a worker that may have taken them stay with it; those of one
// that has not are dealt again.
func TestWhatAWorkerMayHaveTakenWasDealtAgain(t *testing.T) {
	for _, mayAnswer := range []bool{false, true} {
		l := loopAt(epoch)
		s := &server{port: mustOpen(t, loopback, sock.Options{}), dealer: deal.New(deal.TurnOrder), users: make(map[*worker]bool)}
		w := &worker{id: 1, slot: &slot{}, servers: map[*server]bool{s: true}, end: ending{mayAnswer: mayAnswer}}
		w.api = &Worker{id: 1}
		s.users[w] = false
		s.dealer.Add(1, epoch)
		l.ledger.enter(-1, epoch) // handed to it
		l.ledger.enter(-1, epoch) // waits
		s.dealer.Offer(0, netip.Addr{})
		s.dealer.Offer(1, netip.Addr{})
		if c, to, ok := s.dealer.Next(1, epoch); !ok || c != 0 || to != 1 {
			t.Fatalf("connection %d to worker %d, %v; want 0 to 1", c, to, ok)
		}
		l.ledger.settle(w, epoch)
		left, again := 2, 1
		if mayAnswer {
			left, again = 1, 0
		}
		if got := s.dealer.Queued(); got != left || w.handed.again != again {
			t.Errorf("may have taken it: %v; %d wait, %d dealt again; want %d, %d", mayAnswer, got, w.handed.again, left, again)
		}
		if w.out.touched != mayAnswer {
			t.Errorf("may have taken it: %v; its cut is known: %v", mayAnswer, !w.out.touched)
		}
	}
}
