package engine

import "sync"

// dispatcher calls listeners, in order and one at a time, on a goroutine of its
// own: they may block and may call anything. The loop never waits for it.
type dispatcher struct {
	mu    sync.Mutex
	queue []func()
	logs  load
	bytes int    // of all waiting calls
	calls uint64 // calls that have returned
	ended bool
	wake  chan struct{}
}

func newDispatcher() *dispatcher { return &dispatcher{wake: make(chan struct{}, 1)} }

// load is what waits for listeners, or may wait.
type load struct{ calls, bytes, fds int }

func (l load) plus(m load) load { return load{l.calls + m.calls, l.bytes + m.bytes, l.fds + m.fds} }
func (l load) part(n int) load  { return load{l.calls / n, l.bytes / n, l.fds / n} }

func (l load) minus(m load) load { return load{l.calls - m.calls, l.bytes - m.bytes, l.fds - m.fds} }

// over tells whether any value is above that of most; a 0 in most is no limit.
func (l load) over(most load) bool {
	return l.calls > most.calls && most.calls > 0 || l.bytes > most.bytes && most.bytes > 0 || l.fds > most.fds && most.fds > 0
}

// What may wait for listeners. The loop slows a worker before its messages
// reach that: see listenersView.
var (
	messagesLoad = load{calls: 16 << 10, bytes: 64 << 20, fds: 256} // messages of one worker
	toldLoad     = load{calls: 1024}                                // 'listening' and errors of one worker
	logsLoad     = load{calls: 1024}                                // log records
)

// messagesAllBytes bounds the bytes of the messages of all workers that wait.
const messagesAllBytes = 256 << 20

// loadOf is the load a message adds.
func loadOf(m Message) load {
	l := load{calls: 1, bytes: len(m.Value)}
	if m.Handle != nil {
		l.fds = 1
	}
	return l
}

// post queues a call. It is for events that happen once in a worker's life: the
// number of forks bounds them.
func (d *dispatcher) post(f func()) {
	var none load
	d.postLoad(&none, load{}, load{}, f)
}

// postLoad queues a call that adds more to have; false if the sum would be over
// most.
func (d *dispatcher) postLoad(have *load, more, most load, f func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended || have.plus(more).over(most) || more.bytes > 0 && d.bytes+more.bytes > messagesAllBytes {
		return false
	}
	*have = have.plus(more)
	d.bytes += more.bytes
	d.queue = append(d.queue, func() {
		d.mu.Lock()
		*have = have.minus(more)
		d.bytes -= more.bytes
		d.mu.Unlock()
		f()
		d.mu.Lock()
		d.calls++
		d.mu.Unlock()
	})
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return true
}

// state is the waiting load in have, the waiting bytes of all, and how many
// calls have returned.
func (d *dispatcher) state(have *load) (waiting load, all int, calls uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *have, d.bytes, d.calls
}

// run makes the queued calls until end.
func (d *dispatcher) run() {
	for range d.wake {
		for {
			d.mu.Lock()
			calls, ended := d.queue, d.ended
			d.queue = nil
			d.mu.Unlock()
			for i, f := range calls {
				calls[i] = nil // its arguments may be large
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

// end lets run return once all queued calls were made.
func (d *dispatcher) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
