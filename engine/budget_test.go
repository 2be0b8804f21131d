package engine

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/ipc"
)

func TestBucket(t *testing.T) {
	r := rate{perSec: 10, atOnce: 20}
	var b bucket
	for i, c := range []struct {
		after time.Duration
		n     float64
		want  time.Duration
	}{
		{0, 20, 0}, // a fresh one is full
		{0, 1, 100 * time.Millisecond},
		{100 * time.Millisecond, 0, 0}, // paid
		{0, 10, time.Second},
		{time.Hour, 20, 0}, // never more than full
		{0, 1000, 2 * time.Second},
		{2 * time.Second, 0, 0}, // nor deeper in debt
	} {
		b.shift(-c.after) // as much as if the clock went on
		if got := b.take(r, c.n, epoch); got.Round(time.Millisecond) != c.want {
			t.Errorf("%d: wait %v, want %v", i, got, c.want)
		}
	}
	b = bucket{}
	for i := range 21 {
		if got := b.spend(r, epoch); got != (i < 20) {
			t.Errorf("%d spent: %v", i, got)
		}
	}
	if b.spend(r, epoch.Add(50*time.Millisecond)) || !b.spend(r, epoch.Add(100*time.Millisecond)) {
		t.Error("what was refused has cost something")
	}
}

// clusterMessage is a cluster message of a worker.
func clusterOf(act string) *ipc.Message {
	return &ipc.Message{Kind: ipc.Cluster, FD: -1, Cluster: ipc.ClusterMsg{Act: act}}
}

func TestWhatAMessageIsChargedTo(t *testing.T) {
	answer := &ipc.Message{Kind: ipc.Cluster, Cluster: ipc.ClusterMsg{HasAck: true, HasAccepted: true}}
	for _, c := range []struct {
		m    *ipc.Message
		want charge
	}{
		{clusterOf("online"), chargeLife},
		{clusterOf("exitedAfterDisconnect"), chargeLife},
		{clusterOf("queryServer"), chargeListen},
		{clusterOf("listening"), chargeListen},
		{clusterOf("close"), chargeListen},
		{clusterOf("what is this"), chargeListen},
		{answer, chargeNone},
		{&ipc.Message{Kind: ipc.Ack}, chargeNone},
		{&ipc.Message{Kind: ipc.Nack}, chargeNone},
		{&ipc.Message{Kind: ipc.Muster}, chargeOwn},
		{&ipc.Message{Kind: ipc.OtherInternal}, chargeSocket},
		{&ipc.Message{Kind: ipc.User}, chargeUser},
		{&ipc.Message{Kind: ipc.TooLong}, chargeUser},
	} {
		if got := chargeOf(c.m); got != c.want {
			t.Errorf("%v %q: %d, want %d", c.m.Kind, c.m.Cluster.Act, got, c.want)
		}
	}
}

// What real programs do is within the budgets of all kinds; what goes on and on
// is slowed, each pause bounded.
func TestQuickWorkersAreNotSlowedAndFloodsAre(t *testing.T) {
	big := &ipc.Message{Kind: ipc.User, FD: -1, Raw: make([]byte, ipc.MaxFrame)}
	small := &ipc.Message{Kind: ipc.User, FD: -1, Raw: []byte(`"chat"`)}
	socket := &ipc.Message{Kind: ipc.User, FD: -1, Handle: "net.Socket", Raw: []byte("1")}
	for _, c := range []struct {
		name   string
		m      *ipc.Message
		n      int // sent evenly in a second
		slowed bool
	}{
		{"200 ports", clusterOf("queryServer"), 200, false},
		{"servers that are restarted in a loop", clusterOf("close"), 1500, false},
		{"50,000 messages a second", small, 50_000, false},
		{"a message of 16 MiB again and again", big, 15, false},
		{"5,000 connections a second", socket, 5_000, false},
		{"reports, four a second", &ipc.Message{Kind: ipc.Muster}, 4, false},
		{"online", clusterOf("online"), 2000, true},
		{"servers", clusterOf("queryServer"), 8_000, true},
		{"questions about sockets", &ipc.Message{Kind: ipc.OtherInternal}, 40_000, true},
		{"reports", &ipc.Message{Kind: ipc.Muster}, 1000, true},
		{"messages", small, 250_000, true},
		{"bytes", big, 60, true},
		{"connections", socket, 25_000, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a account
			var slowed time.Duration
			for i := range c.n {
				wait, _ := a.take(c.m, epoch.Add(time.Duration(i)*time.Second/time.Duration(c.n)))
				if wait > slowMax {
					t.Fatalf("a pause of %v", wait)
				}
				slowed += wait
			}
			if (slowed > 0) != c.slowed {
				t.Errorf("slowed for %v", slowed)
			}
		})
	}
}

func TestWorkerThatIsSlowedIsToldNowAndThen(t *testing.T) {
	var a account
	told := 0
	for i := range 1200 { // two minutes
		if a.slow(chargeUser, 50*time.Millisecond, epoch.Add(time.Duration(i)*100*time.Millisecond)) {
			told++
		}
	}
	if told != 2 {
		t.Errorf("told %d times, want 2", told)
	}
	if a.slow(chargeListen, slowTold/2, epoch) {
		t.Error("told of a short pause")
	}
}

// bareLoop is a loop that does not run, with worker 3.
func bareLoop(t *testing.T) (*loop, *worker, *ipc.Conn) {
	t.Helper()
	ours, theirs, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	of := testWorker()
	l, w := of.loop, of.w
	w.slot.index, w.ch, w.flow.reading, w.servers = 2, ours, newReading(), map[*server]bool{}
	l.workers[3] = w
	return l, w, ours
}

func TestWorkerOfSenselessMessagesLosesItsChannel(t *testing.T) {
	for name, m := range map[string]ipc.Message{
		"a second online":            *clusterOf("online"),
		"an answer":                  {Kind: ipc.Cluster, FD: -1, Cluster: ipc.ClusterMsg{Ack: 7, HasAck: true, HasAccepted: true}},
		"an acknowledgement":         {Kind: ipc.Ack, FD: -1},
		"a close of no server":       *clusterOf("close"),
		"a listening without server": *clusterOf("listening"),
		"no known act":               *clusterOf("newconn"),
		"a report that is none":      {Kind: ipc.Muster, FD: -1, Raw: []byte("[]")},
		"a socket key too long":      {Kind: ipc.OtherInternal, FD: -1, Cmd: "NODE_SOCKET_GET_COUNT", Raw: []byte(`{"key":"` + strings.Repeat("k", ipc.MaxHandleKey) + `"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			l, w, ch := bareLoop(t)
			w.life.state = StateOnline
			for range int(oddRate.atOnce) {
				l.read(w, []ipc.Message{m}, epoch)
			}
			if w.flow.account.over {
				t.Fatal("ended within the budget")
			}
			l.read(w, []ipc.Message{m}, epoch)
			ended := make(chan error, 1)
			go func() {
				_, err := ch.Read(nil)
				ended <- err
			}()
			err := receive(t, ended)
			if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "worker 3 has sent over 10000 messages that make no sense") {
				t.Errorf("the channel: %v", err)
			}
			if ev, _ := l.pub.events.after(0); len(ev) > int(faultRate.atOnce)+1 { // and that it is slowed
				t.Errorf("%d events", len(ev))
			}
		})
	}
}

func TestErrorsAWorkerCausesAreCounted(t *testing.T) {
	l, w, _ := bareLoop(t)
	for range 3 * int(faultRate.atOnce) {
		l.faulted(w, "", errors.New("again"))
	}
	now := epoch.Add(time.Second)
	l.clock.read = func() time.Time { return now }
	l.faulted(w, "", errors.New("the next"))
	ev, _ := l.pub.events.after(0)
	want := fmt.Sprintf("the next (errors of this worker left out before it: %d)", 2*int(faultRate.atOnce))
	if last := ev[len(ev)-1].Detail.(ErrorDetail).Text; len(ev) != int(faultRate.atOnce)+1 || last != want {
		t.Errorf("%d events, the last %q", len(ev), last)
	}
}

func TestDescriptorsAreShared(t *testing.T) {
	for _, c := range []struct{ limit, addresses, first int }{
		{0, 256, 1 << 30},
		{64, 8, 32},
		{256, 48, 192},
		{1024, 224, 896}, // a program that asks for 200 ports
		{4096, 256, 3584},
		{1 << 20, 256, 1<<20 - 1024},
	} {
		f := fdShare{c.limit}
		if got := f.addresses(); got != c.addresses {
			t.Errorf("of %d: %d addresses, want %d", c.limit, got, c.addresses)
		}
		if f.spare(-1) || !f.spare(c.first-1) || c.limit > 0 && f.spare(c.first) {
			t.Errorf("of %d: the mark is not %d", c.limit, c.first)
		}
	}
}

func TestWorkerIsRefusedAddressesPastItsShare(t *testing.T) {
	l, w, _ := bareLoop(t)
	l.fds = fdShare{1024}
	host := "127.0.0.1"
	q := &ipc.Query{Address: &host, FD: -1}
	w.flow.account.asking = 1 // just this question
	for range l.fds.addresses() {
		if err := l.granter.mayOpen(w, q); err != nil {
			t.Fatal(err)
		}
		s := &server{users: map[*worker]bool{w: false}, dealer: deal.New(deal.TurnOrder)}
		w.servers[s] = true
	}
	if err := l.granter.mayOpen(w, q); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("one more: %v", err)
	}
	for s := range w.servers { // it closes one
		s.users[w] = true
		break
	}
	if err := l.granter.mayOpen(w, q); err != nil {
		t.Errorf("after a close: %v", err)
	}
	for range l.fds.addresses() {
		w.unacked = append(w.unacked, sentFD{})
	}
	if err := l.granter.mayOpen(w, q); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("answers it does not take: %v", err)
	}
	w.unacked = nil
	w.flow.account.asking = l.fds.addresses() + 1
	if err := l.granter.mayOpen(w, q); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("questions that wait: %v", err)
	}
	long := strings.Repeat("x", addressMax+1)
	if err := l.granter.mayOpen(w, &ipc.Query{Address: &long}); !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("a long address: %v", err)
	}
	l.fds = fdShare{8} // less than what is open
	if err := l.granter.mayOpenNew(Address{Network: "tcp", Host: host}); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("a new address with no descriptors to spare: %v", err)
	}
}

func TestListenersAreWaitedFor(t *testing.T) {
	much := load{calls: messagesLoad.calls/4 + 1}
	for _, c := range []struct {
		name string
		v    listenersView
		want bool
	}{
		{"nothing waits", listenersView{}, false},
		{"a little", listenersView{waiting: load{1000, 1 << 20, 1}}, false},
		{"many messages", listenersView{waiting: much}, true},
		{"many bytes", listenersView{waiting: load{calls: 2, bytes: 2 * ipc.MaxFrame}}, true},
		{"many handles", listenersView{waiting: load{calls: 65, fds: 65}}, true},
		{"much of all, none of it its own", listenersView{all: messagesAllBytes}, false},
		{"much of all", listenersView{all: messagesAllBytes, waiting: load{1, 2 << 20, 0}}, true},
		{"a listener that is stuck", listenersView{waiting: much, quiet: stuckAfter}, false},
		{"a connection that waits behind it", listenersView{waiting: much, unanswered: answerWithin}, false},
		{"it leaves", listenersView{waiting: much, ends: true}, false},
	} {
		if got := c.v.full(); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestOneReadIsTakenInByParts(t *testing.T) {
	var msgs []ipc.Message
	for range 2*partMessages + 5 {
		msgs = append(msgs, ipc.Message{Raw: []byte("1")})
	}
	msgs = append(msgs, ipc.Message{Raw: make([]byte, 1<<20)}, ipc.Message{Raw: make([]byte, partBytes)}, ipc.Message{})
	var got []int
	for part := range parts(msgs) {
		got = append(got, len(part))
	}
	if want := fmt.Sprint([]int{64, 64, 5, 1, 2}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// A socket for each worker is a good that nobody starves for: a program that asks
// for 200 ports has all of them.
func TestSocketsOfWorkersAreFew(t *testing.T) {
	for _, c := range []struct{ limit, workers, free, want int }{
		{0, 4, 9, 8}, {0, 64, 9, 128}, {0, 1000, 9, ownsMax},
		{1 << 20, 64, 9, 128}, {1024, 64, 9, 16}, {64, 4, 9, 1},
		{1024, 4, 240, 8}, {1024, 4, 250, 0}, {1024, 4, -1, 0},
	} {
		if got := (fdShare{c.limit}).owns(c.workers, c.free); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	f, used := fdShare{1024}, 10
	for range 200 {
		used += 2 + f.owns(4, used)
	}
	if !f.spare(used) {
		t.Errorf("200 ports take %d descriptors of %d", used, f.limit)
	}
}
