package engine

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// listeners are the functions that hear one event, in the order they were
// added. Only the dispatcher's goroutine touches them.
type listeners[F any] struct{ all []*listening[F] }

type listening[F any] struct {
	f   F
	off atomic.Bool
}

// call calls every listener that was there when it began, as Node does.
func (l *listeners[F]) call(with func(F)) {
	for _, one := range slices.Clone(l.all) {
		if !one.off.Load() {
			with(one.f)
		}
	}
	l.all = slices.DeleteFunc(l.all, func(one *listening[F]) bool { return one.off.Load() })
}

// heard tells whether there is one.
func (l *listeners[F]) heard() bool {
	return slices.ContainsFunc(l.all, func(one *listening[F]) bool { return !one.off.Load() })
}

// add adds f through the dispatcher, so that it hears what comes after it in
// the queue and nothing before; first is called with it before that.
func add[F any](d *dispatcher, l *listeners[F], f F, first func(F)) (remove func()) {
	one := &listening[F]{f: f}
	d.post(func() {
		if first != nil && !one.off.Load() {
			first(f)
		}
		l.all = append(l.all, one)
	})
	return func() { one.off.Store(true) }
}

// clusterListeners hear what happens to any worker.
type clusterListeners struct {
	setup      listeners[func(Settings)]
	fork       listeners[func(*Worker)]
	online     listeners[func(*Worker)]
	listening  listeners[func(*Worker, ListeningDetail)]
	message    listeners[func(*Worker, Message)]
	disconnect listeners[func(*Worker, DisconnectDetail)]
	exit       listeners[func(*Worker, ExitDetail)]
}

// workerListeners hear what happens to one worker, before the cluster's do.
type workerListeners struct {
	online     listeners[func()]
	listening  listeners[func(ListeningDetail)]
	message    listeners[func(Message)]
	disconnect listeners[func(DisconnectDetail)]
	exit       listeners[func(ExitDetail)]
	failed     listeners[func(error)]

	// What has happened already, for listeners that come late: Fork has returned
	// before anybody can add one.
	past    past
	errs    []error
	unheard []Message // messages without a handle that nobody listened for
	bytes   int       // of unheard

	// What waits in the dispatcher, which has the lock.
	waiting, told load
}

const (
	// unheardMax bounds the messages, and the errors, kept of a worker nobody
	// listens to, and unheardBytes the bytes of the messages.
	unheardMax   = 64
	unheardBytes = 4 << 20
)

// deliver has the listeners called for an event of the ring: the worker's own
// first, then the cluster's.
func (l *loop) deliver(w *Worker, e Event) {
	all := &l.listeners
	switch d := e.Detail.(type) {
	case ForkDetail:
		l.dispatcher.post(func() { all.fork.call(func(f func(*Worker)) { f(w) }) })
	case OnlineDetail:
		l.dispatcher.post(func() {
			w.listeners.past.add(d)
			w.listeners.online.call(func(f func()) { f() })
			all.online.call(func(f func(*Worker)) { f(w) })
		})
	case ListeningDetail: // a worker may say it as often as it likes
		ok := l.dispatcher.postLoad(&w.listeners.told, load{calls: 1}, toldLoad, func() {
			w.listeners.past.add(d)
			w.listeners.listening.call(func(f func(ListeningDetail)) { f(d) })
			all.listening.call(func(f func(*Worker, ListeningDetail)) { f(w, d) })
		})
		if !ok {
			l.faulted(l.workers[w.id], "", fmt.Errorf("a 'listening' of worker %d was not told to listeners: %d wait to be heard", w.id, toldLoad.calls))
		}
	case DisconnectDetail:
		l.dispatcher.post(func() {
			w.listeners.past.add(d)
			w.listeners.disconnect.call(func(f func(DisconnectDetail)) { f(d) })
			all.disconnect.call(func(f func(*Worker, DisconnectDetail)) { f(w, d) })
		})
	case ExitDetail:
		l.dispatcher.post(func() {
			w.listeners.past.add(d)
			w.listeners.exit.call(func(f func(ExitDetail)) { f(d) })
			all.exit.call(func(f func(*Worker, ExitDetail)) { f(w, d) })
		})
	}
}

// deliverError has a worker's error listeners called. Too many to be heard are
// left out: each is an event too.
func (l *loop) deliverError(w *Worker, err error) {
	l.dispatcher.postLoad(&w.listeners.told, load{calls: 1}, toldLoad, func() {
		if len(w.listeners.errs) < unheardMax {
			w.listeners.errs = append(w.listeners.errs, err)
		}
		w.listeners.failed.call(func(f func(error)) { f(err) })
	})
}

// deliverMessage has the listeners called for a message, whose handle is theirs.
// A receiver that does not keep up loses some, and is told.
func (l *loop) deliverMessage(w *Worker, m Message) {
	own, all := &w.listeners, &l.listeners
	ok := l.dispatcher.postLoad(&own.waiting, loadOf(m), messagesLoad, func() {
		if !own.message.heard() && !all.message.heard() {
			own.keepUnheard(m)
			m.drop()
			return
		}
		own.message.call(func(f func(Message)) { f(m) })
		all.message.call(func(f func(*Worker, Message)) { f(w, m) })
	})
	if !ok {
		if m.Handle != nil {
			go m.drop() // it may be anything
		}
		l.faulted(l.workers[m.Worker], "", fmt.Errorf("a message of worker %d was dropped: its listeners have not taken those before it (at most %d may wait, with %d MiB or %d descriptors)",
			m.Worker, messagesLoad.calls, messagesLoad.bytes>>20, messagesLoad.fds))
	}
}

// keepUnheard keeps a message nobody listens for, if there is room.
func (w *workerListeners) keepUnheard(m Message) {
	if m.Handle == nil && len(w.unheard) < unheardMax && w.bytes+len(m.Value) <= unheardBytes {
		w.unheard = append(w.unheard, m)
		w.bytes += len(m.Value)
	}
}

// takeUnheard gives out what was kept.
func (w *workerListeners) takeUnheard() []Message {
	ms := w.unheard
	w.unheard, w.bytes = nil, 0
	return ms
}
