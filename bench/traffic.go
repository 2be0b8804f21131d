package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/engine"
)

// trafficWatch compares a cluster with itself: while its connections are
// watched, as for the dashboard's traffic view, and while they are not. The
// primary is this process, so that the bench can switch the watching; the
// workers are muster's.
func (s *suite) trafficWatch(ctx context.Context) (res Result, err error) {
	addr, err := freePort()
	if err != nil {
		return res, err
	}
	c, err := engine.New(engine.Options{
		Addr: addr, Workers: s.workers(), Policy: engine.SchedRR,
		Settings: engine.Settings{Exec: s.binary, Env: []string{"MUSTER_ADDR=" + addr}},
	})
	if err != nil {
		return res, fmt.Errorf("making a cluster: %w", err)
	}
	ran := make(chan error, 1)
	go func() { ran <- c.Run(ctx) }() // ended by Close
	defer func() { err = errors.Join(err, c.Close(), <-ran) }()
	if err := s.allListen(ctx, c); err != nil {
		return res, err
	}
	watch := func(long time.Duration) func(context.Context) error {
		return func(ctx context.Context) error {
			if _, err := c.Do(ctx, engine.Command{Op: engine.OpWatch, Viewer: "bench", For: long}); err != nil {
				return fmt.Errorf("watching for %v: %w", long, err)
			}
			return nil
		}
	}
	return s.interleave(ctx, "traffic", perRequest,
		side{"watched", addr, watch(time.Minute)}, side{"not watched", addr, watch(0)})
}

// allListen waits until every worker listens.
func (s *suite) allListen(ctx context.Context, c *engine.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, comeUp)
	defer cancel()
	changed, cancelChanged := c.Subscribe()
	defer cancelChanged()
	for c.Snapshot().Count().Listening < s.workers() {
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the workers: %w", ctx.Err())
		}
	}
	return nil
}
