package engine

import "fmt"

// deliver queues the calls of the listeners for an event of the ring: the
// worker's own first, then the cluster's.
func (t *teller) deliver(w *worker, e Event) {
	v, all := w.api, &t.listeners
	switch d := e.Detail.(type) {
	case ForkDetail:
		t.dispatcher.post(func() { all.fork.call(func(f func(*Worker)) { f(v) }) })
	case OnlineDetail:
		t.dispatcher.post(func() {
			v.listeners.past.add(d)
			v.listeners.online.call(func(f func()) { f() })
			all.online.call(func(f func(*Worker)) { f(v) })
		})
	case ListeningDetail: // a worker may send it any number of times
		ok := t.dispatcher.postLoad(&v.listeners.told, load{calls: 1}, toldLoad, func() {
			v.listeners.past.add(d)
			v.listeners.listening.call(func(f func(ListeningDetail)) { f(d) })
			all.listening.call(func(f func(*Worker, ListeningDetail)) { f(v, d) })
		})
		if !ok {
			t.faulted(w, "", fmt.Errorf("a 'listening' of worker %d was not told to listeners: %d wait to be heard", w.id, toldLoad.calls))
		}
	case DisconnectDetail:
		t.dispatcher.post(func() {
			v.listeners.past.add(d)
			v.listeners.disconnect.call(func(f func(DisconnectDetail)) { f(d) })
			all.disconnect.call(func(f func(*Worker, DisconnectDetail)) { f(v, d) })
		})
	case ExitDetail:
		t.dispatcher.post(func() {
			v.listeners.past.add(d)
			v.listeners.exit.call(func(f func(ExitDetail)) { f(d) })
			all.exit.call(func(f func(*Worker, ExitDetail)) { f(v, d) })
		})
	}
}

// deliverError queues the calls of a worker's error listeners. Surplus errors
// are left out: each is an event too.
func (t *teller) deliverError(w *worker, err error) {
	v := w.api
	t.dispatcher.postLoad(&v.listeners.told, load{calls: 1}, toldLoad, func() {
		if len(v.listeners.errs) < unheardMax {
			v.listeners.errs = append(v.listeners.errs, err)
		}
		v.listeners.failed.call(func(f func(error)) { f(err) })
	})
}

// deliverMessage queues the calls of the listeners for a message, who then own
// its handle. A receiver that does not keep up loses messages, and an event
// says so.
func (t *teller) deliverMessage(w *worker, m Message) {
	v, all := w.api, &t.listeners
	own := &v.listeners
	ok := t.dispatcher.postLoad(&own.waiting, loadOf(m), messagesLoad, func() {
		if !own.message.heard() && !all.message.heard() {
			own.keepUnheard(m)
			m.drop()
			return
		}
		own.message.call(func(f func(Message)) { f(m) })
		all.message.call(func(f func(*Worker, Message)) { f(v, m) })
	})
	if !ok {
		if m.Handle != nil {
			go m.drop() // the handle may be any file, and its close slow
		}
		t.faulted(w, "", fmt.Errorf("a message of worker %d was dropped: its listeners have not taken those before it (at most %d may wait, with %d MiB or %d descriptors)",
			m.Worker, messagesLoad.calls, messagesLoad.bytes>>20, messagesLoad.fds))
	}
}
