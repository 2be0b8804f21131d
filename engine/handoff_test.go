package engine

import (
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/internal/testkit"
)

// Two workers refuse, one of them for the fifth time: the other one's wait is
// not as long as the first one's.
func TestRefusalsWaitEachForItself(t *testing.T) {
	l := loopAt(epoch)
	l.ledger.enter(-1, epoch)
	s := &server{dealer: deal.New(deal.TurnOrder)}
	l.ledger.refused(&worker{}, s, 0, epoch.Add(time.Second))
	l.ledger.refused(&worker{}, s, 0, epoch.Add(50*time.Millisecond))
	if at, ok := l.timers.next(); !ok || at.After(epoch.Add(50*time.Millisecond)) {
		t.Errorf("asked again after %v, want 50ms", at.Sub(epoch))
	}
}

// 1,024 connections wait at an address at most, the others in the kernel's
// backlog: without the bound the primary ran out of descriptors.
func TestAcceptingWaitsWhileTheQueueIsFull(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, sock.Options{Sockets: 2})
	p.StartAccept(closeAccepted, func(err error) { t.Errorf("reported: %v", err) })
	l := loopAt(epoch)
	s := &server{port: p, dealer: deal.New(deal.TurnOrder)}
	come := func(n int) {
		batch := make([]sock.Accepted, n)
		for i := range batch {
			batch[i].FD = -1 // there is nothing to close
		}
		l.ledger.accepted(s, batch, epoch)
	}
	check := func(paused bool) {
		t.Helper()
		if got := p.Paused(); got != paused {
			t.Fatalf("%d wait; paused: %v", s.dealer.Queued(), got)
		}
	}
	leave := func(left int) {
		for s.dealer.Queued() > left {
			l.ledger.drop(s.dealer.DropHead())
		}
		l.ledger.deal(s, epoch)
	}
	come(queueMax - 1)
	check(false)
	come(1)
	check(true)
	leave(queueResume + 1)
	check(true)
	leave(queueResume)
	check(false)
	come(queueMax)
	check(true)
	l.stopping = &stopState{} // what comes now is not for these workers
	leave(0)
	check(true)
}

// Who deals knows how many connections a worker has open: from its reports, or,
// of one that tells nothing, from a look at the kernel.
func TestTheDealerKnowsWhatIsOpen(t *testing.T) {
	s := &server{dealer: deal.New(deal.TurnOrder)}
	tells := &worker{id: 1, servers: map[*server]bool{s: true}, life: life{chanEnded: true}} // so nothing is answered
	mute := &worker{id: 2, servers: map[*server]bool{s: true}}
	s.dealer.Add(1, epoch)
	s.dealer.Add(2, epoch)
	l := loopAt(epoch)
	l.workers[1], l.workers[2] = tells, mute
	l.reported(tells, []byte(`{"accepted":9,"closed":2}`), epoch)
	l.observer.sampled(samples{at: epoch, workers: map[int]usage{1: {}, 2: {open: ptr(3)}}})
	for id, want := range map[int]int{1: 7, 2: 3} {
		if n, ok := s.dealer.Open(id); !ok || n != want {
			t.Errorf("worker %d: %d open, %v; want %d", id, n, ok, want)
		}
	}
}
