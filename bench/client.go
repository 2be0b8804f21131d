package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"muster/engine/demo"
	"muster/internal/load"
)

// clients is how many connections are open at once under load.
const clients = 32

// traffic is the result of a time of load.
type traffic struct {
	requests  uint64 // answered
	failed    uint64
	perSecond float64 // answered
}

func (t traffic) String() string {
	s := fmt.Sprintf("%.0f/s", t.perSecond)
	if t.failed > 0 {
		s += fmt.Sprintf(" (%d failed)", t.failed)
	}
	return s
}

// reuse says what a client does with a connection after an answer.
type reuse int

const (
	perRequest reuse = iota // every request has a connection of its own
	kept                    // the next request goes over the same one
)

// String is how a report names it.
func (r reuse) String() string {
	if r == kept {
		return "connections kept"
	}
	return "a connection each"
}

// client sends requests.
type client interface {
	name() string
	load(ctx context.Context, addr string, d time.Duration, r reuse) (traffic, error)
}

// newClient picks the client for runs of d: wrk leaves more of the machine to
// the servers, but counts in whole seconds.
func newClient(ctx context.Context, kind string, d time.Duration) (client, error) {
	whole := d%time.Second == 0
	path, err := exec.LookPath("wrk")
	switch {
	case kind == "wrk" && err != nil:
		return nil, fmt.Errorf("--client wrk: %w", err)
	case kind == "wrk" && !whole:
		return nil, fmt.Errorf("--client wrk: it needs whole seconds, not %v", d)
	case kind != "load" && err == nil && whole:
		return wrk{path, wrkVersion(ctx, path)}, nil
	}
	return ownClient{}, nil
}

// ownClient is internal/load. It checks every answer.
type ownClient struct{}

func (ownClient) name() string { return fmt.Sprintf("internal/load, %d clients", clients) }

func (ownClient) load(ctx context.Context, addr string, d time.Duration, r reuse) (traffic, error) {
	res, err := load.Run(ctx, load.Options{
		Addr: addr, Concurrency: clients, Duration: d, ExpectBody: demo.Page, KeepAlive: r == kept,
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return traffic{}, err
	}
	return traffic{res.OK, res.Failed(), float64(res.OK) / res.Elapsed.Seconds()}, nil
}
