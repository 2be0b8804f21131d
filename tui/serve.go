package tui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"muster/engine"
	"muster/internal/quietterm"

	"github.com/charmbracelet/x/term"
)

// Serve is engine.Serve with the dashboard: it makes a cluster of a program and
// shows it. What engine.Serve says about code before the call holds here too:
// it runs in every worker as well.
//
// The workers' output becomes lines of the dashboard's log; the primary must
// not write to its terminal while the dashboard is there. Serve returns nil
// when every worker has left after a quit, a signal or the end of ctx. Without
// a terminal (see Interactive) it is engine.Serve.
func Serve(ctx context.Context, addr string, h http.Handler) error {
	quietterm.Restore()
	worker, err := engine.Role()
	if err != nil {
		return err
	}
	if worker || !Interactive(os.Getenv) {
		return engine.Serve(ctx, addr, h)
	}
	o := engine.ServeOptions(addr)
	o.Settings.Stdio = nil // output becomes lines of the log
	c, t, err := NewCluster(o)
	if err != nil {
		return err
	}
	_, err = Show(ctx, c, Options{Terminal: t})
	return err
}

// NewCluster is engine.New for a cluster that is to be shown on the terminal of
// this process: a panic in either gives the terminal back and kills the workers.
// It sets o.OnPanic. The errors are engine.New's.
func NewCluster(o engine.Options) (*engine.Cluster, *Terminal, error) {
	var running atomic.Pointer[engine.Cluster] // OnPanic may need it before New has returned
	t := newTerminal(os.Stdin, os.Stdout, func() {
		if c := running.Load(); c != nil {
			c.KillAll()
		}
	})
	o.OnPanic = func(v any, _ []byte) { t.Panicked(v) }
	c, err := engine.New(o)
	if err != nil {
		return nil, nil, err
	}
	running.Store(c)
	return c, t, nil
}

// Interactive tells whether there is a terminal to draw on and to read keys
// from, with the necessary abilities.
func Interactive(getenv func(string) string) bool {
	name := getenv("TERM")
	return name != "" && name != "dumb" && term.IsTerminal(os.Stdin.Fd()) && term.IsTerminal(os.Stdout.Fd())
}

// endAtOnce bounds the wait for a cluster whose workers were killed.
const endAtOnce = time.Second

// Show runs a cluster with the dashboard until both have ended. The end of ctx
// stops the cluster, and with it the dashboard. A request to end at once kills
// the workers.
func Show(ctx context.Context, c *engine.Cluster, o Options) (Outcome, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o.Guest, o.KillAll = false, c.KillAll
	if o.Terminal == nil {
		o.Terminal = newTerminal(orFile(o.In, os.Stdin), orFile(o.Out, os.Stdout), o.KillAll)
	}
	ran := make(chan error, 1)
	o.Terminal.Go(func() { ran <- c.Run(ctx) })

	outcome, screenErr := Run(context.Background(), c, o)
	if outcome.AtOnce {
		c.KillAll()
		select {
		case <-ran: // so that no address is left behind
		case <-time.After(endAtOnce):
		}
		return outcome, nil
	}
	stop() // if the screen failed before it could ask for the stop; signals act directly again
	clusterErr := <-ran
	if clusterErr != nil {
		clusterErr = fmt.Errorf("the cluster failed: %w", clusterErr)
	}
	return outcome, errors.Join(clusterErr, screenErr)
}
