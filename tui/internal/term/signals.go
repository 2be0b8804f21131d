package term

import (
	"os"
	"os/signal"
	"syscall"

	"muster/internal/stopsignal"
)

// Signals catches the signals a dashboard needs, until end is called. A SIGHUP
// that was ignored at the start stays ignored: nohup asks for that, and a
// vanished terminal is noticed without the signal.
func Signals() (c <-chan os.Signal, end func()) {
	heard := []os.Signal{syscall.SIGINT, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGCONT,
		syscall.SIGPIPE} // so that a write to a broken terminal fails instead of ending us
	if !signal.Ignored(syscall.SIGHUP) {
		heard = append(heard, syscall.SIGHUP)
	}
	return stopsignal.Notify(heard...)
}
