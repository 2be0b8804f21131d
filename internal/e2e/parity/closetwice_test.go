package parity

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"muster/engine"
)

// Everything may be called on a cluster that has ended, and says so.
func TestEndedCluster(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	stillAnswers(t, w)
	ran := make(chan error, 1)
	go func() { ran <- c.Run(t.Context()) }()
	wantError(t, "Run for the second time", runBeside(t, c, ran), "once")
	stillAnswers(t, w)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := next(t, ran, "Run"); err != nil {
		t.Errorf("Run returns %v after Close", err)
	}
	c.Stop() // once more is none too many

	_, err := c.Fork()
	wantError(t, "Fork after Close", err, "fork", "stopped")
	for what, err := range map[string]error{
		"Fork": err, "SetupPrimary": c.SetupPrimary(engine.Settings{}), "SetSchedulingPolicy": c.SetSchedulingPolicy(engine.SchedNone),
	} {
		if !errors.Is(err, engine.ErrStopped) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
	wantError(t, "Send after Close", w.Send("x"), "worker 1", engine.ErrChannelClosed.Error())
	if err := c.Disconnect(context.Background()); err != nil {
		t.Errorf("Disconnect after Close: %v", err)
	}
	if err := w.Kill(syscall.SIGKILL); err != nil {
		t.Errorf("Kill after Close: %v", err)
	}
	if s := c.Snapshot(); s == nil || len(c.Workers()) != 0 {
		t.Errorf("after Close there are %v", c.Workers())
	}

	unrun := newCluster(t)
	if err := unrun.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wantError(t, "Run after Close", unrun.Run(t.Context()), "stopped")
}

// runBeside calls Run beside another call of it, and returns the result of the
// one that came second: that need not be this one.
func runBeside(t *testing.T, c *engine.Cluster, first chan error) error {
	t.Helper()
	second := make(chan error, 1)
	go func() { second <- c.Run(t.Context()) }()
	select {
	case err := <-second:
		return err
	case err := <-first:
		first <- nil // in its place: the call here ends when the cluster does
		return err
	}
}
