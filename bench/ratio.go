package main

import (
	"context"
	"fmt"
	"time"
)

// side is one of the two servers of a ratio.
type side struct {
	name, addr string
	prepare    func(context.Context) error // called before each load of this side; nil = nothing
}

// loadSide loads one side once.
func (s *suite) loadSide(ctx context.Context, one side, d time.Duration, r reuse) (traffic, error) {
	if one.prepare != nil {
		if err := one.prepare(ctx); err != nil {
			return traffic{}, err
		}
	}
	return s.client.load(ctx, one.addr, d, r)
}

// interleave loads two servers that both stand ready, in turn, and returns the
// rates of the first divided by those of the second. Before the first round
// each is loaded for up to a second that does not count.
func (s *suite) interleave(ctx context.Context, what string, r reuse, a, b side) (Result, error) {
	var res Result
	for _, one := range []side{a, b} {
		if _, err := ask(ctx, one.addr); err != nil {
			return res, fmt.Errorf("asking %s once: %w", one.name, err)
		}
		if _, err := s.loadSide(ctx, one, min(s.load(), time.Second), r); err != nil {
			return res, fmt.Errorf("warming up %s: %w", one.name, err)
		}
	}
	var ratios []float64
	var failed, all uint64
	for round := 1; round <= s.Rounds; round++ {
		s.say("%s: round %d of %d", what, round, s.Rounds)
		var got [2]traffic
		for i, one := range []side{a, b} {
			t, err := s.loadSide(ctx, one, s.load(), r)
			if err != nil {
				return res, fmt.Errorf("round %d, %s: %w", round, one.name, err)
			}
			if t.requests == 0 {
				return res, fmt.Errorf("round %d: %s answered nothing", round, one.name)
			}
			got[i] = t
			failed, all = failed+t.failed, all+t.failed+t.requests
		}
		ratio := got[0].perSecond / got[1].perSecond
		ratios = append(ratios, ratio)
		res.Raw = append(res.Raw, fmt.Sprintf("round %d: %s %v, %s %v, ratio %s", round, a.name, got[0], b.name, got[1], figure(ratio)))
	}
	if failed > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%d of %d requests failed.", failed, all))
	}
	res.Values = []spread{spreadOf(ratios)}
	return res, nil
}
