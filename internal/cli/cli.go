// Package cli is muster's command line: the commands and their flags, the
// output without a screen, and the exit codes.
//
//	0   asked to stop, and stopped
//	1   failed
//	2   wrong usage; nothing was started
//	128+n  ended at once by a second signal n (129 HUP, 130 INT, 143 TERM)
//
// Every error is one line on stderr that says what happened and what to do
// about it.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"muster/internal/cli/internal/command"
)

// Main runs muster with the arguments after the program's name and returns its
// exit code. It is called once, from main, after engine.Role said that this
// process is no worker.
func Main(args []string) int {
	a := &app{World: command.World{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}}
	return a.run(args)
}

// run runs the command that args name.
func (a *app) run(args []string) int {
	a.args = args
	out := &heldError{w: a.Stdout}
	root := a.rootCommand(out)
	root.SetArgs(args)
	err := root.Execute()
	var f *command.Failure
	told := errors.As(err, &f)
	switch {
	case !told && out.err != nil: // cobra drops the error, or takes it for wrong usage
		errors.As(command.Failed(fmt.Errorf("writing to stdout: %w", out.err)), &f)
	case err == nil:
		return 0
	case !told:
		errors.As(command.Misused(err), &f)
	}
	if f.Err != nil {
		a.Say("%v", f.Err)
	}
	return f.Code
}

// heldError keeps the first error of w, and writes nothing after that error.
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
