package cli

import (
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/cpus"
	"muster/internal/deathsignal"
	"muster/internal/tour"
	"muster/tui"
)

const tourAbout = `muster tour shows what a cluster is, chapter by chapter, on a real one: each
step says what happens, the call it stands for and the events it causes. It
waits for you; all other keys work meanwhile. Without a terminal on stdin and
stdout it plays by itself and prints each step.`

const tourExamples = `  muster tour                       enter goes on, left back, R starts over
  muster tour --chapter 5           killed by accident
  muster tour --auto --pause 10s    by itself, ten seconds a step
  muster tour | less                as text`

const defaultPause = 3 * time.Second

// tourSettings are the values of the flags of muster tour: its own, and those
// of the cluster and the screen that make sense here.
type tourSettings struct {
	settings
	auto    bool
	pause   time.Duration
	chapter int // 0 = not given
}

// tourCommand is muster tour.
func (a *app) tourCommand() *cobra.Command {
	var s tourSettings
	groups := s.groups()
	c := &cobra.Command{
		Use:   "tour [flags]",
		Short: "A guided tour on a live cluster",
		Args:  noUnknownCommand,
		RunE: func(*cobra.Command, []string) error {
			if s.workers == 0 {
				s.workers = min(max(cpus.Usable().N, tour.LeastWorkers), engine.MaxWorkers)
			}
			return a.runTour(&s)
		},
	}
	addFlags(c, groups)
	c.SetFlagErrorFunc(flagError)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		w := c.OutOrStdout()
		fmt.Fprintf(w, "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n", tourAbout, c.Use, tourExamples)
		for _, g := range groups {
			fmt.Fprintf(w, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(command.HelpWidth))
		}
		fmt.Fprint(w, "\nExit codes: 0 the end or left by a key, 1 a step of --auto did not get there,\n"+
			"2 wrong usage, 128+n ended by a second signal n.\n")
	})
	return c
}

// groups makes the flags that fill s, with those flags of muster that a tour
// leaves open.
func (s *tourSettings) groups() []flagGroup {
	all := s.settings.groups(true)
	s.pause = defaultPause
	script := len(tour.Script(tour.LeastWorkers))

	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = false
	own.BoolVar(&s.auto, "auto", false, "go on by itself, and end after the last step")
	own.Var(command.Duration(&s.pause), "pause", "with --auto: how long a step stands that is done")
	own.Var(command.Int(&s.chapter, 1, script), "chapter", fmt.Sprintf("where to begin, 1 to %d (default 1)", script))
	own.AddFlag(all[0].flags.Lookup("addr"))
	own.Var(command.Int(&s.workers, tour.LeastWorkers, engine.MaxWorkers), "workers", "how many it grows to (default one per CPU, at least 2)")
	return []flagGroup{{"The tour", own}, all[len(all)-1]}
}

// runTour plays the tour, with the screen or without.
func (a *app) runTour(s *tourSettings) error {
	command.CatchSIGPIPE()
	c, terminal, err := tui.NewCluster(engine.Options{
		Addr: s.addr, Workers: 1, Policy: engine.SchedRR, Grace: defaultGrace, StopSignal: syscall.SIGTERM, KillTimeout: defaultKill,
		ReadyTimeout: defaultReady, Stall: defaultStall, Adopt: engine.AdoptAll,
		Settings: engine.Settings{Args: []string{}}, // muster's flags are not for the workers
	})
	if err != nil {
		return command.Failed(err)
	}
	defer deathsignal.Catch(terminal.Died)() // with the screen or without
	oneProcessor(a.Getenv)

	screen := tui.Interactive(a.Getenv)
	o := tour.Options{Workers: s.workers, Chapter: s.chapter, Auto: s.auto || !screen, Pause: s.pause, OnPanic: terminal.Panicked}
	if !screen {
		signals, end := command.StopSignals()
		defer end()
		return a.tellTour(c, lifeOf(c), o, signals)
	}
	p, err := tour.New(c, o)
	if err != nil {
		return command.Misused(err)
	}
	if err := a.showTour(c, p, terminal, s); err != nil {
		return err
	}
	if err := p.Err(); s.auto && err != nil {
		return command.Failed(fmt.Errorf("the tour did not get everywhere: %w", err))
	}
	return nil
}
