package engine

import (
	"fmt"
	"slices"
	"sync"
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
	past    []Detail
	errs    []error
	unheard []Message // messages without a handle that nobody listened for
}

// unheardMax bounds the messages kept of a worker nobody listens to.
const unheardMax = 64

// dispatcher calls listeners, in order and one at a time, on a goroutine of its
// own: they may block and may call anything. The loop never waits for it.
type dispatcher struct {
	mu       sync.Mutex
	queue    []func()
	messages int // of the queue
	logs     int
	ended    bool
	wake     chan struct{}
}

func newDispatcher() *dispatcher { return &dispatcher{wake: make(chan struct{}, 1)} }

// messagesMax bounds the messages, and the log records, that wait for a
// listener.
const messagesMax = 1024

// post queues a call. What a cluster's life brings is bounded by its workers
// and by how often they may be forked, so it is not counted.
func (d *dispatcher) post(f func()) { d.postCounted(nil, f) }

// postCounted queues a call of a kind that is bounded; false if too many wait.
func (d *dispatcher) postCounted(n *int, f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || n != nil && *n >= messagesMax {
		return false
	}
	call := f
	if n != nil {
		*n++
		call = func() {
			d.mu.Lock()
			*n--
			d.mu.Unlock()
			f()
		}
	}
	d.queue = append(d.queue, call)
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return true
}

// run calls what is queued until end.
func (d *dispatcher) run() {
	for range d.wake {
		for {
			d.mu.Lock()
			calls, ended := d.queue, d.ended
			d.queue = nil
			d.mu.Unlock()
			for _, f := range calls {
				f()
			}
			if len(calls) == 0 {
				if ended {
					return
				}
				break
			}
		}
	}
}

// end lets run return once everything queued was called.
func (d *dispatcher) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// deliver has the listeners called for an event of the ring: the worker's own
// first, then the cluster's.
func (l *loop) deliver(w *Worker, e Event) {
	all := &l.listeners
	switch d := e.Detail.(type) {
	case ForkDetail:
		l.dispatcher.post(func() { all.fork.call(func(f func(*Worker)) { f(w) }) })
	case OnlineDetail:
		l.dispatcher.post(func() {
			w.listeners.past = append(w.listeners.past, d)
			w.listeners.online.call(func(f func()) { f() })
			all.online.call(func(f func(*Worker)) { f(w) })
		})
	case ListeningDetail:
		l.dispatcher.post(func() {
			w.listeners.past = append(w.listeners.past, d)
			w.listeners.listening.call(func(f func(ListeningDetail)) { f(d) })
			all.listening.call(func(f func(*Worker, ListeningDetail)) { f(w, d) })
		})
	case DisconnectDetail:
		l.dispatcher.post(func() {
			w.listeners.past = append(w.listeners.past, d)
			w.listeners.disconnect.call(func(f func(DisconnectDetail)) { f(d) })
			all.disconnect.call(func(f func(*Worker, DisconnectDetail)) { f(w, d) })
		})
	case ExitDetail:
		l.dispatcher.post(func() {
			w.listeners.past = append(w.listeners.past, d)
			w.listeners.exit.call(func(f func(ExitDetail)) { f(d) })
			all.exit.call(func(f func(*Worker, ExitDetail)) { f(w, d) })
		})
	}
}

// deliverError has a worker's error listeners called.
func (l *loop) deliverError(w *Worker, err error) {
	l.dispatcher.post(func() {
		w.listeners.errs = append(w.listeners.errs, err)
		w.listeners.failed.call(func(f func(error)) { f(err) })
	})
}

// deliverMessage has the listeners called for a message, whose handle is theirs.
// A receiver that does not keep up loses some, and is told.
func (l *loop) deliverMessage(w *Worker, m Message) {
	ok := l.dispatcher.postCounted(&l.dispatcher.messages, func() {
		own, all := &w.listeners, &l.listeners
		if !own.message.heard() && !all.message.heard() {
			if m.Handle == nil && len(own.unheard) < unheardMax {
				own.unheard = append(own.unheard, m)
			}
			m.drop()
			return
		}
		own.message.call(func(f func(Message)) { f(m) })
		all.message.call(func(f func(*Worker, Message)) { f(w, m) })
	})
	if !ok {
		m.drop()
		l.failed(l.workers[m.Worker], "", fmt.Errorf("a message of worker %d was dropped: %d wait to be received", m.Worker, messagesMax))
	}
}

// drop closes what came with a message nobody takes.
func (m Message) drop() {
	if m.Handle != nil {
		_ = m.Handle.Close()
	}
}
