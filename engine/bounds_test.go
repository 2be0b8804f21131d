package engine

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// A listener that is stuck holds up the others, and what waits for them is
// bounded: a worker may say 'listening' for ever.
func TestListeningOfAFloodingWorkerIsBounded(t *testing.T) {
	w := testWorker()
	heard := 0
	w.OnListening(func(ListeningDetail) { heard++ })
	for i := range 3 * toldLoad.calls {
		w.loop.deliver(w.w, Event{Detail: ListeningDetail{Port: i}})
	}
	w.loop.deliver(w.w, Event{Detail: ExitDetail{}}) // is not lost for that
	exited := false
	w.OnExit(func(ExitDetail) { exited = true })
	dispatch(w.loop.dispatcher)
	if heard != toldLoad.calls || !exited {
		t.Errorf("%d heard, want %d; exit heard %v", heard, toldLoad.calls, exited)
	}
	if n := len(w.listeners.past.all); n != pastMax+1 {
		t.Errorf("%d are kept for late listeners, want %d and the exit", n, pastMax)
	}
}

func TestLateListenerHearsOfEachAddressOnce(t *testing.T) {
	w := testWorker()
	for i := range 10 {
		w.loop.deliver(w.w, Event{Detail: ListeningDetail{Port: i % 2, Ms: float64(i)}})
	}
	var heard []string
	w.OnListening(func(d ListeningDetail) { heard = append(heard, fmt.Sprint(d.Port, d.Ms)) })
	dispatch(w.loop.dispatcher)
	if got := strings.Join(heard, ","); got != "0 8,1 9" {
		t.Errorf("heard %s", got)
	}
}

// 70 messages of 15 MB to nobody were a gigabyte.
func TestUnheardMessagesAreBoundedInBytes(t *testing.T) {
	w := testWorker()
	for range 3 {
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: make([]byte, 15_000_000)})
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: make([]byte, 3<<20)})
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: []byte("1")})
	}
	var heard []int
	w.loop.dispatcher.post(func() {
		for _, m := range w.listeners.unheard {
			heard = append(heard, len(m.Value))
		}
	})
	w.OnMessage(func(Message) {})
	w.loop.dispatcher.post(func() {
		if len(w.listeners.unheard) != 0 || w.listeners.bytes != 0 {
			t.Errorf("%d bytes are still kept", w.listeners.bytes)
		}
	})
	dispatch(w.loop.dispatcher)
	if want := fmt.Sprint([]int{3 << 20, 1, 1, 1}); fmt.Sprint(heard) != want {
		t.Errorf("kept %v, want %v", heard, want)
	}
}

func TestMessagesThatWaitAreBoundedInBytes(t *testing.T) {
	w := testWorker()
	heard := 0
	w.OnMessage(func(Message) { heard++ })
	long := make([]byte, ipc.MaxFrame)
	for range 10 {
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: long})
	}
	for _, id := range []int{4, 5, 6, 7, 8} { // all together too
		o := &worker{id: id, slot: &slot{}, api: &Worker{id: id, dispatcher: w.loop.dispatcher}}
		o.api.OnMessage(func(Message) { heard++ })
		for range 4 {
			w.loop.deliverMessage(o, Message{Worker: id, Value: long})
		}
	}
	if w.loop.dispatcher.bytes > messagesAllBytes {
		t.Errorf("%d bytes wait", w.loop.dispatcher.bytes)
	}
	dispatch(w.loop.dispatcher)
	if want := messagesAllBytes / ipc.MaxFrame; heard != want || w.loop.dispatcher.bytes != 0 {
		t.Errorf("%d heard, want %d; %d bytes wait", heard, want, w.loop.dispatcher.bytes)
	}
}

// The JSON form of a message may be six times its length.
func TestEventRingIsBoundedInBytes(t *testing.T) {
	r := newEventRing()
	const size = 64 << 10
	long := strings.Repeat("x", size)
	for i := range 2 * eventsKept {
		r.add(Event{Worker: i + 1, Call: long})
	}
	ev, lost := r.after(0)
	if n := len(ev); n < eventsBytes/size-1 || n > eventsBytes/size || lost != uint64(2*eventsKept-n) || ev[n-1].Worker != 2*eventsKept {
		t.Fatalf("%d events are kept, %d lost", n, lost)
	}
	for i, e := range ev {
		if e.Seq != lost+uint64(i)+1 || e.Worker != int(e.Seq) {
			t.Fatalf("event %d is number %d of worker %d", i, e.Seq, e.Worker)
		}
	}
	for range eventsKept { // short ones take their place
		r.add(Event{})
	}
	if ev, _ := r.after(0); len(ev) != eventsKept || r.bytes != eventsKept*256 {
		t.Errorf("%d short events are kept, counted as %d bytes", len(ev), r.bytes)
	}
}

func TestAddressAWorkerTellsIsCut(t *testing.T) {
	l, w, _ := bareLoop(t)
	long := strings.Repeat("é", 30_000)
	l.listens(w, &ipc.ClusterMsg{Query: &ipc.Query{Address: &long, AddressType: long}})
	ev, _ := l.pub.events.after(0)
	d := ev[len(ev)-1].Detail.(ListeningDetail)
	if len(d.Address) != addressText || len(d.AddressType) != addressText || !strings.HasPrefix(long, d.Address) {
		t.Errorf("%d and %d bytes are kept", len(d.Address), len(d.AddressType))
	}
}

// 100,000 different keys were a list of 100,000, searched from its start.
func TestKeysOfSocketsNobodyGaveAreNotKept(t *testing.T) {
	l, w, _ := bareLoop(t)
	for i := range 1000 {
		for _, cmd := range []string{"NODE_SOCKET_GET_COUNT", "NODE_SOCKET_NOTIFY_CLOSE"} {
			l.read(w, []ipc.Message{{Kind: ipc.OtherInternal, FD: -1, Cmd: cmd, Raw: fmt.Appendf(nil, `{"key":"%d"}`, i)}}, epoch)
		}
	}
	if len(w.flow.sockets) != 0 {
		t.Errorf("%d keys are kept", len(w.flow.sockets))
	}
	w.opened([]byte(`"a"`))
	w.opened([]byte(`"a"`))
	l.messages.handleClosed(w, []byte(`"a"`))
	if len(w.flow.sockets) != 1 || w.flow.sockets[`"a"`].open != 1 {
		t.Errorf("of two, one is closed: %v", w.flow.sockets)
	}
	l.messages.handleClosed(w, []byte(`"a"`))
	l.messages.handleClosed(w, []byte(`"b"`))
	if len(w.flow.sockets) != 0 {
		t.Errorf("all are closed: %v", w.flow.sockets)
	}
}

func TestLogRecordsThatWaitAreBounded(t *testing.T) {
	w := testWorker()
	var log bytes.Buffer
	w.loop.logger = slog.New(slog.NewTextHandler(&log, nil))
	for range logsLoad.calls + 3 {
		w.loop.log(Event{Kind: KindOutput, Detail: ErrorDetail{}})
	}
	dispatch(w.loop.dispatcher)
	if n := bytes.Count(log.Bytes(), []byte("msg=output")); n != logsLoad.calls || !strings.Contains(log.String(), "count=3") {
		t.Errorf("%d records, of the others %.100q", n, log.String())
	}
}

func TestWorkersAreBounded(t *testing.T) {
	l := testWorker().loop
	for i := range MaxWorkers {
		if err := l.supervisor.roomForOne(); err != nil {
			t.Fatal(err)
		}
		l.workers[i] = &worker{}
	}
	if err := l.supervisor.roomForOne(); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	if _, err := New(Options{Workers: MaxWorkers + 1}); err == nil {
		t.Error("as an option more are possible")
	}
}

// Past that the kernel holds the rest, and then its clients wait.
func TestConnectionsThatWaitAreBounded(t *testing.T) {
	l := testWorker().loop
	s := &server{port: &sock.Port{}, dealer: deal.New(deal.TurnOrder)}
	for i := range queueMax {
		if l.ledger.deal(s, epoch); s.paused {
			t.Fatalf("accepting is paused at %d", i)
		}
		s.dealer.Offer(deal.Conn(i), netip.Addr{})
	}
	l.ledger.deal(s, epoch)
	if !s.paused {
		t.Error("accepting goes on")
	}
	for range queueMax - queueResume {
		s.dealer.DropHead()
	}
	if l.ledger.deal(s, epoch); s.paused {
		t.Error("accepting is still paused")
	}
}
