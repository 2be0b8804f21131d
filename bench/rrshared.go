package main

import (
	"context"
	"errors"
)

// rrShared compares the two policies on two clusters of the same binary.
func (s *suite) rrShared(ctx context.Context) (res Result, err error) {
	rr, err := s.startPrimary(ctx, s.workers(), "--policy", "rr")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, rr.stop()) }()
	shared, err := s.startPrimary(ctx, s.workers(), "--policy", "shared")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, shared.stop()) }()
	return s.interleave(ctx, "rr-shared", perRequest, side{name: "rr", addr: rr.addr}, side{name: "shared", addr: shared.addr})
}
