package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"muster/engine"
	"muster/internal/cli/internal/command"
)

// life is what only the owner of a cluster may do with it, not a viewer.
type life struct {
	run     func(context.Context) error
	killAll func()
}

func lifeOf(c *engine.Cluster) life { return life{c.Run, c.KillAll} }

// serve runs the cluster without a screen until it ends. The first signal
// stops it gracefully, the second at once. It returns a *command.Failure or nil.
//
// There are three goroutines: Run, the printer, and this one, which ends the
// others and never writes to stdout, so it always hears a signal.
func (a *app) serve(c engine.View, life life, form format, signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ran := make(chan error, 1)
	go func() { ran <- life.run(ctx) }()

	over := make(chan struct{})
	printed := make(chan error, 1)
	p := &printer{out: a.Stdout, form: form, say: a.Say}
	go func() { printed <- p.follow(c, over) }()

	var output error // the error of the printing, once it has ended
	for asked := false; ; {
		select {
		case s := <-signals:
			if asked {
				life.killAll()
				command.Await(ran, nil) // so that no address is left behind
				return &command.Failure{Code: command.SignalCode(s)}
			}
			asked = true
			stop()
		case output = <-printed:
			printed = nil
			if output != nil && !errors.Is(output, errIncomplete) {
				a.Say("%v; stopping the cluster", output)
			}
			stop()
		case err := <-ran:
			close(over)
			if printed != nil {
				var done bool
				if output, done = command.Await(printed, signals); !done {
					a.Say("stdout is not read; the last events were not printed")
					output = errIncomplete
				}
			}
			if err != nil {
				return command.Failed(fmt.Errorf("the cluster failed: %w", err))
			}
			if output != nil {
				return &command.Failure{Code: command.ExitFailed}
			}
			return nil
		}
	}
}

// form is the output the flags ask for.
func (s *settings) form(pid int) format {
	switch {
	case s.json:
		return jsonLines{}
	case s.plain:
		return &pageLines{master: masterLine(pid), started: map[int]bool{}}
	}
	return lines{}
}
