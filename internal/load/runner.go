package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Runner is a run under way. All its methods may be called from any goroutine.
type Runner struct {
	opts    Options
	target  target
	ctx     context.Context // ends the sending, never a request under way
	cancel  context.CancelCauseFunc
	started time.Time
	tickets atomic.Int64 // requests begun, while Requests is a limit
	clients []*client

	errMu  sync.Mutex
	errors []string

	done   chan struct{} // closed when result and err are set
	result Result
	err    error
}

// What Result.Errors may hold.
const (
	maxErrors   = 8
	maxErrorLen = 200
)

// errStopped is the cause of a run's end that is no failure.
var errStopped = errors.New("stopped")

// Run starts a run and waits for its end. It returns an error if the options
// are wrong or the client itself cannot go on (out of descriptors, say; the
// result then holds what was measured until there). That ctx ended is no error.
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
	r := &Runner{opts: o, target: to, started: time.Now(), done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	var stopTimer func() bool
	if o.Duration > 0 {
		stopTimer = time.AfterFunc(o.Duration, r.Stop).Stop
	}
	var running sync.WaitGroup
	for i := range o.Concurrency {
		c := newClient(r, i)
		r.clients = append(r.clients, c)
		running.Go(c.run)
	}
	go func() {
		running.Wait()
		if stopTimer != nil {
			stopTimer()
		}
		r.finish()
	}()
	return r, nil
}

// Stop ends the sending. Requests under way may finish; Wait waits for them.
func (r *Runner) Stop() { r.cancel(errStopped) }

// Wait returns the result after the last request has ended.
func (r *Runner) Wait() (Result, error) {
	<-r.done
	return r.result, r.err
}

// Stats returns the run as it stands.
func (r *Runner) Stats() Stats {
	var s Stats
	for _, c := range r.clients {
		// The ends before the sent ones: so a request that ends in between is
		// at worst still in flight, never ended without having been sent.
		s.OK += c.ends[ok].Load()
		s.Refused += c.ends[refused].Load()
		s.Reset += c.ends[reset].Load()
		s.TimedOut += c.ends[timedOut].Load()
		s.Cut += c.ends[cut].Load()
		s.Wrong += c.ends[wrong].Load()
		s.Sent += c.sent.Load()
	}
	s.InFlight = s.Sent - s.OK - s.Failed()
	s.Elapsed = time.Since(r.started)
	return s
}

// finish makes the result, after the last client has ended.
func (r *Runner) finish() {
	s := r.Stats()
	r.result = Result{Counts: s.Counts, Elapsed: s.Elapsed, ByWorker: map[string]uint64{}}
	var all histogram
	for _, c := range r.clients {
		all.merge(&c.latency)
		for id, n := range c.byWorker {
			r.result.ByWorker[id] += n
		}
	}
	r.result.Latency = all.summary()
	r.errMu.Lock()
	r.result.Errors = r.errors
	r.errMu.Unlock()
	var local *localError
	if errors.As(context.Cause(r.ctx), &local) {
		r.err = fmt.Errorf("load: the client cannot go on: %w", local)
	}
	r.cancel(errStopped)
	close(r.done)
}

// next reports whether a client may send one more request.
func (r *Runner) next() bool {
	if r.ctx.Err() != nil {
		return false
	}
	return r.opts.Requests == 0 || r.tickets.Add(1) <= int64(r.opts.Requests)
}

// note keeps the text of a failure, if it is a new one.
func (r *Runner) note(e end, err error) {
	r.errMu.Lock()
	defer r.errMu.Unlock()
	if len(r.errors) == maxErrors {
		return
	}
	text := e.String() + ": " + plainText(err)
	if len(text) > maxErrorLen {
		text = strings.ToValidUTF8(text[:maxErrorLen], "")
	}
	if !slices.Contains(r.errors, text) {
		r.errors = append(r.errors, text)
	}
}
