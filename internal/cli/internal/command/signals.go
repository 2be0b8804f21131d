package command

import (
	"os"
	"os/signal"
	"syscall"

	"muster/internal/stopsignal"
)

// StopSignals catches the signals that ask to stop, until end is called. One
// that was ignored when we started stays ignored: that is how nohup and a
// shell's background jobs ask to be left alone.
func StopSignals() (c <-chan os.Signal, end func()) {
	var heard []os.Signal
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heard = append(heard, s)
		}
	}
	if len(heard) == 0 {
		return nil, func() {} // none given would be all there are
	}
	return stopsignal.Notify(heard...)
}

// CatchSIGPIPE makes a write to a stdout without a reader fail with EPIPE;
// otherwise it would end the process, with the terminal as it is and the
// workers not told. Caught and not ignored: an ignored signal would stay
// ignored in the workers.
func CatchSIGPIPE() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

// SignalCode is the exit code of a process that a signal ended.
func SignalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return ExitFailed
}
