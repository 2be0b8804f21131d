package cli

import (
	"os"
	"runtime"

	"muster/tui"
)

// runCluster is muster itself: the cluster, with the screen or without.
func (a *app) runCluster(s *settings) error {
	catchSIGPIPE()
	c, terminal, err := tui.NewCluster(s.engineOptions())
	if err != nil {
		return failed(err) // says what to do, with the process that holds the address
	}
	oneProcessor(a.getenv)
	if !s.noScreen() && tui.Interactive(a.getenv) {
		return a.dashboard(c, terminal, s)
	}

	signals, end := stopSignals()
	defer end()
	form, err := s.form(a.stdout, os.Getpid())
	if err != nil {
		return failed(err)
	}
	return a.serve(c, form, signals)
}

// noScreen tells that the flags ask for output without a screen.
func (s *settings) noScreen() bool { return s.headless || s.json || s.plain }

// oneProcessor keeps the primary on one processor: its loop is one goroutine,
// and handing work between threads costs more than it brings (a fifth of the
// CPU of a hand-off, by `go run ./bench handoff-cpu`). The engine has counted
// the processors by now. A GOMAXPROCS of the user's stands.
func oneProcessor(getenv func(string) string) {
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
