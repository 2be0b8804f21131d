package rawconn

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// pulse keeps the runtime's monitor awake while connections bring something.
//
// The monitor interrupts a goroutine that computes for 10 ms, so that others
// get its processor. It sleeps while nothing runs; a system call wakes it, or the
// next timer. It does not see the calls of this package: a request that computes
// would hold up every other until something else woke it, for seconds.
type pulse struct {
	state atomic.Int32
	mu    sync.Mutex
	timer *time.Timer
}

const (
	pulseStopped = iota // no timer runs
	pulseQuiet          // the timer runs, and nothing has come since it last fired
	pulseBeaten         // the timer runs, and something has come
)

// pulseEvery is how long the monitor may sleep while connections bring something.
const pulseEvery = 20 * time.Millisecond

// monitor is the pulse of this process: its runtime has one monitor.
var monitor pulse

// beat says that a connection has brought something.
func (p *pulse) beat() {
	if p.state.Load() == pulseBeaten || p.state.Swap(pulseBeaten) != pulseStopped {
		return
	}
	p.mu.Lock()
	if p.timer == nil {
		p.timer = time.AfterFunc(pulseEvery, p.fired)
	} else {
		p.timer.Reset(pulseEvery)
	}
	p.mu.Unlock()
	// It may sleep already, until a later timer: this call wakes it.
	_, _, _ = syscall.Syscall(syscall.SYS_GETPID, 0, 0, 0)
}

func (p *pulse) fired() {
	if p.state.CompareAndSwap(pulseQuiet, pulseStopped) {
		return
	}
	p.state.Store(pulseQuiet)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Reset(pulseEvery)
}
