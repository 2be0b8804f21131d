package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// What has come together is taken in in its order, but accepted connections last.
func TestAcceptedConnectionsComeLast(t *testing.T) {
	l := loopAt(epoch)
	var did []string
	note := func(what string) msg { return msgAside{take: func() { did = append(did, what) }} }
	fd, err := sock.NewSocket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	open := func() bool {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err == nil
	}
	l.in <- note("second")
	l.in <- msgAside{take: func() { did = append(did, fmt.Sprint("third, it waits: ", open())) }}
	// At an address that has been closed it is closed at once.
	l.takeAll(&msgAccepted{s: &server{ended: true, dealer: deal.New(deal.TurnOrder)}, batch: []sock.Accepted{{FD: fd}}}, epoch)
	if want := []string{"second", "third, it waits: true"}; !slices.Equal(did, want) || open() {
		t.Errorf("%q, and at the end it waits: %v; want %q", did, open(), want)
	}
	if len(l.accepts) != 0 {
		t.Errorf("%d are taken in again", len(l.accepts))
	}
}

// The timers have their turn after 64 messages, or a millisecond.
func TestWhatIsTakenInAtOnceIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		each time.Duration
		want int
	}{"64": {0, atOnce}, "a millisecond": {atOnceFor / 4, 5}} {
		t.Run(name, func(t *testing.T) {
			now, n := epoch, 0
			l := newLoop(Options{}, program{}, nil, func() time.Time { return now })
			var again msg
			again = msgAside{take: func() {
				n++
				now = now.Add(c.each)
				l.in <- again
			}}
			l.takeAll(again, now)
			if n != c.want {
				t.Errorf("%d at once, want %d", n, c.want)
			}
		})
	}
}

// No memory is allocated for a connection, from the accept goroutine's batch to the
// worker's answer: what a busy primary allocates it must collect.
func TestAConnectionAllocatesNothing(t *testing.T) {
	handOff := newHandOff(t)
	for range 100 { // what is kept grows to its size
		handOff()
	}
	if n := testing.AllocsPerRun(500, handOff); n > 0 {
		t.Errorf("%v allocations a connection", n)
	}
}

func BenchmarkHandOff(b *testing.B) {
	handOff := newHandOff(b)
	b.ReportAllocs()
	for b.Loop() {
		handOff()
	}
}

// newHandOff makes a function that takes a connection in, hands it to a worker,
// answers for the worker, and takes the answer in.
func newHandOff(t testing.TB) func() {
	ours, theirs := channelPair(t)
	l := loopAt(epoch)
	s := &server{key: "key", port: &sock.Port{}, dealer: deal.New(deal.TurnOrder)}
	w := &worker{id: 3, ch: ours, servers: map[*server]bool{s: true}, api: &Worker{}, flow: inflow{reading: newReading()}}
	w.life.state = StateListening
	l.workers[3] = w
	s.dealer.Add(3, epoch)
	fd, err := sock.NewSocket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })

	got, answer, batch := make([]ipc.Message, 0, 8), make([]byte, 0, 512), make([]sock.Accepted, 1)
	deliver := l.ledger.deliver(s)
	take := func() {
		select {
		case m := <-l.in:
			l.takeAll(m, l.now())
		default:
			t.Fatal("the loop was told nothing")
		}
	}
	return func() {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		batch[0] = sock.Accepted{FD: own, At: epoch}
		deliver(batch)
		take()
		if got, err = theirs.Read(got[:0]); err != nil || len(got) != 1 || got[0].FD < 0 {
			t.Fatalf("the worker got %+v, %v", got, err)
		}
		_ = unix.Close(got[0].FD)
		answer = ipc.AppendAccepted(ipc.AppendAck(answer[:0]), got[0].Cluster.Seq, 0, true)
		if err := theirs.SendLines(answer); err != nil {
			t.Fatal(err)
		}
		buf, err := ours.Read(<-w.flow.reading)
		if err != nil {
			t.Fatal(err)
		}
		l.in <- l.reused.read(w, buf, buf, true)
		take()
		if n := s.dealer.InFlight(3); n != 0 {
			t.Fatalf("%d in flight", n)
		}
	}
}

// channelPair is both ends of a channel.
func channelPair(t testing.TB) (ours, theirs *ipc.Conn) {
	t.Helper()
	ours, f, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = ipc.Open(fd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}
