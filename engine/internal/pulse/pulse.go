// Package pulse keeps the runtime's monitor awake while there is work.
//
// The monitor interrupts a goroutine that computes for 10 ms, so that others get
// its processor. It sleeps while nothing runs; a system call wakes it, or the next
// timer. It does not see raw system calls, of which the runtime is not told: where
// all are raw, a goroutine that computes would hold up every other until something
// else woke the monitor, for seconds. A monitor that every call wakes, though,
// costs as much as a tenth of a short connection.
//
// What may enter: nothing of muster.
//
// What it promises: after Beat, and for as long as Beat is called at least once in
// 20 ms, the monitor does not sleep for longer than 20 ms at a time.
package pulse

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// pulse is a timer that runs while there is work.
type pulse struct {
	state atomic.Int32
	mu    sync.Mutex
	timer *time.Timer
}

const (
	stopped = iota // no timer runs
	quiet          // the timer runs, and nothing has come since it last fired
	beaten         // the timer runs, and something has come
)

// every is how long the monitor may sleep while there is work.
const every = 20 * time.Millisecond

// monitor is the pulse of this process: its runtime has one monitor.
var monitor pulse

// Beat says that there is work. Any goroutine may call it, as often as it likes.
func Beat() { monitor.beat() }

func (p *pulse) beat() {
	if p.state.Load() == beaten || p.state.Swap(beaten) != stopped {
		return
	}
	p.mu.Lock()
	if p.timer == nil {
		p.timer = time.AfterFunc(every, p.fired)
	} else {
		p.timer.Reset(every)
	}
	p.mu.Unlock()
	// It may sleep already, until a later timer: this call wakes it.
	_, _, _ = syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
}

func (p *pulse) fired() {
	if p.state.CompareAndSwap(quiet, stopped) {
		return
	}
	p.state.Store(quiet)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Reset(every)
}
