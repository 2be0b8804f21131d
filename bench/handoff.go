package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// handoffCPU divides the CPU time the primary used in a round by the
// connections of that round. The value includes what the primary does once a
// second for all workers.
func (s *suite) handoffCPU(ctx context.Context) (res Result, err error) {
	p, err := s.startPrimary(ctx, s.workers(), "--policy", "rr")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if _, err := s.client.load(ctx, p.addr, min(s.load(), time.Second), perRequest); err != nil {
		return res, fmt.Errorf("warming up: %w", err)
	}
	var each []float64
	var failed, all uint64
	for round := 1; round <= s.Rounds; round++ {
		s.say("handoff-cpu: round %d of %d", round, s.Rounds)
		before, err := cpuTime(p.pid())
		if err != nil {
			return res, err
		}
		t, err := s.client.load(ctx, p.addr, s.load(), perRequest)
		if err != nil {
			return res, fmt.Errorf("round %d: %w", round, err)
		}
		after, err := cpuTime(p.pid())
		if err != nil {
			return res, err
		}
		if t.requests == 0 {
			return res, fmt.Errorf("round %d: nothing was answered", round)
		}
		failed, all = failed+t.failed, all+t.failed+t.requests
		us := float64((after - before).Microseconds()) / float64(t.requests)
		each = append(each, us)
		res.Raw = append(res.Raw, fmt.Sprintf("round %d: %v, %d connections, %v of CPU, %s µs each", round, t, t.requests, after-before, figure(us)))
	}
	if failed > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%d of %d requests failed.", failed, all))
	}
	res.Values = []spread{spreadOf(each)}
	return res, nil
}
