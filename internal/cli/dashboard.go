package cli

import (
	"context"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/cli/internal/loadcmd"
	"muster/tui"
)

// dashboard runs the cluster with the screen until both have ended. The screen
// hears the signals and passes them on as a stop. It returns a *command.Failure or nil.
func (a *app) dashboard(c *engine.Cluster, t *tui.Terminal, s *settings) error {
	return showScreen(c, s.screenOptions(t))
}

// screenOptions are the options of the screen for these settings.
func (s *settings) screenOptions(t *tui.Terminal) tui.Options {
	return tui.Options{
		Yes:       s.yes,
		Vim:       s.keys == "vim",
		KeysShown: s.keysShown,
		ASCII:     s.ascii,
		UTF8:      s.utf8,
		Theme:     s.theme,
		Terminal:  t,
	}
}

// showScreen runs the cluster with a screen. It returns a *command.Failure or nil.
func showScreen(c *engine.Cluster, o tui.Options) error {
	load := loadcmd.NewChild()
	defer load.Close()
	o.Extras.Load = load
	outcome, err := tui.Show(context.Background(), c, o)
	switch {
	case outcome.AtOnce && outcome.Signal != 0:
		return &command.Failure{Code: command.SignalCode(outcome.Signal)}
	case outcome.AtOnce: // a key asked for that
		return nil
	case err != nil:
		return command.Failed(err)
	}
	return nil
}
