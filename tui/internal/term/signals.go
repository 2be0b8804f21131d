package term

import (
	"os"
	"os/signal"
	"syscall"

	"muster/internal/stopsignal"
)

// Signals catches what a dashboard has to know of, until end is
// called. A SIGHUP that was ignored when we started stays so: that is what
// nohup asks for, and a vanished terminal is noticed without it.
func Signals() (c <-chan os.Signal, end func()) {
	heard := []os.Signal{syscall.SIGINT, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGCONT,
		syscall.SIGPIPE} // so that a write to a broken terminal fails instead of ending us
	if !signal.Ignored(syscall.SIGHUP) {
		heard = append(heard, syscall.SIGHUP)
	}
	return stopsignal.Notify(heard...)
}
