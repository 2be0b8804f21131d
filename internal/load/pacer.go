package load

import (
	"sync"
	"time"
)

// pacer gives the requests of a plan to clients. Its own goroutine wakes when a
// request is due; a client that has finished a request takes the next by itself
// if it is due already, which saves a busy run the hand-over.
type pacer struct {
	r    *Runner
	wake chan struct{} // the picture has changed; holds one

	mu      sync.Mutex
	plan    plan
	idle    []*client // ordered: the client idle for the shortest time comes last
	started int
	starved bool      // a request is due and no client is free
	frozen  time.Time // when the run was told to stop
}

func newPacer(r *Runner) *pacer {
	p := &pacer{r: r, wake: make(chan struct{}, 1)}
	p.plan.limit = int64(r.opts.Requests)
	p.plan.setRate(r.started, r.opts.Rate)
	return p
}

// run starts clients and wakes them until the run is told to stop.
func (p *pacer) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		if wait, ok := p.dispatch(); ok {
			if wait <= fineSleep {
				fineWait(wait)
				continue
			}
			timer.Reset(wait - fineSleep)
			due = timer.C
		}
		select {
		case <-due:
		case <-p.wake:
		case <-p.r.ctx.Done():
			return
		}
	}
}

// dispatch hands out the requests that are due. It returns the time until the
// next one, or false if only another event will make one due.
func (p *pacer) dispatch() (wait time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.r.ctx.Err() == nil && !p.plan.exhausted() {
		now := time.Now()
		if wait := p.plan.next(now).Sub(now); wait > 0 {
			return wait, true
		}
		if len(p.idle) == 0 && p.started >= p.r.opts.Concurrency {
			p.starved = true
			return 0, false
		}
		due, _ := p.plan.take(now)
		p.free() <- job{due: due, timed: p.plan.rate > 0}
		p.endIfExhausted()
	}
	return 0, false
}

// free returns the channel of a client without a job, and starts a client if
// there is none. The channel has room.
func (p *pacer) free() chan<- job {
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return c.jobs
	}
	c := newClient(p.r, p.started)
	p.started++
	p.r.spawn(c.run)
	return c.jobs
}

// job is one request to send.
type job struct {
	due   time.Time
	timed bool // its latency counts from due: the open loop
}

// next waits for a client's next request. It returns false when the run is
// told to stop and there is none.
func (p *pacer) next(c *client) (job, bool) {
	p.mu.Lock()
	if len(c.jobs) == 0 && p.r.ctx.Err() == nil {
		if due, ok := p.plan.take(time.Now()); ok {
			j := job{due: due, timed: p.plan.rate > 0}
			p.endIfExhausted()
			p.mu.Unlock()
			return j, true
		}
		p.idle = append(p.idle, c)
		if p.starved {
			p.starved = false
			p.poke()
		}
	}
	p.mu.Unlock()
	select {
	case j := <-c.jobs:
		return j, true
	case <-p.r.ctx.Done():
	}
	// A request handed out before the stop counts as begun. Nothing is handed
	// out after the stop, under this lock.
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case j := <-c.jobs:
		return j, true
	default:
		return job{}, false
	}
}

// endIfExhausted stops the run when its last request has been handed out.
func (p *pacer) endIfExhausted() {
	if p.plan.exhausted() {
		p.r.cancel(errStopped)
	}
}

func (p *pacer) setRate(n int) {
	p.mu.Lock()
	p.plan.setRate(time.Now(), n)
	p.mu.Unlock()
	p.poke()
}

func (p *pacer) poke() {
	select {
	case p.wake <- struct{}{}:
	default: // the pacer will look anyway
	}
}

// freeze keeps what becomes due after the stop from counting as overdue.
func (p *pacer) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen.IsZero() {
		p.frozen = time.Now()
	}
}

// state is the rate now, and how many requests are late and not begun.
func (p *pacer) state() (rate int, overdue uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.frozen.IsZero() {
		now = p.frozen
	}
	now = now.Add(-lateAfter)
	if p.plan.exhausted() {
		return p.plan.rate, uint64(p.plan.skipped)
	}
	return p.plan.rate, uint64(p.plan.overdue(now))
}
