package term

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/deathsignal"
	"muster/internal/safetext"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// ErrNotTerminal is what Run returns if its input or output is no terminal.
var ErrNotTerminal = errors.New("not a terminal")

const (
	restoreLimit = 300 * time.Millisecond // a terminal that takes no bytes must not keep the process from ending
	panicLimit   = 2 * time.Second        // for the owner's hook after a panic, such as killing the workers
)

// Terminal gives a terminal back as it was found, on every way out the process
// can see: the end of Run, a signal, a panic in any goroutine started by Go.
// bubbletea alone restores it only at its own end.
//
// All methods may be called from any goroutine.
type Terminal struct {
	in      *os.File
	out     *Output
	onPanic func()

	mu    sync.Mutex
	saved *term.State // how the terminal was; nil while this process has not taken it

	gone     chan struct{} // closed when the terminal turned out to have vanished
	goneOnce sync.Once

	panicked sync.Once
	errOut   io.Writer
	exit     func(code int)
}

// New is for the terminal behind in and out, usually os.Stdin and os.Stdout;
// nothing is changed before Run. onPanic (nil = nothing) is called once after a
// panic, or before a signal ends the process, when the terminal is already
// restored; it is the place to kill the workers. It may take up to two seconds.
func New(in, out *os.File, onPanic func()) *Terminal {
	t := &Terminal{
		in:      in,
		onPanic: onPanic,
		gone:    make(chan struct{}),
		errOut:  os.Stderr,
		exit:    os.Exit,
	}
	t.out = &Output{file: out, gone: t.vanished, behind: t.Behind}
	return t
}

// Take remembers the state of the terminal. From now on Restore has work to do.
func (t *Terminal) Take() error {
	for _, f := range []*os.File{t.in, t.out.file} {
		if f == nil || !term.IsTerminal(f.Fd()) {
			return ErrNotTerminal
		}
	}
	st, err := term.GetState(t.in.Fd())
	if err != nil {
		return fmt.Errorf("reading the state of the terminal: %w", err)
	}
	t.mu.Lock()
	t.saved = st
	t.mu.Unlock()
	t.out.closed.Store(false)
	return nil
}

// Input is the terminal as bubbletea reads it.
func (t *Terminal) Input() *Input { return &Input{file: t.in, out: t.out, gone: t.vanished} }

// Output is the terminal as bubbletea writes it.
func (t *Terminal) Output() *Output { return t.out }

// Gone is closed when the terminal turned out to have vanished.
func (t *Terminal) Gone() <-chan struct{} { return t.gone }

// Size is the terminal's size in cells; an error if the terminal does not tell.
func (t *Terminal) Size() (w, h int, err error) { return term.GetSize(t.out.Fd()) }

// MakeRaw makes the terminal raw again after the process was stopped and went on:
// a shell puts its own modes back in between.
func (t *Terminal) MakeRaw() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.saved == nil {
		return nil
	}
	_, err := term.MakeRaw(t.in.Fd())
	return err
}

// Behind tells whether another process group has the terminal, such as a shell
// that took it when this process was stopped. A process in the background that
// reads from the terminal or sets its modes is stopped again, even when a
// signal asks it to end (tty_ioctl(4), tcsetattr(3p)).
func (t *Terminal) Behind() bool {
	owner, err := unix.IoctlGetInt(int(t.in.Fd()), unix.TIOCGPGRP)
	return err == nil && owner != unix.Getpgrp() // an error: this process has no terminal, or the terminal has gone
}

// Restore puts the terminal back: its modes, the cursor, the screen there was
// before. Later output of the dashboard is dropped. Without a running dashboard
// Restore does nothing; it never waits longer than 0.3 s.
func (t *Terminal) Restore() { t.giveBack(true) }

// Release is Restore after bubbletea has undone its own sequences: leaving the
// other screen twice would move the cursor.
func (t *Terminal) Release() { t.giveBack(false) }

func (t *Terminal) giveBack(sequences bool) {
	t.mu.Lock()
	saved := t.saved
	t.saved = nil
	t.mu.Unlock()
	if saved == nil {
		return
	}
	t.out.closed.Store(true)
	behind := t.Behind()
	if sequences || behind { // bubbletea's own sequences were dropped
		t.writeLast()
	}
	if behind {
		return // the process that has the terminal has set its modes
	}
	// Last, so that the sequences are not subject to the line discipline; an
	// ioctl that does not wait for the output to drain.
	_ = term.Restore(t.in.Fd(), saved) // if it fails the terminal is gone
}

// writeLast writes the sequences that undo the dashboard's, after a frame that
// may be in progress. It gives up on a terminal that takes nothing.
func (t *Terminal) writeLast() {
	done := make(chan struct{})
	go func() { // ends with the write; a stuck one ends with the process
		defer close(done)
		t.out.last()
	}()
	limit := time.NewTimer(restoreLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// vanished notes that the terminal has gone.
func (t *Terminal) vanished() { t.goneOnce.Do(func() { close(t.gone) }) }

// Go starts f in a goroutine. If it panics, the process ends as by Panicked.
func (t *Terminal) Go(f func()) {
	go func() {
		defer t.Catch()
		f()
	}()
}

// Catch is to be deferred: it recovers a panic and ends the process as by
// Panicked.
func (t *Terminal) Catch() {
	if v := recover(); v != nil {
		t.Panicked(v)
	}
}

// Panicked ends the process because of a panic with value v, recovered in the
// calling goroutine: it restores the terminal, calls the hook of New, prints v
// and the goroutine's stack to stderr and exits with 1. It does not return; of
// several panics it prints the first.
func (t *Terminal) Panicked(v any) {
	stack := debug.Stack()
	t.panicked.Do(func() {
		t.Restore()
		t.afterPanic()
		fmt.Fprint(t.errOut, panicText(v, stack))
		t.exit(1)
	})
	select {} // another panic is being printed: the process is about to end
}

// Died ends the process because of a signal that ends it (see deathsignal): it
// restores the terminal, calls the hook of New, and dies by s, with the stacks
// on stderr. It does not return; of several ends the first counts.
func (t *Terminal) Died(s syscall.Signal) {
	t.panicked.Do(func() {
		t.Restore()
		t.afterPanic()
		deathsignal.Die(s)
	})
	select {} // the process is about to end
}

// afterPanic calls the hook, but does not wait for ever and survives a panic of
// the hook.
func (t *Terminal) afterPanic() {
	if t.onPanic == nil {
		return
	}
	done := make(chan struct{})
	go func() { // ends with the hook
		defer close(done)
		defer func() { _ = recover() }()
		t.onPanic()
	}()
	limit := time.NewTimer(panicLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// panicText is what is printed: a panic value may hold outside text.
func panicText(v any, stack []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "muster: panic: %s\n\n", safetext.Line(fmt.Sprint(v)))
	for line := range strings.Lines(string(stack)) {
		b.WriteString(safetext.Line(strings.TrimSuffix(line, "\n")))
		b.WriteByte('\n')
	}
	return b.String()
}

// lastWords undo everything a dashboard may have switched on.
const lastWords = ansi.ResetModeMouseButtonEvent + ansi.ResetModeMouseAnyEvent + ansi.ResetModeMouseExtSgr +
	ansi.ResetModeBracketedPaste + ansi.ResetStyle
