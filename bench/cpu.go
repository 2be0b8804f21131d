package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/load"
)

const (
	// cpuWorkers is how many workers the compared clusters have.
	cpuWorkers = 4
	// warmFor is how long a side is loaded before it counts: a Go program gets
	// faster for seconds.
	warmFor = 4 * time.Second
	// paced is the rate at which nobody is saturated.
	paced = 4_000
)

// group is the processes of one server.
type group struct {
	name    string
	addr    string
	primary int // its pid; 0 = it has none
	pids    []int
	stop    func() error
}

// cpu is the time all processes have used.
func (g group) cpu() (all, primary time.Duration, err error) {
	for _, pid := range g.pids {
		d, err := cpuTime(pid)
		if err != nil {
			return 0, 0, err
		}
		all += d
		if pid == g.primary {
			primary = d
		}
	}
	return all, primary, nil
}

// cluster starts muster with a policy, as a group.
func (s *suite) cluster(ctx context.Context, workers int, policy engine.Policy) (g group, err error) {
	p, err := s.startPrimary(ctx, workers, "--policy", policy.String())
	if err != nil {
		return g, err
	}
	g = group{policy.String(), p.addr, p.pid(), []int{p.pid()}, p.stop}
	for _, e := range p.seen() {
		if e.Kind == engine.KindFork {
			g.pids = append(g.pids, e.PID)
		}
	}
	return g, nil
}

// plain starts net/http without a cluster, as a group.
func (s *suite) plain(ctx context.Context, n int) (g group, err error) {
	all, addr, err := s.startPlain(ctx, n)
	g = group{name: "net/http", addr: addr, stop: func() (err error) {
		for _, c := range all {
			err = errors.Join(err, c.stop())
		}
		return err
	}}
	for _, c := range all {
		g.pids = append(g.pids, c.pid())
	}
	if err != nil {
		return g, errors.Join(err, g.stop())
	}
	return g, nil
}

// connections loads one group; a connection each.
type connections func(ctx context.Context, addr string, d time.Duration) (traffic, error)

// full is as fast as it goes.
func (s *suite) full(ctx context.Context, addr string, d time.Duration) (traffic, error) {
	return s.client.load(ctx, addr, d, perRequest)
}

// atPace is paced requests a second.
func atPace(ctx context.Context, addr string, d time.Duration) (traffic, error) {
	res, err := load.Run(ctx, load.Options{Addr: addr, Rate: paced, Concurrency: clients, Duration: d, ExpectBody: demo.Page})
	return traffic{res.OK, res.Failed(), res.PerSecond()}, err
}

// cpu compares what a connection costs all processes of a server, under three
// policies, without a cluster and, for scale, of nginx. All stand ready and are loaded in turn.
func (s *suite) cpu(ctx context.Context) (Result, error) { return s.cpuAt(ctx, "cpu", s.full) }

// cpuPaced is cpu at a rate at which the machine has time to spare.
func (s *suite) cpuPaced(ctx context.Context) (Result, error) {
	return s.cpuAt(ctx, "cpu-paced", atPace)
}

func (s *suite) cpuAt(ctx context.Context, what string, load connections) (res Result, err error) {
	var groups []group
	defer func() {
		for _, g := range groups {
			err = errors.Join(err, g.stop())
		}
	}()
	plain, err := s.plain(ctx, cpuWorkers)
	if err != nil {
		return res, err
	}
	groups = append(groups, plain)
	for _, p := range []engine.Policy{engine.SchedNone, engine.SchedSpread, engine.SchedRR} {
		g, err := s.cluster(ctx, cpuWorkers, p)
		if err != nil {
			return res, err
		}
		groups = append(groups, g)
	}
	g, err := s.nginx(ctx, cpuWorkers)
	var not *notHere
	switch {
	case errors.As(err, &not):
		res.Notes = append(res.Notes, not.Error()+".")
	case err != nil:
		return res, err
	default:
		groups = append(groups, g)
	}
	costs, err := s.costs(ctx, what, groups, load, &res)
	if err != nil {
		return res, err
	}
	toPlain := func(us []float64) spread {
		var ratios []float64
		for i, v := range us {
			ratios = append(ratios, v/costs[0].all[i])
		}
		return spreadOf(ratios)
	}
	for _, c := range costs[1:] {
		res.Values = append(res.Values, toPlain(c.all))
	}
	// What a system call costs differs from machine to machine: so the primary's
	// part is a ratio too. The aims are 15 and 0.5 µs where net/http uses 38.5.
	res.Values = slices.Insert(res.Values, 3, toPlain(costs[3].primary), toPlain(costs[2].primary))
	if not != nil {
		res.Values = append(res.Values, spread{})
	}
	res.Notes = append(res.Notes, fmt.Sprintf("net/http alone uses %v µs for a connection, muster's primary %v in rr and %v in spread; %d workers, each with one core's worth.",
		spreadOf(costs[0].all), spreadOf(costs[3].primary), spreadOf(costs[2].primary), cpuWorkers))
	return res, nil
}

// cost is what a connection cost in each round, in µs.
type cost struct{ all, primary []float64 }

// costs loads all groups in turn, in another order each round.
func (s *suite) costs(ctx context.Context, what string, groups []group, load connections, res *Result) ([]cost, error) {
	for _, g := range groups {
		if _, err := load(ctx, g.addr, min(2*s.load(), warmFor)); err != nil {
			return nil, fmt.Errorf("warming up %s: %w", g.name, err)
		}
	}
	costs := make([]cost, len(groups))
	var failed, all uint64
	for round := range s.Rounds {
		s.say("%s: round %d of %d", what, round+1, s.Rounds)
		line := fmt.Sprintf("round %d:", round+1)
		for i := range groups {
			i = (i + round) % len(groups)
			g := groups[i]
			cpu, primary, err := g.cpu()
			if err != nil {
				return nil, err
			}
			t, err := load(ctx, g.addr, s.load())
			if err != nil {
				return nil, fmt.Errorf("round %d, %s: %w", round+1, g.name, err)
			}
			if t.requests == 0 {
				return nil, fmt.Errorf("round %d: %s answered nothing", round+1, g.name)
			}
			cpu2, primary2, err := g.cpu()
			if err != nil {
				return nil, err
			}
			failed, all = failed+t.failed, all+t.failed+t.requests
			each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(t.requests) }
			costs[i].all = append(costs[i].all, each(cpu2-cpu))
			costs[i].primary = append(costs[i].primary, each(primary2-primary))
			line += fmt.Sprintf(" %s %v, %s µs (primary %s)", g.name, t, figure(each(cpu2-cpu)), figure(each(primary2-primary)))
		}
		res.Raw = append(res.Raw, line)
	}
	if failed > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%d of %d requests failed.", failed, all))
	}
	return costs, nil
}

// growthAt are the numbers of workers that are compared.
var growthAt = []int{2, 8, 32, 64}

// growth compares what a connection costs in rr and in spread with many workers
// and with few: the most of them all, divided by the least.
func (s *suite) growth(ctx context.Context) (res Result, err error) {
	for _, p := range []engine.Policy{engine.SchedRR, engine.SchedSpread} {
		one, err := s.growthOf(ctx, p, &res)
		if err != nil {
			return res, err
		}
		res.Values = append(res.Values, one)
	}
	return res, nil
}

func (s *suite) growthOf(ctx context.Context, p engine.Policy, res *Result) (v spread, err error) {
	var groups []group
	defer func() {
		for _, g := range groups {
			err = errors.Join(err, g.stop())
		}
	}()
	for _, n := range growthAt {
		g, err := s.cluster(ctx, n, p)
		if err != nil {
			return v, err
		}
		g.name = fmt.Sprintf("%s, %d workers", p, n)
		groups = append(groups, g)
	}
	costs, err := s.costs(ctx, "growth", groups, s.full, res)
	if err != nil {
		return v, err
	}
	var ratios []float64
	for round := range s.Rounds {
		least, most := costs[0].all[round], costs[0].all[round]
		for _, c := range costs {
			least, most = min(least, c.all[round]), max(most, c.all[round])
		}
		ratios = append(ratios, most/least)
	}
	return spreadOf(ratios), nil
}

// keptPlain compares kept connections with net/http without a cluster.
func (s *suite) keptPlain(ctx context.Context) (res Result, err error) {
	plain, err := s.plain(ctx, cpuWorkers)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, plain.stop()) }()
	ours, err := s.cluster(ctx, cpuWorkers, engine.SchedRR)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	return s.interleave(ctx, "kept", kept, side{name: "muster", addr: ours.addr}, side{name: "net/http", addr: plain.addr})
}
