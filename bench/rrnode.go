package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/engine"
)

// clusterJS is the lesson's program on Node's own cluster module.
//
//go:embed testdata/cluster.js
var clusterJS []byte

// nodePolicy is a policy by its name in NODE_CLUSTER_SCHED_POLICY.
func nodePolicy(p engine.Policy) string {
	if p == engine.SchedNone {
		return "none"
	}
	return "rr"
}

// rrNode compares muster in rr and in spread with Node's own cluster in rr.
func (s *suite) rrNode(ctx context.Context) (res Result, err error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return res, &notHere{"there is no node on PATH"}
	}
	theirs, addr, err := s.startNode(ctx, node, s.workers(), engine.SchedRR)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()
	ours, err := s.startPrimary(ctx, s.workers(), "--policy", "rr")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	dealt, err := s.startPrimary(ctx, s.workers(), "--policy", "spread")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, dealt.stop()) }()
	for _, one := range []side{{name: "muster rr", addr: ours.addr}, {name: "muster spread", addr: dealt.addr}} {
		r, err := s.interleave(ctx, "rr-node: "+one.name, perRequest, one, side{name: "node", addr: addr})
		if err != nil {
			return res, err
		}
		res.add(one.name, r)
	}
	return res, nil
}

// writeProgram writes cluster.js to a file, so that it can be run, and returns
// the path.
func (s *suite) writeProgram() (string, error) {
	program := filepath.Join(s.dir, "cluster.js")
	if err := os.WriteFile(program, clusterJS, 0o600); err != nil {
		return "", fmt.Errorf("writing the program for Node: %w", err)
	}
	return program, nil
}

// startNode runs cluster.js with n workers and returns when all of them listen;
// it also returns their address.
func (s *suite) startNode(ctx context.Context, node string, workers int, policy engine.Policy) (c *child, addr string, err error) {
	program, err := s.writeProgram()
	if err != nil {
		return nil, "", err
	}
	c = newChild(node, program, strconv.Itoa(workers))
	c.cmd.Env = append(os.Environ(), "NODE_CLUSTER_SCHED_POLICY="+nodePolicy(policy))
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, "", fmt.Errorf("starting Node: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("starting Node: %w", err)
	}
	ready := make(chan string, 1)
	c.wait(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if a, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				select {
				case ready <- a:
				default:
				}
			}
		}
		_, _ = io.Copy(io.Discard, out) // the rest, if a line was too long
	})
	t := time.NewTimer(comeUp)
	defer t.Stop()
	select {
	case addr = <-ready:
		return c, addr, nil
	case <-c.done:
		return nil, "", c.failed()
	case <-ctx.Done():
		err = ctx.Err()
	case <-t.C:
		err = fmt.Errorf("the workers of Node did not listen in %v", comeUp)
	}
	return nil, "", errors.Join(err, c.stop())
}
