package cli

import (
	"os"
	"runtime"

	"muster/internal/cli/internal/command"
	"muster/internal/deathsignal"
	"muster/tui"
)

// runCluster is muster itself: the cluster, with the screen or without.
func (a *app) runCluster(s *settings) error {
	command.CatchSIGPIPE()
	c, terminal, err := tui.NewCluster(s.engineOptions())
	if err != nil {
		return command.Failed(err) // the error says what to do, and which process holds the address
	}
	defer deathsignal.Catch(terminal.Died)() // with the screen or without
	oneProcessor(a.Getenv)
	if over, err := a.prepare(s); over || err != nil {
		_ = c.Close() // nothing was started
		return err
	}
	if !s.noScreen() && tui.Interactive(a.Getenv) {
		return a.dashboard(c, terminal, s)
	}

	signals, end := command.StopSignals()
	defer end()
	return a.serve(c, lifeOf(c), s.form(os.Getpid()), signals)
}

// noScreen tells that the flags ask for output without a screen.
func (s *settings) noScreen() bool { return s.headless || s.json || s.plain }

// oneProcessor keeps the primary on one processor: its loop is one goroutine,
// and handing work between threads costs more than it gains (a fifth of the CPU
// of a hand-off, by `go run ./bench handoff-cpu`). The engine has counted the
// processors by now. A GOMAXPROCS set by the user is kept.
func oneProcessor(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
