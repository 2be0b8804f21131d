package engine

import (
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

// heard tells whether there is a listener.
func (l *listeners[F]) heard() bool {
	return slices.ContainsFunc(l.all, func(one *listening[F]) bool { return !one.off.Load() })
}

// add adds f through the dispatcher, so that f hears only what comes later in
// the queue; before that first is called with f.
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

	// What has happened already, for late listeners: Fork has returned before
	// anybody can add a listener.
	past    past
	errs    []error
	unheard []Message // messages without a handle that nobody listened for
	bytes   int       // of unheard

	// What waits in the dispatcher; the dispatcher's lock protects it.
	waiting, told load
}

const (
	// unheardMax bounds the messages, and the errors, kept of a worker nobody
	// listens to, and unheardBytes the bytes of the messages.
	unheardMax   = 64
	unheardBytes = 4 << 20
)

// keepUnheard keeps a message nobody listens for, if there is room.
func (w *workerListeners) keepUnheard(m Message) {
	if m.Handle == nil && len(w.unheard) < unheardMax && w.bytes+len(m.Value) <= unheardBytes {
		w.unheard = append(w.unheard, m)
		w.bytes += len(m.Value)
	}
}

// takeUnheard returns the kept messages.
func (w *workerListeners) takeUnheard() []Message {
	ms := w.unheard
	w.unheard, w.bytes = nil, 0
	return ms
}
