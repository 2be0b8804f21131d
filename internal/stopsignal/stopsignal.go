// Package stopsignal catches signals that ask a program to stop, and tells one
// request that comes as two signals from a second request.
package stopsignal

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Window is how long a repeated signal counts as the same request: timeout(1)
// of GNU sends its signal to the program and then to its process group; when a
// terminal closes, the kernel and the shell both send SIGHUP.
const Window = 100 * time.Millisecond

// Notify catches signals until end is called, and passes them on without the
// echoes of those that ask to stop. The channel is not closed.
func Notify(signals ...os.Signal) (c <-chan os.Signal, end func()) {
	caught, wishes, over := make(chan os.Signal, 8), make(chan os.Signal, 8), make(chan struct{})
	signal.Notify(caught, signals...)
	go pass(caught, wishes, over, time.Now)
	return wishes, func() {
		signal.Stop(caught)
		close(over)
	}
}

// pass ends with over. If 8 signals wait, further ones are lost, as with the
// signal package.
func pass(caught <-chan os.Signal, wishes chan<- os.Signal, over <-chan struct{}, now func() time.Time) {
	var last os.Signal
	var at time.Time // of last, by the monotonic clock
	for {
		select {
		case s := <-caught:
			since := now()
			if echo(last, s, since.Sub(at)) {
				continue
			}
			last, at = s, since
			select {
			case wishes <- s:
			default:
			}
		case <-over:
			return
		}
	}
}

// echo tells whether s, this long after the last signal that was passed on,
// repeats it. The time counts from that signal, so one that comes all the time
// is passed on ten times a second.
func echo(last, s os.Signal, since time.Duration) bool {
	switch s {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP:
		return s == last && since < Window
	}
	return false
}
