package loadcmd

import (
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"

	"muster/internal/cli/internal/command"
	"muster/internal/deathsignal"
)

// file is the file behind a writer, nil = there is none.
func file(w io.Writer) *os.File {
	f, _ := w.(*os.File)
	return f
}

func isTerminal(w io.Writer) bool {
	f := file(w)
	return f != nil && term.IsTerminal(f.Fd())
}

// terminalWidth returns a function that returns the terminal's present width.
func terminalWidth(w io.Writer) func() int {
	f := file(w)
	return func() int {
		width, _, err := term.GetSize(f.Fd())
		if err != nil || width <= 0 {
			return command.HelpWidth
		}
		return width
	}
}

// readKeys turns the keys of a terminal into orders. restore gives the terminal
// back as it was; it may be called more than once, by any goroutine. Without a
// terminal, or in the background of one, where changing its modes would stop
// this process, there are no keys and orders is nil.
func readKeys(in *os.File) (orders <-chan order, restore func()) {
	nothing := func() {}
	if !term.IsTerminal(in.Fd()) || !foreground(in) {
		return nil, nothing
	}
	before, err := term.GetState(in.Fd())
	if err != nil {
		return nil, nothing
	}
	var once sync.Once
	restore = func() {
		once.Do(func() {
			_ = term.Restore(in.Fd(), before) // a terminal that has gone needs nothing
		})
	}
	deathsignal.Catch(func(sig syscall.Signal) { // for the life of the process; set before the terminal is changed
		restore()
		deathsignal.Die(sig)
	})
	if _, err := term.MakeRaw(in.Fd()); err != nil {
		return nil, restore
	}
	keys := make(chan order)
	go func() { // ends with the terminal or the process
		var b [64]byte
		for {
			n, err := in.Read(b[:])
			for _, c := range b[:n] {
				if o, ok := keyOrder(c); ok {
					keys <- o
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return keys, restore
}

// keyOrder is the order a key means. In raw mode Ctrl+C is a key.
func keyOrder(c byte) (order, bool) {
	switch c {
	case '+', '=':
		return order{step: 1}, true
	case '-', '_':
		return order{step: -1}, true
	case 'q', 'Q':
		return order{quit: true}, true
	case 3:
		return order{stop: syscall.SIGINT}, true
	}
	return order{}, false
}

// foreground tells whether this process may change the terminal.
func foreground(tty *os.File) bool {
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
