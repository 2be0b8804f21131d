package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Runner is a run under way. All its methods may be called from any goroutine.
type Runner struct {
	opts    Options
	dialer  *dialer
	ctx     context.Context // ends the sending, never a request under way
	cancel  context.CancelCauseFunc
	started time.Time
	pacer   *pacer
	tally   *tally
	running sync.WaitGroup // every goroutine but the one that waits for them

	errMu sync.Mutex
	local error // why the client cannot go on
	hints hints

	done   chan struct{} // closed when result and err are set
	result Result
	err    error
}

// errStopped is the cause of a run's end without a failure.
var errStopped = errors.New("stopped")

// ErrEnded is what SetRate returns when the run sends no more.
var ErrEnded = errors.New("load: the run has ended")

// Run starts a run and waits for its end. It returns an error if the options
// are wrong or the client itself cannot go on (for example without descriptors;
// the result then holds what was measured before). The end of ctx is no error.
func Run(ctx context.Context, o Options) (Result, error) {
	r, err := Start(ctx, o)
	if err != nil {
		return Result{}, err
	}
	return r.Wait()
}

// Start begins to send, in goroutines that end by themselves after the last
// request: at most Options.Timeout after ctx ends, or Stop is called. It
// returns an error if the options are wrong.
func Start(ctx context.Context, o Options) (*Runner, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	to, err := o.resolve(ctx)
	if err != nil {
		return nil, err
	}
	return start(ctx, o, to)
}

// start is Start, once the target is known.
func start(ctx context.Context, o Options, to target) (*Runner, error) {
	if o.TLS != nil {
		o.TLS = tlsConfig(o.TLS, to.name)
	}
	r := &Runner{opts: o, dialer: newDialer(to), started: time.Now(), done: make(chan struct{})}
	r.tally = newTally(r.started)
	r.pacer = newPacer(r)
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	context.AfterFunc(r.ctx, r.pacer.freeze)
	stopTimer := func() bool { return false }
	if o.Duration > 0 {
		stopTimer = time.AfterFunc(o.Duration, r.Stop).Stop
	}
	r.spawn(r.pacer.run)
	for i := range o.Slow {
		r.spawn(func() { r.runSlow(o.Concurrency + i) })
	}
	dials := make(chan struct{}, maxDials)
	for range o.Idle {
		r.spawn(func() { r.hold(dials) })
	}
	go func() {
		r.running.Wait()
		stopTimer()
		r.finish()
	}()
	return r, nil
}

// SetRate changes the rate while the run sends, from the next request on;
// requests that are due already stay due. 0 makes the run a closed loop, in
// which all Concurrency clients send as fast as they get answers, and gives up
// requests that are due. A rate makes a closed loop an open one, whose clients
// finish their request first. Concurrency stays as it was at the start. The
// error is about the number, or ErrEnded.
func (r *Runner) SetRate(n int) error {
	if n < 0 || n > MaxRate {
		return rateError(n)
	}
	if r.ctx.Err() != nil {
		return ErrEnded
	}
	r.pacer.setRate(n)
	return nil
}

// Stop ends the sending. Requests under way may finish; Wait waits for them.
func (r *Runner) Stop() { r.cancel(errStopped) }

// Done is closed when the last request has ended.
func (r *Runner) Done() <-chan struct{} { return r.done }

// Wait returns the result after the last request has ended.
func (r *Runner) Wait() (Result, error) {
	<-r.done
	return r.result, r.err
}

// Stats returns the run as it stands: all figures are of one moment. A call
// takes some microseconds, so ten a second cost nothing.
func (r *Runner) Stats() Stats {
	s := r.tally.stats()
	s.Target, s.Overdue = r.pacer.state()
	s.Addr = r.dialer.addr()
	if s.OK == 0 {
		s.Hint = r.hint()
	}
	if r.opts.Duration > 0 && r.ctx.Err() == nil {
		s.Left = max(r.opts.Duration-s.Elapsed, 0)
	}
	return s
}

// finish makes the result, after the last client has ended.
func (r *Runner) finish() {
	r.tally.stop()
	r.pacer.freeze() // the run's end may come here before the freeze hooked to it
	s := r.Stats()
	r.result = Result{
		Counts: s.Counts, Late: s.Late, Overdue: s.Overdue, Holds: s.Holds,
		Elapsed: s.Elapsed, Latency: s.Latency, ByWorker: r.tally.workers(),
		Reasons: s.Reasons, Errors: texts(s.Reasons), Hint: s.Hint, Addr: s.Addr,
	}
	r.errMu.Lock()
	if r.local != nil {
		r.err = fmt.Errorf("load: the client cannot go on: %w", r.local)
	}
	r.errMu.Unlock()
	r.cancel(errStopped)
	close(r.done)
}

// spawn runs f in a goroutine that the run's end waits for. It may be called
// before the first such goroutine has ended, and by these goroutines.
func (r *Runner) spawn(f func()) {
	r.running.Go(func() {
		defer r.onPanic()
		f()
	})
}

func (r *Runner) onPanic() {
	if r.opts.OnPanic == nil {
		return
	}
	if v := recover(); v != nil {
		r.opts.OnPanic(v)
		panic(v)
	}
}

// pause waits, but only until the run is told to stop.
func (r *Runner) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
	}
}

// giveUp ends the run for a reason of this process.
func (r *Runner) giveUp(err error) {
	r.errMu.Lock()
	if r.local == nil {
		r.local = err
	}
	r.errMu.Unlock()
	r.cancel(err)
}
