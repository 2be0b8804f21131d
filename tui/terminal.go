package tui

import (
	"os"
	"syscall"

	"muster/tui/internal/term"
)

// ErrNotTerminal is what Run returns if its input or output is no terminal.
var ErrNotTerminal = term.ErrNotTerminal

// Terminal gives a terminal back as it was found, on every way out the process
// can see: the end of Run, a signal, a panic in any goroutine started by Go.
// bubbletea alone restores it only at its own end.
//
// NewCluster makes a Terminal. All methods may be called from any goroutine.
type Terminal struct{ t *term.Terminal }

// newTerminal is for the terminal behind in and out, usually os.Stdin and
// os.Stdout; nothing is changed before Run. onPanic (nil = nothing) is called
// once after a panic, or before a signal ends the process, when the terminal is
// already restored; it is the place to kill the workers. It may take up to two
// seconds.
func newTerminal(in, out *os.File, onPanic func()) *Terminal {
	return &Terminal{term.New(in, out, onPanic)}
}

// Go starts f in a goroutine. If it panics, the process ends as by Panicked.
func (t *Terminal) Go(f func()) { t.t.Go(f) }

// Panicked ends the process because of a panic with value v, recovered in the
// calling goroutine: it restores the terminal, kills the workers, prints v and
// the goroutine's stack to stderr and exits with 1. It does not return; of
// several panics it prints the first.
func (t *Terminal) Panicked(v any) { t.t.Panicked(v) }

// Died ends the process because of a signal that ends it: it restores the
// terminal, kills the workers, and dies by s, with the stacks on stderr. It
// does not return; of several ends the first counts.
func (t *Terminal) Died(s syscall.Signal) { t.t.Died(s) }
