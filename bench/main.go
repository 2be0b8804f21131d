// Bench measures what the README says about muster: how fast it is, compared
// with itself, with Node and in absolute terms, and what it costs.
//
//	go run ./bench [NAME...] [flags]
//
// Without a name it measures everything. It builds the real binary into a
// temporary directory and drives it from outside, as a user would; all traffic
// goes to 127.0.0.1. The output is Markdown: the machine, and a table with the
// value, the aim and the command that repeats the line. Progress goes to
// stderr.
//
// A ratio comes from one run in which both sides stand ready and are loaded in
// turn (A B A B ...), so that other work of the machine affects both. Its value
// is the median of the ratios of the rounds.
//
// Exit codes: 0 everything asked for was measured or cannot be measured here
// (no node), 1 something failed, 2 wrong usage, 130 interrupted. A missed aim
// is a result and not a failure. Bench never leaves a process it started.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/pflag"
)

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

var errInterrupted = errors.New("interrupted")

// main keeps catching signals after the first one: the end takes a bounded
// time, and a second signal must not leave a cluster behind.
func main() {
	if addr := os.Getenv(plainEnv); addr != "" {
		os.Exit(servePlain(addr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program with its arguments, its outputs and, in ctx, the signal
// that ends it. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// Processes started here ask the kernel for a signal when the thread that
	// started them ends; this thread lives until all of them have gone.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	s := &suite{progress: stderr}
	chosen, err := s.parse(args, s.measurements(), stdout)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	end, err := s.prepare(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = errInterrupted
		}
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitCode(ctx, exitFailed)
	}
	defer end()

	r := &report{settings: s.settings, machine: thisMachine(ctx), client: s.client.name()}
	code := 0
	for _, m := range chosen {
		s.say("%s", m.name)
		res, err := m.run(ctx)
		if ctx.Err() != nil {
			fmt.Fprintf(stderr, "bench: %v\n", errInterrupted)
			break
		}
		var not *notHere
		if err != nil && !errors.As(err, &not) {
			fmt.Fprintf(stderr, "bench: %s: %v\n", m.name, err)
			code = exitFailed
		}
		r.add(m, res, err)
	}
	if len(r.rows) == 0 { // interrupted in the first measurement
		return exitCode(ctx, code)
	}
	if err := r.write(stdout); err != nil {
		fmt.Fprintf(stderr, "bench: writing the report: %v\n", err)
		code = exitFailed
	}
	return exitCode(ctx, code)
}

// exitCode is code, unless the run was interrupted.
func exitCode(ctx context.Context, code int) int {
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return code
}
