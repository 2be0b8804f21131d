package tui

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// ttyIn is the terminal's input as bubbletea reads it. It notices the end of
// the terminal, which bubbletea ignores.
type ttyIn struct {
	file *os.File
	out  *ttyOut
	gone func()
	esc  escapes

	leaving atomic.Bool // the program is about to end
}

// behindEvery is how often it is looked whether the terminal is ours again.
const behindEvery = 100 * time.Millisecond

func (i *ttyIn) Read(p []byte) (int, error) {
	if i.out.behind() { // what is typed is the shell's
		time.Sleep(behindEvery) // bubbletea comes again at once
		return 0, nil
	}
	n, err := i.file.Read(p)
	if err != nil && !passing(err) {
		i.gone()
	}
	return i.esc.apart(p, n), err
}

// The further methods make it the file bubbletea wants for raw mode.
func (i *ttyIn) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (i *ttyIn) Close() error              { return nil }
func (i *ttyIn) Name() string              { return i.file.Name() }

// Fd is the descriptor itself; none when bubbletea would put back its modes and be
// stopped for it.
func (i *ttyIn) Fd() uintptr {
	if i.leaving.Load() && i.out.behind() {
		return ^uintptr(0)
	}
	return i.file.Fd()
}

// leaveAlt leaves the other screen, and nothing on it. A terminal that was made
// smaller may still hold what lay outside since then, and put it into the
// scrollback of the screen before: tmux does.
const leaveAlt = ansi.CursorHomePosition + ansi.EraseScreenBelow + ansi.ResetModeAltScreenSaveCursor

// ttyOut is the terminal's output as bubbletea writes it: each frame and each
// sequence is one Write. It has no WriteString, which would go round Write.
type ttyOut struct {
	file   *os.File
	gone   func()
	behind func() bool // somebody else has the terminal, and its lines are on it
	closed atomic.Bool // everything but the last words is dropped

	mu  sync.Mutex  // held during a write: what several goroutines write must not mix
	alt atomic.Bool // the other screen is on
}

func (o *ttyOut) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed.Load() || o.alt.Load() && o.behind() {
		return len(p), nil
	}
	switch string(p) {
	case ansi.SetModeAltScreenSaveCursor:
		o.alt.Store(true)
	case ansi.ResetModeAltScreenSaveCursor:
		o.alt.Store(false)
		n, err := o.write([]byte(leaveAlt))
		return min(n, len(p)), err
	}
	return o.write(p)
}

// last writes what undoes the dashboard's sequences. Leaving the other screen
// without being there would move the cursor.
func (o *ttyOut) last() {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := lastWords
	if o.alt.Load() {
		s += leaveAlt
		o.alt.Store(false)
	}
	_, _ = o.write([]byte(s + ansi.ShowCursor)) // a terminal that is gone needs no restoring
}

// write needs mu.
func (o *ttyOut) write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if err != nil && !passing(err) {
		o.gone()
	}
	return n, err
}

// Read, Close, Fd and Name make it the file bubbletea wants to ask for the size.
func (o *ttyOut) Read([]byte) (int, error) { return 0, io.EOF }
func (o *ttyOut) Close() error             { return nil }
func (o *ttyOut) Fd() uintptr              { return o.file.Fd() }
func (o *ttyOut) Name() string             { return o.file.Name() }

// passing tells whether the terminal may still be there after err.
func passing(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
}
