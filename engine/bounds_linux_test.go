package engine

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestAWorkerThatHangsInOnDisconnectOutlivedItsPrimary: nothing else ends it.
func TestAWorkerThatHangsInOnDisconnectOutlivedItsPrimary(t *testing.T) {
	t.Parallel()
	c, p := startChild(t)
	c.departure.mu.Lock()
	c.departure.hold = time.Millisecond // in place of ten seconds
	c.departure.mu.Unlock()
	free := make(chan struct{})
	defer close(free)
	c.OnDisconnect(func() { <-free })
	_ = p.ch.Close() // the primary is gone
	if code := receive(t, p.exits); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestAnExitWaitedForAChannelSomebodyElseHolds: a helper has it, and is kept.
func TestAnExitWaitedForAChannelSomebodyElseHolds(t *testing.T) {
	t.Parallel()
	s := runShells(t, `sleep 600 >/dev/null 2>&1 & echo helper $!; echo up; exit 3`, Options{NoRestart: true, KeepChildren: true})
	pid := s.helpers(1)[1][0]
	poll(t, "its exit is told", func() bool { return s.Worker(1) == nil })
	if dead(pid) {
		t.Error("nobody holds the channel")
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// TestAStoppedWorkerDidNotHearTheStopSignal: its handler ran only if somebody let it
// go on.
func TestAStoppedWorkerDidNotHearTheStopSignal(t *testing.T) {
	t.Parallel()
	s := runShells(t, `trap 'exit 7' TERM; echo up; kill -STOP $$; while :; do sleep 0.02; done`,
		Options{NoRestart: true, Grace: 20 * time.Millisecond, KillTimeout: time.Hour})
	s.helpers(1)
	w := s.Worker(1)
	poll(t, "it is stopped", func() bool { return stateOf(w.Process().PID()) == 'T' })
	w.Disconnect()
	poll(t, "it has ended", func() bool { return w.IsDead() })
	if code, ok := w.Process().ExitCode(); !ok || code != 7 {
		t.Errorf("exit code %d, %v, %s", code, ok, w.Process().ExitSignal())
	}
}

// TestATimeThePrimaryStoodStillCountedForItsWorkers: the new worker of a restart was
// killed for it. It has a limit all the same.
func TestATimeThePrimaryStoodStillCountedForItsWorkers(t *testing.T) {
	t.Parallel()
	restarted := func(limit time.Duration) (*Cluster, *atomic.Int64, func()) {
		t.Helper()
		c, err := New(Options{
			Workers: 1, NoRestart: true, ReadyTimeout: limit, Settings: Settings{Exec: "sleep", Args: []string{"600"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ahead := new(atomic.Int64) // of the clock
		c.loop.clock.read = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		ran := make(chan error, 1)
		go func() { ran <- c.Run(context.Background()) }()
		poll(t, "it is there", func() bool { return c.Worker(1) != nil && c.Worker(1).Process().PID() != 0 })
		if _, err := c.Do(t.Context(), Command{Op: OpRestart, Worker: 1}); err != nil {
			t.Fatal(err)
		}
		return c, ahead, func() { _ = c.Close(); <-ran }
	}
	killed := func(c *Cluster) (why string) {
		ev, _ := c.Events(0)
		for _, e := range ev {
			if d, ok := e.Detail.(KillDetail); ok {
				why = d.Reason
			}
		}
		return why
	}
	c, ahead, end := restarted(time.Hour)
	defer end()
	ahead.Store(int64(2 * time.Hour))
	for range 2 { // the first wakes the loop, and its timers
		if _, err := c.Do(t.Context(), Command{Op: OpRestart, Worker: 1}); !errors.Is(err, ErrBusy) {
			t.Fatal(err)
		}
	}
	if why := killed(c); why != "" {
		t.Errorf("killed: %s", why)
	}
	c, _, end = restarted(20 * time.Millisecond)
	defer end()
	poll(t, "it is killed", func() bool { return strings.HasPrefix(killed(c), "it did not listen within 20ms") })
}
