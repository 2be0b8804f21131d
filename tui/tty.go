package tui

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/charmbracelet/x/ansi"
)

// ttyIn is the terminal's input as bubbletea reads it. It notices the end of
// the terminal, which bubbletea ignores.
type ttyIn struct {
	file *os.File
	gone func()
}

func (i *ttyIn) Read(p []byte) (int, error) {
	n, err := i.file.Read(p)
	if err != nil && !passing(err) {
		i.gone()
	}
	return n, err
}

// The further methods make it the file bubbletea wants for raw mode; Fd is the
// descriptor itself.
func (i *ttyIn) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (i *ttyIn) Close() error              { return nil }
func (i *ttyIn) Fd() uintptr               { return i.file.Fd() }
func (i *ttyIn) Name() string              { return i.file.Name() }

// ttyOut is the terminal's output as bubbletea writes it: each frame and each
// sequence is one Write. It has no WriteString, which would go round Write.
type ttyOut struct {
	file   *os.File
	gone   func()
	closed atomic.Bool // everything but the last words is dropped

	mu  sync.Mutex // held during a write: what several goroutines write must not mix
	alt bool       // the other screen is on
}

func (o *ttyOut) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed.Load() {
		return len(p), nil
	}
	switch string(p) {
	case ansi.SetModeAltScreenSaveCursor:
		o.alt = true
	case ansi.ResetModeAltScreenSaveCursor:
		o.alt = false
	}
	return o.write(p)
}

// last writes what undoes the dashboard's sequences. Leaving the other screen
// without being there would move the cursor.
func (o *ttyOut) last() {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := lastWords
	if o.alt {
		s += ansi.ResetModeAltScreenSaveCursor
		o.alt = false
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
