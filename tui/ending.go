package tui

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"muster/engine"
	"muster/internal/onscreen"
	"muster/internal/wireword"
)

// Why tells what ended a dashboard.
type Why int

const (
	// ByCluster: the cluster ended by itself, or something else stopped it.
	ByCluster Why = iota
	// ByKey: q or ctrl+c.
	ByKey
	// BySignal: SIGTERM, SIGINT or SIGHUP; Outcome.Signal has it.
	BySignal
	// ByVanished: the terminal is gone.
	ByVanished
)

// Outcome is how a dashboard ended. In every case but ByCluster the cluster has
// been told to stop, and Run waited for its end. A guest (Options.Guest) has
// told its cluster nothing.
type Outcome struct {
	Why    Why
	Signal syscall.Signal // the last signal that asked for the end, 0 = none
	// AtOnce: a second request cut the graceful end short. Run waited for the
	// cluster only up to Options.CloseGrace after that request: the caller must
	// kill what is left.
	AtOnce bool
}

const (
	stopLimit   = 5 * time.Second // how long the cluster may take to answer the first request
	atOnceLimit = time.Second     // the same for the second request
)

// ending counts the requests to end the cluster, from whatever source: the
// first is graceful, the second is at once. A guest's request ends only the
// dashboard. ending works even when the screen does not.
type ending struct {
	c       engine.View
	guest   bool            // the cluster is left alone: only the first request counts
	load    onscreen.Loader // nil = none; stopped before the cluster is
	killAll func()          // nil = nothing
	first   chan struct{}   // closed when the cluster has answered the first request, or a guest leaves
	second  chan struct{}   // closed when a second request was made
	mu      sync.Mutex
	asked   int
	outcome Outcome
}

func newEnding(c engine.View) *ending {
	return &ending{c: c, first: make(chan struct{}), second: make(chan struct{})}
}

// ask makes a request and waits for the cluster's answer. Not for Update.
func (e *ending) ask(why Why, sig syscall.Signal) error {
	return e.carry(e.note(why, sig), why)
}

// note counts a request; carry has to follow.
func (e *ending) note(why Why, sig syscall.Signal) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if e.asked == 1 {
		e.outcome.Why = why
	}
	if sig != 0 {
		e.outcome.Why, e.outcome.Signal = why, sig
	}
	e.outcome.AtOnce = e.asked > 1 && !e.guest
	return e.asked
}

// carry makes the cluster do what request n asks for; requests after the second
// change nothing.
func (e *ending) carry(n int, why Why) error {
	switch n {
	case 1:
		if e.load != nil {
			e.load.Stop()
		}
		var err error
		if !e.guest {
			err = e.stop(why, stopLimit)
		}
		close(e.first)
		return err
	case 2:
		close(e.second)
		if e.guest {
			return nil
		}
		err := e.stop(why, atOnceLimit)
		if e.killAll != nil && err != nil {
			e.killAll() // the cluster does not answer, but its workers must go
		}
		return err
	}
	return nil
}

// begun tells whether the end was asked for.
func (e *ending) begun() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked > 0
}

func (e *ending) stop(why Why, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	by := engine.ByOutside
	if why == ByKey {
		by = wireword.ByKey
	}
	if _, err := e.c.Do(ctx, engine.Command{Op: engine.OpStop, By: by}); err != nil {
		return fmt.Errorf("stopping the cluster: %w", err)
	}
	return nil
}

// result is the outcome so far.
func (e *ending) result() Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.outcome
}
