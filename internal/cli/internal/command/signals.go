package command

import (
	"os"
	"os/signal"
	"syscall"

	"muster/internal/stopsignal"
)

// StopSignals catches the signals that ask to stop, until end is called. A
// signal that was ignored when this process started stays ignored: nohup and a
// shell's background jobs ask for that.
func StopSignals() (c <-chan os.Signal, end func()) {
	var heard []os.Signal
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heard = append(heard, s)
		}
	}
	if len(heard) == 0 {
		return nil, func() {} // Notify without signals would catch all
	}
	return stopsignal.Notify(heard...)
}

// CatchSIGPIPE makes a write to a stdout without a reader fail with EPIPE;
// otherwise SIGPIPE would end the process without restoring the terminal or
// telling the workers. It is caught, not ignored, because an ignored signal
// would stay ignored in the workers.
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
