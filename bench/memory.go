package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/engine"
)

// memoryAt is how long after its start a cluster is measured.
const memoryAt = 3 * time.Second

// memory measures new clusters that have had no request.
func (s *suite) memory(ctx context.Context) (Result, error) {
	var res Result
	var workers, primaries []float64
	for round := 1; round <= s.Rounds; round++ {
		s.say("memory: round %d of %d", round, s.Rounds)
		ofPrimary, ofWorkers, err := s.memoryOnce(ctx)
		if err != nil {
			return res, fmt.Errorf("round %d: %w", round, err)
		}
		primaries = append(primaries, ofPrimary)
		workers = append(workers, ofWorkers...)
		line := fmt.Sprintf("round %d: primary %s MB, workers", round, figure(ofPrimary))
		for _, w := range ofWorkers {
			line += " " + figure(w)
		}
		res.Raw = append(res.Raw, line)
	}
	res.Values = []spread{spreadOf(workers), spreadOf(primaries)}
	res.Notes = []string{fmt.Sprintf("%v after the start of %d workers; pages of the program that they share count in equal parts, so with more workers each has less. 1 MB is 1,000,000 bytes.", memoryAt, s.workers())}
	return res, nil
}

// memoryOnce returns the PSS of a cluster's processes in MB.
func (s *suite) memoryOnce(ctx context.Context) (ofPrimary float64, ofWorkers []float64, err error) {
	began := time.Now()
	p, err := s.startPrimary(ctx, s.workers(), "--policy", "rr")
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := pause(ctx, memoryAt-time.Since(began)); err != nil {
		return 0, nil, err
	}
	bytes, err := pss(p.pid())
	if err != nil {
		return 0, nil, err
	}
	ofPrimary = float64(bytes) / 1e6
	for _, e := range p.seen() {
		if e.Kind != engine.KindListening {
			continue
		}
		if bytes, err = pss(e.PID); err != nil {
			return 0, nil, fmt.Errorf("worker %d: %w", e.Worker, err)
		}
		ofWorkers = append(ofWorkers, float64(bytes)/1e6)
	}
	return ofPrimary, ofWorkers, nil
}
