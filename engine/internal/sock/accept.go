package sock

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// The pauses after an accept that failed because resources ran out.
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second
	// reportEvery keeps a machine that has run out of descriptors from filling
	// the log.
	reportEvery = time.Second
)

// acceptor is the accept goroutine of one port and what is needed to steer it.
type acceptor struct {
	front   *os.File
	raw     syscall.RawConn
	addr    Addr
	deliver func([]Accepted)
	report  func(error)
	// accept is Accept; a test replaces it with one that fails.
	accept func(fd int) (int, netip.AddrPort, error)

	stopOnce sync.Once
	stop     chan struct{} // closed: end
	done     chan struct{} // closed: has ended

	mu     sync.Mutex
	paused chan struct{} // nil = not paused; closed on resume

	// The goroutine's own.
	take     func(fd uintptr) bool // made once, so that next allocates nothing
	batch    []Accepted            // what take has taken, and what stopped it
	err      error
	reserve  int // a descriptor that can be given up to take one connection; -1 = none
	shed     int // connections closed unanswered and not yet reported
	reported time.Time
}

// StartAccept starts the goroutine that accepts on front. It gives batches of 1
// to 64 connections to deliver, and troubles to report, both from that
// goroutine; deliver owns the descriptors, but not the slice, which the next
// batch comes in. It may block, which holds accepting back, but must not wait for
// a goroutine that waits for Close.
//
// No other process may have the front socket: one that makes it blocking would
// make Accept wait.
func (p *Port) StartAccept(deliver func([]Accepted), report func(error)) {
	p.startAcceptWith(Accept, deliver, report)
}

func (p *Port) startAcceptWith(accept func(int) (int, netip.AddrPort, error), deliver func([]Accepted), report func(error)) {
	if p.acc != nil || p.closed.Load() {
		return
	}
	a := &acceptor{
		front: p.front, addr: p.addr, accept: accept, deliver: deliver, report: report,
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	raw, err := p.front.SyscallConn() // not Fd: that would make the socket blocking
	if err != nil {
		report(fmt.Errorf("accepting on %s: %w", p.addr, err)) // fails only for a closed file, which front is not
		return
	}
	a.raw, a.reserve, a.take = raw, Reserve(), a.takeBatch
	p.acc = a
	go a.run() // ended and waited for by stopAccept
}

// PauseAccept stops taking connections from the kernel. After it has returned at
// most one more batch is delivered. It may be called while another goroutine
// closes the port.
func (p *Port) PauseAccept() {
	if a := p.acc; a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.paused == nil {
			a.paused = make(chan struct{})
		}
	}
}

// ResumeAccept undoes PauseAccept. It may be called when PauseAccept may.
func (p *Port) ResumeAccept() {
	if a := p.acc; a != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.paused != nil {
			close(a.paused)
			a.paused = nil
		}
	}
}

// Paused tells whether accepting is paused. It may be called when PauseAccept may.
func (p *Port) Paused() bool { return p.acc != nil && p.acc.isPaused() }

// stopAccept ends the accept goroutine and waits for it.
func (p *Port) stopAccept() {
	a := p.acc
	if a == nil {
		return
	}
	a.stopOnce.Do(func() {
		close(a.stop)
		// Only a deadline wakes the goroutine without closing the socket; a
		// close would reset the connections that wait there.
		_ = a.front.SetReadDeadline(time.Unix(1, 0))
	})
	<-a.done
}

func (a *acceptor) run() {
	defer close(a.done)
	defer a.dropReserve()
	pause := acceptPauseMin
	for a.mayAccept() {
		batch, err := a.next()
		if len(batch) > 0 {
			a.deliver(batch)
			pause = acceptPauseMin
		}
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) { // the deadline of stopAccept
			continue
		}
		if OutOfResources(err) {
			a.shedOne()
		}
		a.tell(err)
		if !a.sleep(pause) {
			return
		}
		pause = min(2*pause, acceptPauseMax)
	}
}

// mayAccept waits while accepting is paused. It returns false when the
// goroutine must end.
func (a *acceptor) mayAccept() bool {
	for {
		a.mu.Lock()
		paused := a.paused
		a.mu.Unlock()
		select {
		case <-a.stop:
			return false
		default:
		}
		if paused == nil {
			return true
		}
		select {
		case <-a.stop:
			return false
		case <-paused:
		}
	}
}

func (a *acceptor) isPaused() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.paused != nil
}

// next waits in the runtime's poller until there is a batch, an error, or a
// pause. The batch is good until the next call.
func (a *acceptor) next() ([]Accepted, error) {
	a.batch, a.err = a.batch[:0], nil
	if err := a.raw.Read(a.take); err != nil {
		return nil, err
	}
	return a.batch, a.err
}

// takeBatch is take. It returns false if there was nothing, and next must wait.
func (a *acceptor) takeBatch(fd uintptr) bool {
	if a.isPaused() {
		return true
	}
	var more bool
	a.batch, more, a.err = acceptBatch(a.accept, int(fd), a.batch, batchMax)
	// Waiting is right only when the queue was seen empty: the poller tells of
	// changes, not of what is there.
	return more || len(a.batch) > 0 || a.err != nil
}

// shedOne takes the connection at the head of the queue and closes it: with no
// descriptor left for it, its client gets an end at least.
func (a *acceptor) shedOne() {
	if a.reserve < 0 {
		a.reserve = Reserve()
		return
	}
	a.dropReserve()
	_ = a.raw.Control(func(fd uintptr) {
		if n, _, err := a.accept(int(fd)); err == nil {
			_ = unix.Close(n)
			a.shed++
		}
	})
	a.reserve = Reserve()
}

func Reserve() int {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

func (a *acceptor) dropReserve() {
	if a.reserve >= 0 {
		_ = unix.Close(a.reserve)
		a.reserve = -1
	}
}

// tell reports a trouble, at most once in reportEvery.
func (a *acceptor) tell(err error) {
	now := time.Now()
	if !a.reported.IsZero() && now.Sub(a.reported) < reportEvery {
		return
	}
	a.reported = now
	if a.shed > 0 {
		err = fmt.Errorf("%w; connections closed without an answer: %d", err, a.shed)
		a.shed = 0
	}
	a.report(fmt.Errorf("accepting on %s: %w", a.addr, err))
}

// sleep waits, and returns false if the goroutine must end.
func (a *acceptor) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-a.stop:
		return false
	}
}
