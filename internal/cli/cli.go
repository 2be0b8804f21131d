// Package cli is muster's command line: the commands and their flags, the
// output without a screen, and the exit codes.
//
//	0   asked to stop, and stopped
//	1   failed
//	2   wrong usage; nothing was started
//	128+n  ended at once by a second signal n (129 HUP, 130 INT, 143 TERM)
//
// Whatever goes wrong is one line on stderr that says what happened and what
// to do about it.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"muster/internal/safetext"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// Main runs muster with the arguments after the program's name and returns its
// exit code. It is called once, from main, after engine.Role said that this
// process is no worker.
func Main(args []string) int {
	a := &app{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}
	return a.run(args)
}

// app is what a command has of the world.
type app struct {
	stdout io.Writer
	stderr io.Writer
	getenv func(string) string
	args   []string // what was typed after the program's name
}

// failure is an error that carries its exit code. Commands return nothing
// else, so any other error comes from cobra's reading of the command line and
// is wrong usage.
type failure struct {
	code int
	err  error // nil: it was said already
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func failed(err error) error { return &failure{code: exitFailed, err: err} }
func misused(err error) error {
	return &failure{code: exitUsage, err: fmt.Errorf("%w (muster --help shows the usage)", err)}
}

func (a *app) run(args []string) int {
	a.args = args
	out := &heldError{w: a.stdout}
	root := a.rootCommand(out)
	root.SetArgs(args)
	err := root.Execute()
	var f *failure
	told := errors.As(err, &f)
	switch {
	case !told && out.err != nil: // cobra forgets it, or takes it for wrong usage
		errors.As(failed(fmt.Errorf("writing to stdout: %w", out.err)), &f)
	case err == nil:
		return 0
	case !told:
		errors.As(misused(err), &f)
	}
	if f.err != nil {
		a.say("%v", f.err)
	}
	return f.code
}

// heldError keeps the first error of w, and writes no more after it.
type heldError struct {
	w   io.Writer
	err error
}

func (h *heldError) Write(p []byte) (n int, err error) {
	if h.err == nil {
		n, h.err = h.w.Write(p)
	}
	return n, h.err
}

// say writes one line to stderr. It may be called from any goroutine: one line
// is one write.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.stderr, "muster: %s\n", safetext.Line(safetext.DropSGR(fmt.Sprintf(format, args...))))
}
