package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/creack/pty"
)

const (
	idleWorkers = 16
	// settle is how long start-up work may go on after the last worker listens.
	settle = 2 * time.Second
)

// dashboardIdle runs 16 idle workers with the dashboard and 16 without, at the
// same time, and returns how much more CPU the first primary used.
func (s *suite) dashboardIdle(ctx context.Context) (res Result, err error) {
	with, err := s.startDashboard(ctx, idleWorkers)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, with.stop()) }()
	without, err := s.startPrimary(ctx, idleWorkers, "--policy", "rr")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, without.stop()) }()
	if err := pause(ctx, settle); err != nil {
		return res, err
	}

	s.say("dashboard-idle: watching for %v", s.Idle)
	pids := []int{with.pid(), without.pid()}
	before, err := cpuTimes(pids)
	if err != nil {
		return res, err
	}
	started, drawn := time.Now(), with.drawn.Load()
	if err := pause(ctx, s.Idle); err != nil {
		return res, err
	}
	after, err := cpuTimes(pids)
	if err != nil {
		return res, err
	}
	took := time.Since(started)
	drawn = with.drawn.Load() - drawn
	if drawn == 0 {
		return res, fmt.Errorf("the dashboard drew nothing in %v", took)
	}
	var used [2]time.Duration
	var share [2]float64
	for i := range used {
		used[i] = after[i] - before[i]
		share[i] = 100 * used[i].Seconds() / took.Seconds()
	}
	res.Values = []spread{spreadOf([]float64{share[0] - share[1]})}
	res.Raw = []string{fmt.Sprintf("in %v: with the dashboard %v (%s %%, %d bytes drawn), without %v (%s %%)",
		took.Round(time.Millisecond), used[0], figure(share[0]), drawn, used[1], figure(share[1]))}
	return res, nil
}

func cpuTimes(pids []int) ([2]time.Duration, error) {
	var times [2]time.Duration
	for i, pid := range pids {
		t, err := cpuTime(pid)
		if err != nil {
			return times, err
		}
		times[i] = t
	}
	return times, nil
}

// dashboard is a muster with its screen on a pseudo-terminal that is read and
// never answers.
type dashboard struct {
	*child
	drawn atomic.Uint64 // bytes
}

// startDashboard returns when every worker has answered a request: it does not
// look at the screen.
func (s *suite) startDashboard(ctx context.Context, workers int) (*dashboard, error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	d := &dashboard{child: newChild(s.binary, "--addr", addr, "--workers", strconv.Itoa(workers), "--policy", "rr")}
	d.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=", "COLORTERM=truecolor")
	d.cmd.Stderr = nil                // the terminal, as a user has it
	d.cmd.SysProcAttr.Setpgid = false // it becomes the leader of a session, and so of a group
	terminal, err := pty.StartWithSize(d.cmd, &pty.Winsize{Cols: 120, Rows: 40})
	if err != nil {
		return nil, fmt.Errorf("starting muster on a pseudo-terminal: %w", err)
	}
	d.wait(func() {
		defer terminal.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := terminal.Read(b)
			d.drawn.Add(uint64(n))
			if err != nil { // EIO: the last process that had it open has gone
				return
			}
		}
	})
	if err := d.allAnswer(ctx, addr, workers); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// allAnswer sends one request at a time until each worker has answered one.
func (d *dashboard) allAnswer(ctx context.Context, addr string, workers int) error {
	ctx, cancel := context.WithTimeout(ctx, comeUp)
	defer cancel()
	for seen := map[string]bool{}; len(seen) < workers; {
		who, err := askUntil(ctx, addr, d.done)
		if err != nil {
			return fmt.Errorf("waiting for the workers under the dashboard (%d of %d answered): %w", len(seen), workers, err)
		}
		seen[who] = true
	}
	return nil
}
