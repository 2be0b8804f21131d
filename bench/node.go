package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"muster/engine"
)

const (
	// nodeWorkers is how many workers the measured primaries have: enough to
	// show what a worker costs the primary.
	nodeWorkers = 16
	// lookAgain is the time between two looks at a primary's memory.
	lookAgain = time.Second
)

// node runs a program that knows nothing of muster under Node's own cluster and
// under muster run, and compares the two.
func (s *suite) node(ctx context.Context) (Result, error) {
	var res Result
	node, err := exec.LookPath("node")
	if err != nil {
		return res, &notHere{"there is no node on PATH"}
	}
	rr, err := s.nodeRatios(ctx, node, engine.SchedRR, perRequest, kept)
	if err != nil {
		return res, err
	}
	spread, err := s.nodeRatios(ctx, node, engine.SchedSpread, perRequest)
	if err != nil {
		return res, err
	}
	rr.Values = slices.Insert(rr.Values, 1, spread.Values...) // beside the same load in rr
	rr.Notes, rr.Raw = append(rr.Notes, spread.Notes...), append(rr.Raw, spread.Raw...)
	shared, err := s.nodeRatios(ctx, node, engine.SchedNone, kept)
	if err != nil {
		return res, err
	}
	memory, err := s.nodeMemory(ctx, node, nodeWorkers)
	if err != nil {
		return res, fmt.Errorf("memory: %w", err)
	}
	for _, part := range []Result{rr, shared, memory} {
		res.Values = append(res.Values, part.Values...)
		res.Notes = append(res.Notes, part.Notes...)
		res.Raw = append(res.Raw, part.Raw...)
	}
	return res, nil
}

// nodeRatios starts both clusters with one policy and compares their rates for
// each kind of load.
func (s *suite) nodeRatios(ctx context.Context, node string, p engine.Policy, loads ...reuse) (res Result, err error) {
	theirs, addr, err := s.startNode(ctx, node, s.workers(), p)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	ours, err := s.startRun(ctx, node, s.workers(), p)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	for _, r := range loads {
		name := p.String() + ", " + r.String()
		one, err := s.interleave(ctx, "node: "+name, r, side{name: "muster run", addr: ours.addr}, side{name: "node", addr: addr})
		if err != nil {
			return res, fmt.Errorf("%s: %w", name, err)
		}
		res.add(name, one)
	}
	return res, nil
}

// startRun runs cluster.js as the workers of muster and returns when all of
// them listen.
func (s *suite) startRun(ctx context.Context, node string, workers int, p engine.Policy) (*primary, error) {
	program, err := s.writeProgram()
	if err != nil {
		return nil, err
	}
	return s.startMuster(ctx, workers, []string{
		"run", "--json", "--workers", strconv.Itoa(workers), "--policy", p.String(), "--", node, program,
	})
}

// nodeMemory measures the two primaries of idle clusters, one after the other.
// The value is muster's; a note has Node's.
func (s *suite) nodeMemory(ctx context.Context, node string, workers int) (Result, error) {
	var res Result
	ours, err := s.memoryOf(ctx, "muster run", func() (*child, error) {
		p, err := s.startRun(ctx, node, workers, engine.SchedRR)
		if err != nil {
			return nil, err
		}
		return p.child, nil
	})
	if err != nil {
		return res, err
	}
	theirs, err := s.memoryOf(ctx, "node", func() (*child, error) {
		c, _, err := s.startNode(ctx, node, workers, engine.SchedRR)
		return c, err
	})
	if err != nil {
		return res, err
	}
	res.Values = []spread{ours}
	res.Raw = []string{fmt.Sprintf("PSS of the primary: muster %v MB, node %v MB", ours, theirs)}
	res.Notes = []string{fmt.Sprintf("Node's own primary has %v MB with as many workers, with which it shares the pages of its program; "+
		"%v after all of them listened, without a screen. 1 MB is 1,000,000 bytes.", theirs, memoryAt)}
	return res, nil
}

// memoryOf starts a cluster, looks at the PSS of its primary once a round, in
// MB, and stops it.
func (s *suite) memoryOf(ctx context.Context, name string, start func() (*child, error)) (m spread, err error) {
	s.say("node: memory of %s", name)
	c, err := start()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := pause(ctx, memoryAt); err != nil {
		return m, err
	}
	var looks []float64
	for round := 1; round <= s.Rounds; round++ {
		if round > 1 {
			if err := pause(ctx, lookAgain); err != nil {
				return m, err
			}
		}
		bytes, err := pss(c.pid())
		if err != nil {
			return m, err
		}
		looks = append(looks, float64(bytes)/1e6)
	}
	return spreadOf(looks), nil
}
