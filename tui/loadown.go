package tui

import (
	"context"
	"errors"
	"sync"
	"time"

	"muster/internal/load"
	"muster/internal/onscreen"
)

const (
	loadEvery    = time.Second            // between two looks at a running load
	loadStopWait = 500 * time.Millisecond // how long a load may take to end once it was told to; see Loader.Stop
)

// ownLoad is a Loader that sends from this process.
type ownLoad struct {
	onPanic func(any) // see load.Options.OnPanic
	changed chan struct{}

	mu   sync.Mutex
	run  *load.Runner // nil = none has run
	end  bool         // the run has ended
	fail string       // why the run could not go on
}

func newOwnLoad(onPanic func(any)) *ownLoad {
	return &ownLoad{onPanic: onPanic, changed: make(chan struct{}, 1)}
}

func (o *ownLoad) Start(set onscreen.LoadSettings) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.run != nil && !o.end {
		return errors.New("a load runs already")
	}
	// A numeric address needs no look-up, so this does not wait.
	run, err := load.Start(context.Background(), load.Options{
		Addr: set.Addr, Path: set.Path, Explain: true, Rate: set.Rate, Concurrency: set.Concurrency, KeepAlive: set.KeepAlive,
		Idle: set.Idle, Slow: set.Slow, Duration: set.Duration, OnPanic: o.onPanic,
	})
	if err != nil {
		return err
	}
	o.run, o.end, o.fail = run, false, ""
	go o.watch(run) // ends with the run, which Stop or its duration ends
	return nil
}

// watch says once a second that a run has changed, and notes its end.
func (o *ownLoad) watch(run *load.Runner) {
	tick := time.NewTicker(loadEvery)
	defer tick.Stop()
	for {
		o.wake()
		select {
		case <-tick.C:
			continue
		case <-run.Done():
		}
		break
	}
	res, err := run.Wait()
	o.mu.Lock()
	o.end, o.fail = true, loadFailed(res, err)
	o.mu.Unlock()
	o.wake()
}

// loadFailed is why a run was no load at all, "" if it was one.
func loadFailed(res load.Result, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case res.Sent > 0 && res.OK == 0 && res.Hint.Text != "":
		return "nothing was answered: " + res.Hint.String()
	case res.Sent > 0 && res.OK == 0 && len(res.Errors) > 0:
		return "nothing was answered: " + res.Errors[0]
	}
	return ""
}

func (o *ownLoad) wake() {
	select {
	case o.changed <- struct{}{}:
	default: // the last signal is still unread
	}
}

func (o *ownLoad) SetRate(n int) error {
	o.mu.Lock()
	run := o.run
	o.mu.Unlock()
	if run == nil {
		return load.ErrEnded
	}
	return run.SetRate(n)
}

func (o *ownLoad) Stop() {
	o.mu.Lock()
	run := o.run
	o.mu.Unlock()
	if run == nil {
		return
	}
	run.Stop()
	limit := time.NewTimer(loadStopWait)
	defer limit.Stop()
	select {
	case <-run.Done():
	case <-limit.C:
	}
}

func (o *ownLoad) Stats() (onscreen.LoadStats, bool) {
	o.mu.Lock()
	run, end, fail := o.run, o.end, o.fail
	o.mu.Unlock()
	if run == nil {
		return onscreen.LoadStats{}, false
	}
	return onscreen.LoadStats{Stats: run.Stats(), Running: !end, Err: fail}, true
}

func (o *ownLoad) Changed() <-chan struct{} { return o.changed }
