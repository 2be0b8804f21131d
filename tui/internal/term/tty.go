package term

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

// Input is the terminal's input as bubbletea reads it. It notices the end of
// the terminal, which bubbletea ignores.
type Input struct {
	file *os.File
	out  *Output
	gone func()
	esc  escapes

	leaving atomic.Bool // the program is about to end
}

// BehindEvery is how often to check whether this process has the terminal
// again.
const BehindEvery = 100 * time.Millisecond

// Leave says that the program is about to end.
func (i *Input) Leave() { i.leaving.Store(true) }

func (i *Input) Read(p []byte) (int, error) {
	if i.out.behind() { // typed text is for the shell
		time.Sleep(BehindEvery) // bubbletea reads again at once
		return 0, nil
	}
	n, err := i.file.Read(p)
	if err != nil && !passing(err) {
		i.gone()
	}
	return i.esc.apart(p, n), err
}

// The other methods make Input the file bubbletea wants for raw mode.
func (i *Input) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (i *Input) Close() error              { return nil }
func (i *Input) Name() string              { return i.file.Name() }

// Fd is the descriptor, or an invalid one when restoring the modes would get
// the process stopped.
func (i *Input) Fd() uintptr {
	if i.leaving.Load() && i.out.behind() {
		return ^uintptr(0)
	}
	return i.file.Fd()
}

// leaveAlt clears the alternate screen and leaves it. A terminal that was made
// smaller may still hold the part that no longer fits, and put it into the
// scrollback of the normal screen: tmux does.
const leaveAlt = ansi.CursorHomePosition + ansi.EraseScreenBelow + ansi.ResetModeAltScreenSaveCursor

// Output is the terminal's output as bubbletea writes it: each frame and each
// sequence is one Write. It has no WriteString, which would bypass Write.
type Output struct {
	file   *os.File
	gone   func()
	behind func() bool // another process has the terminal and writes to it
	closed atomic.Bool // everything except lastWords is dropped

	mu  sync.Mutex  // held during a write: output of several goroutines must not mix
	alt atomic.Bool // the alternate screen is on
}

func (o *Output) Write(p []byte) (int, error) {
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

// last writes the sequences that undo the dashboard's. Leaving the alternate
// screen without being on it would move the cursor.
func (o *Output) last() {
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
func (o *Output) write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if err != nil && !passing(err) {
		o.gone()
	}
	return n, err
}

// Read, Close, Fd and Name make Output the file bubbletea needs to ask for the
// size.
func (o *Output) Read([]byte) (int, error) { return 0, io.EOF }
func (o *Output) Close() error             { return nil }
func (o *Output) Fd() uintptr              { return o.file.Fd() }
func (o *Output) Name() string             { return o.file.Name() }

// passing tells whether err may pass: the terminal may still be there.
func passing(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
}
