package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// start times new clusters from just before their start until the answer to the
// first request has been read. The client tries to connect until it succeeds.
func (s *suite) start(ctx context.Context) (Result, error) {
	var res Result
	var times []float64
	for try := 1; try <= s.Times; try++ {
		took, err := s.startOnce(ctx)
		if err != nil {
			return res, fmt.Errorf("start %d: %w", try, err)
		}
		times = append(times, ms(took))
		res.Raw = append(res.Raw, fmt.Sprintf("start %d: %s ms", try, figure(ms(took))))
	}
	res.Values = []spread{spreadOf(times)}
	res.Notes = []string{fmt.Sprintf("%d starts of %d workers.", s.Times, s.workers())}
	return res, nil
}

func (s *suite) startOnce(ctx context.Context) (took time.Duration, err error) {
	addr, err := freePort()
	if err != nil {
		return 0, err
	}
	c := newChild(s.binary, "--headless", "--json", "--addr", addr, "--workers", fmt.Sprint(s.workers()), "--policy", "rr")
	began := time.Now()
	if err := c.cmd.Start(); err != nil { // without Stdout: its events go to /dev/null
		return 0, fmt.Errorf("starting muster: %w", err)
	}
	c.wait(func() {})
	defer func() { err = errors.Join(err, c.stop()) }()
	if _, err := askUntil(ctx, addr, c.done); err != nil {
		return 0, fmt.Errorf("waiting for the first answer: %w", err)
	}
	return time.Since(began), nil
}
