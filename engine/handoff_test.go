package engine

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/internal/testkit"
	"muster/ipc"
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

// sentChannel notes what is sent.
type sentChannel struct {
	channel
	lines []string
	fds   [][]int
	err   error // of every send
}

func (c *sentChannel) TrySendAll(line []byte, fds []int) error {
	if c.err == nil {
		c.lines, c.fds = append(c.lines, string(line)), append(c.fds, slices.Clone(fds))
	}
	return c.err
}

// dealing is a loop with one address and workers that have these channels; those in
// many take several connections with one message.
func dealing(many []bool, channels ...*sentChannel) (*loop, *server) {
	l := loopAt(epoch)
	s := &server{key: "k", dealer: deal.New(deal.TurnOrder)}
	for i, ch := range channels {
		w := &worker{id: i + 1, ch: ch, seen: seen{takesMany: many[i]}}
		l.workers[w.id] = w
		s.dealer.Add(w.id, epoch)
	}
	return l, s
}

// offer has n connections come, with descriptors 100 and on.
func offer(l *loop, s *server, n int) {
	batch := make([]sock.Accepted, n)
	for i := range batch {
		batch[i].FD = 100 + i
	}
	l.ledger.accepted(s, batch, epoch)
}

// A Go worker gets with one message what has come together, another each by itself,
// and the shares are the same.
func TestWhatHasComeTogetherGoesWithOneMessage(t *testing.T) {
	goes, node := &sentChannel{}, &sentChannel{}
	l, s := dealing([]bool{true, false}, goes, node)
	offer(l, s, 7)
	if want := [][]int{{100, 102, 104, 106}}; !reflect.DeepEqual(goes.fds, want) {
		t.Errorf("the Go worker got %v, want %v", goes.fds, want)
	}
	if want := [][]int{{101}, {103}, {105}}; !reflect.DeepEqual(node.fds, want) {
		t.Errorf("the other worker got %v, want %v", node.fds, want)
	}
	if want := string(ipc.AppendNewConns(nil, "k", 0, 2, 4, 6)); goes.lines[0] != want {
		t.Errorf("sent %q, want %q", goes.lines[0], want)
	}
	if a, b := len(l.workers[1].unacked), len(l.workers[2].unacked); a != 4 || b != 3 {
		t.Errorf("%d and %d acknowledgements are awaited", a, b)
	}
	offer(l, s, 40) // more than the two may have in flight
	for _, ch := range []*sentChannel{goes, node} {
		for _, fds := range ch.fds {
			if len(fds) > ipc.MaxConns {
				t.Errorf("%d connections with one message", len(fds))
			}
		}
	}
	if n := len(l.workers[1].unacked); n != s.dealer.InFlight(1) {
		t.Errorf("%d acknowledgements are awaited, %d are in flight", n, s.dealer.InFlight(1))
	}
}

// What a channel did not take, all of it, goes to others, oldest first.
func TestWhatAChannelDoesNotTakeGoesToOthers(t *testing.T) {
	for name, err := range map[string]error{"full": ipc.ErrFull, "ended": ipc.ErrClosed} {
		for _, many := range []bool{true, false} {
			stuck, other := &sentChannel{err: err}, &sentChannel{}
			l, s := dealing([]bool{many, true}, stuck, other)
			offer(l, s, 6)
			var got []int
			for _, fds := range other.fds {
				got = append(got, fds...)
			}
			slices.Sort(got)
			if want := []int{100, 101, 102, 103, 104, 105}; !slices.Equal(got, want) || s.dealer.Queued() != 0 {
				t.Errorf("%s, takes many %v: the other worker got %v, %d wait", name, many, other.fds, s.dealer.Queued())
			}
			if n := s.dealer.InFlight(1); n != 0 || len(l.workers[1].unacked) != 0 || l.workers[1].handed.dealt != 0 {
				t.Errorf("%s, takes many %v: the first has %d in flight", name, many, n)
			}
		}
	}
}

// Answers to probes, several a second, made as many pictures of an idle cluster.
func TestDealingNothingMakesNoPicture(t *testing.T) {
	l, s := dealing([]bool{true}, &sentChannel{})
	stale := func(what string, want bool) {
		t.Helper()
		if l.pub.stale != want {
			t.Errorf("%s: the picture is out of date: %v", what, l.pub.stale)
		}
		l.pub.stale = false
	}
	l.pub.stale = false
	l.ledger.deal(s, epoch)
	stale("nothing waits", false)
	l.ledger.accepted(s, []sock.Accepted{{FD: -1}}, epoch)
	stale("a connection came", true)
	l.workers[1].servers = map[*server]bool{s: true}
	if !l.ledger.answered(l.workers[1], 0, true, epoch) {
		t.Fatal("the hand-off is not awaited")
	}
	stale("a worker took it", true)
}
