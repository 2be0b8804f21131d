package cli

import (
	"context"

	"muster/engine"
	"muster/tui"
)

// dashboard runs the cluster with the screen until both have ended. The screen
// hears the signals and passes them on as a stop. It returns a *failure or nil.
func (a *app) dashboard(c *engine.Cluster, t *tui.Terminal, s *settings) error {
	outcome, err := tui.Show(context.Background(), c, tui.Options{
		Yes:      s.yes,
		Vim:      s.keys == "vim",
		ASCII:    s.ascii,
		Theme:    s.theme,
		Terminal: t,
	})
	switch {
	case outcome.AtOnce && outcome.Signal != 0:
		return &failure{code: signalCode(outcome.Signal)}
	case outcome.AtOnce: // a key was asked to do it
		return nil
	case err != nil:
		return failed(err)
	}
	return nil
}
