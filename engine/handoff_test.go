package engine

import (
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

// Two workers refuse, one of them for the fifth time: the other one's wait is
// not as long as the first one's.
func TestRefusalsWaitEachForItself(t *testing.T) {
	l := &loop{now: func() time.Time { return epoch }, conns: []held{{}}}
	s := &server{dealer: deal.New()}
	l.refused(&worker{}, s, 0, epoch.Add(time.Second))
	l.refused(&worker{}, s, 0, epoch.Add(50*time.Millisecond))
	if at, ok := l.timers.next(); !ok || at.After(epoch.Add(50*time.Millisecond)) {
		t.Errorf("asked again after %v, want 50ms", at.Sub(epoch))
	}
}

// 1,024 connections wait at an address at most, the others in the kernel's
// backlog: without the bound the primary ran out of descriptors.
func TestAcceptingWaitsWhileTheQueueIsFull(t *testing.T) {
	checkNoLeaks(t)
	p := mustOpen(t, loopback, sock.Options{Gate: true})
	p.StartAccept(closeAccepted, func(err error) { t.Errorf("reported: %v", err) })
	l := &loop{sys: kernel{}, now: func() time.Time { return epoch }}
	s := &server{port: p, dealer: deal.New()}
	come := func(n int) {
		batch := make([]sock.Accepted, n)
		for i := range batch {
			batch[i].FD = -1 // there is nothing to close
		}
		l.accepted(s, batch, epoch)
	}
	check := func(paused bool) {
		t.Helper()
		if got := p.Paused(); got != paused {
			t.Fatalf("%d wait; paused: %v", s.dealer.Queued(), got)
		}
	}
	leave := func(left int) {
		for s.dealer.Queued() > left {
			l.drop(s.dealer.DropHead())
		}
		l.deal(s, epoch)
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
