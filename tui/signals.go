package tui

import (
	"os"
	"os/signal"
	"syscall"

	"muster/internal/stopsignal"

	tea "github.com/charmbracelet/bubbletea"
)

// dashboardSignals catches what a dashboard has to know of, until end is
// called. A SIGHUP that was ignored when we started stays so: that is what
// nohup asks for, and a vanished terminal is noticed without it.
func dashboardSignals() (c <-chan os.Signal, end func()) {
	heard := []os.Signal{syscall.SIGINT, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGCONT,
		syscall.SIGPIPE} // so that a write to a broken terminal fails instead of ending us
	if !signal.Ignored(syscall.SIGHUP) {
		heard = append(heard, syscall.SIGHUP)
	}
	return stopsignal.Notify(heard...)
}

// onSignal handles one signal. leave: the terminal is not ours any more.
func (r *runner) onSignal(s os.Signal) (leave bool) {
	switch s {
	case syscall.SIGINT, syscall.SIGTERM:
		r.stop(BySignal, s.(syscall.Signal))
	case syscall.SIGHUP:
		// Closing a window brings one from the kernel and often one from the
		// shell: the second is no wish to end at once.
		r.stopOnce(BySignal, syscall.SIGHUP)
		return true
	case syscall.SIGTSTP:
		r.send(toastMsg("a stop of the primary is refused: the port would stand still"))
	}
	return false
}

// stop asks for the end of the cluster, without waiting for an answer or for
// the screen.
func (r *runner) stop(why Why, sig syscall.Signal) {
	n := r.end.note(why, sig)
	r.send(stopMsg{outside: true, again: n > 1})
	r.t.Go(func() { // ends when the cluster has answered, or after its limit
		if err := r.end.carry(n, why); err != nil {
			r.p.Send(stopMsg{err: err})
		}
	})
}

// stopOnce is stop, unless the end has been asked for already.
func (r *runner) stopOnce(why Why, sig syscall.Signal) {
	if !r.end.begun() {
		r.stop(why, sig)
	}
}

// send gives the program a message without waiting for it.
func (r *runner) send(msg tea.Msg) {
	r.t.Go(func() { r.p.Send(msg) }) // ends when it is taken, or with the program
}
