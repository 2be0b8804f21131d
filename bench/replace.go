package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"muster/engine"
)

const (
	// listened is how long a worker must have listened before it is killed: the
	// primary waits before it replaces a worker that dies within its first
	// second. The clock here starts later than the primary's, so the tenth is
	// to spare.
	listened = 1100 * time.Millisecond
	// replaceTime is how long to wait for a replacement.
	replaceTime = 10 * time.Second
)

// replace kills the worker that has listened longest, from outside, and
// measures the time until it has read the line of the event in which the
// replacement listens.
func (s *suite) replace(ctx context.Context) (res Result, err error) {
	p, err := s.startPrimary(ctx, s.workers(), "--policy", "rr")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	var queue []arrival // the workers that listen, the oldest first
	events := p.seen()
	for _, e := range events {
		if e.Kind == engine.KindListening {
			queue = append(queue, e)
		}
	}
	at := len(events)
	var times []float64
	for try := 1; try <= s.Times; try++ {
		victim := queue[0]
		if err := pause(ctx, listened-time.Since(victim.at)); err != nil {
			return res, err
		}
		began := time.Now()
		if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
			return res, fmt.Errorf("killing worker %d: %w", victim.Worker, err)
		}
		var next arrival
		if next, at, err = p.replacement(ctx, at, victim.Worker); err != nil {
			return res, fmt.Errorf("waiting for the replacement of worker %d: %w", victim.Worker, err)
		}
		took := ms(next.at.Sub(began))
		times = append(times, took)
		res.Raw = append(res.Raw, fmt.Sprintf("kill %d: worker %d for %d in %s ms", try, next.Worker, victim.Worker, figure(took)))
		queue = append(queue[1:], next)
	}
	res.Values = []spread{spreadOf(times)}
	res.Notes = []string{fmt.Sprintf("%d kills, one at a time, in a cluster of %d idle workers.", s.Times, s.workers())}
	return res, nil
}

// replacement waits until the worker forked in place of worker id listens.
func (p *primary) replacement(ctx context.Context, at, id int) (arrival, int, error) {
	ctx, cancel := context.WithTimeout(ctx, replaceTime)
	defer cancel()
	forked, at, err := p.await(ctx, at, func(e *arrival) bool {
		d, ok := e.Detail.(engine.ForkDetail)
		return ok && d.Replaces == id
	})
	if err != nil {
		return forked, at, err
	}
	return p.await(ctx, at, func(e *arrival) bool {
		return e.Kind == engine.KindListening && e.Worker == forked.Worker
	})
}
