package engine

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// dispatch runs a dispatcher until what was queued is done.
func dispatch(d *dispatcher) {
	d.end()
	d.run()
}

// loopAt is a loop that has not started, whose clock stands still.
func loopAt(at time.Time) *loop {
	return newLoop(Options{}, program{}, nil, func() time.Time { return at })
}

// told is a worker whose listeners can be called.
type told struct {
	*Worker
	loop *loop
	w    *worker
}

func testWorker() told {
	l := loopAt(epoch)
	w := &worker{id: 3, slot: &slot{}, api: &Worker{id: 3, box: l.mailbox, dispatcher: l.dispatcher}}
	return told{w.api, l, w}
}

func TestWorkersListenersComeFirst(t *testing.T) {
	w := testWorker()
	c := &Cluster{w.loop}
	var heard []string
	hear := func(s string) { heard = append(heard, s) }
	c.OnExit(func(*Worker, ExitDetail) { hear("cluster 1") })
	w.OnExit(func(ExitDetail) { hear("worker 1") })
	c.OnExit(func(*Worker, ExitDetail) { hear("cluster 2") })
	w.OnExit(func(ExitDetail) { hear("worker 2") })
	c.OnOnline(func(*Worker) { hear("online") })
	w.loop.deliver(w.w, Event{Detail: OnlineDetail{}})
	w.loop.deliver(w.w, Event{Detail: ExitDetail{}})
	dispatch(w.loop.dispatcher)
	if want := []string{"online", "worker 1", "worker 2", "cluster 1", "cluster 2"}; !reflect.DeepEqual(heard, want) {
		t.Errorf("%q, want %q", heard, want)
	}
}

// Fork has returned before anybody can listen to its worker.
func TestLateListenerHearsWhatHasHappened(t *testing.T) {
	w := testWorker()
	w.loop.deliver(w.w, Event{Detail: OnlineDetail{}})
	w.loop.deliver(w.w, Event{Detail: ListeningDetail{Port: 1}})
	w.loop.deliver(w.w, Event{Detail: ListeningDetail{Port: 2}})
	w.loop.deliverMessage(w.w, Message{Worker: 3, Value: []byte(`"early"`)})
	var heard []string
	w.OnListening(func(d ListeningDetail) { heard = append(heard, fmt.Sprint(d.Port)) })
	w.OnMessage(func(m Message) { heard = append(heard, string(m.Value)) })
	w.OnMessage(func(m Message) { heard = append(heard, "twice "+string(m.Value)) })
	w.loop.deliver(w.w, Event{Detail: ListeningDetail{Port: 3}})
	dispatch(w.loop.dispatcher)
	if want := []string{"1", "2", `"early"`, "3"}; !reflect.DeepEqual(heard, want) {
		t.Errorf("%q, want %q", heard, want)
	}
}

func TestRemovedListenerHearsNothing(t *testing.T) {
	w := testWorker()
	heard := 0
	remove := w.OnOnline(func() { heard++ })
	w.loop.deliver(w.w, Event{Detail: OnlineDetail{}})
	w.loop.dispatcher.post(func() { remove() })
	w.loop.deliver(w.w, Event{Detail: OnlineDetail{}})
	dispatch(w.loop.dispatcher)
	if heard != 1 || len(w.listeners.online.all) != 0 {
		t.Errorf("heard %d times, %d listeners kept", heard, len(w.listeners.online.all))
	}
}

func TestMessagesThatWaitAreBounded(t *testing.T) {
	w := testWorker()
	heard := 0
	w.OnMessage(func(Message) { heard++ })
	for range messagesLoad.calls + 3 {
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: []byte("1")})
	}
	w.loop.deliver(w.w, Event{Detail: ExitDetail{}}) // is not lost for that
	exited := false
	w.OnExit(func(ExitDetail) { exited = true })
	ev, _ := w.loop.pub.events.after(0)
	dispatch(w.loop.dispatcher)
	if heard != messagesLoad.calls || !exited || len(ev) != 3 || ev[0].Kind != KindError {
		t.Errorf("%d heard, exit heard %t, events %v", heard, exited, ev)
	}
}

func TestUnheardMessagesAreBounded(t *testing.T) {
	w := testWorker()
	for range unheardMax + 5 {
		w.loop.deliverMessage(w.w, Message{Worker: 3, Value: []byte("1")})
	}
	heard := 0
	w.OnMessage(func(Message) { heard++ })
	dispatch(w.loop.dispatcher)
	if heard != unheardMax {
		t.Errorf("%d heard, want %d", heard, unheardMax)
	}
}
