// Package deathsignal catches the signals that end a Go program with the stacks
// of its goroutines, so that it can tidy up first, and then ends it as the signal
// says. Go's runtime by itself ends at once: on a terminal that is still raw,
// with no worker told.
//
// This is for signals that somebody sends. A fault of the program itself (such
// as SIGSEGV by a bad address) is a panic, or an end by the runtime. Signals
// that Go does nothing about (SIGUSR1, SIGALRM, SIGXCPU, ...) still do nothing.
package deathsignal

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sayLimit is how long writing the stacks to stderr may take: stderr may be
	// a terminal that takes nothing.
	sayLimit = 2 * time.Second
	// maxStacks is how many bytes of stacks are written.
	maxStacks = 16 << 20
)

// Catch makes die be called, in a goroutine of its own, for the first of the
// signals that comes until end is called. die must tidy up and then call Die.
// Several may be set at the same time: each is called.
func Catch(die func(syscall.Signal)) (end func()) {
	caught, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(caught, deaths...)
	go func() { // ends with end, or with the process
		select {
		case s := <-caught:
			die(s.(syscall.Signal))
		case <-over:
		}
	}()
	return func() {
		signal.Stop(caught)
		close(over)
	}
}

// Die ends the process by s and does not return: the stacks of all goroutines go
// to stderr, and its parent sees a process that s has ended (134 in a shell, for
// SIGABRT). SIGQUIT ends as Go does it, with its stacks and exit code 2.
func Die(s syscall.Signal) {
	if s == syscall.SIGQUIT {
		signal.Reset(s)
		_ = syscall.Kill(os.Getpid(), s) // cannot fail: the signal is for this process
		select {}
	}
	sayStacks(s)
	raise(s)
	// The signal did not end this process: process 1 of a container has no
	// default actions.
	os.Exit(128 + int(s))
}

func sayStacks(s syscall.Signal) {
	said := make(chan struct{})
	go func() { // a stuck one ends with the process
		defer close(said)
		fmt.Fprintf(os.Stderr, "%s: %v\n\n%s", unix.SignalName(s), s, stacks())
	}()
	select {
	case <-said:
	case <-time.After(sayLimit):
	}
}

// stacks are those of all goroutines.
func stacks() []byte {
	for size := 64 << 10; ; size *= 4 {
		b := make([]byte, size)
		if n := runtime.Stack(b, true); n < size || size >= maxStacks {
			return b[:n]
		}
	}
}
