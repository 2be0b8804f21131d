package cli

import (
	"context"
	"errors"
	"fmt"

	"muster/engine"
	"muster/tui"
)

// dashboard runs the cluster with the screen until both have ended. The screen
// hears the signals and passes them on as a stop. It returns a *failure or nil.
func (a *app) dashboard(c *engine.Cluster, t *tui.Terminal, s *settings) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ran := make(chan error, 1)
	t.Go(func() { ran <- c.Run(ctx) })

	outcome, screenErr := tui.Run(context.Background(), c, tui.Options{
		Yes:      s.yes,
		Vim:      s.keys == "vim",
		ASCII:    s.ascii,
		Theme:    s.theme,
		Terminal: t,
	})
	if outcome.AtOnce {
		c.KillAll()
		await(ran, nil) // so that no address is left behind
		if outcome.Signal != 0 {
			return &failure{code: signalCode(outcome.Signal)}
		}
		return nil // a key was asked to do it
	}
	stop() // for a screen that failed before it could ask; no signal is held back any more
	clusterErr := <-ran
	if clusterErr != nil {
		clusterErr = fmt.Errorf("the cluster failed: %w", clusterErr)
	}
	if err := errors.Join(clusterErr, screenErr); err != nil {
		return failed(err)
	}
	return nil
}
