//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
)

// screen is muster on a pseudo-terminal that answers no question.
type screen struct {
	*process
	tty *os.File

	mu  sync.Mutex
	raw bytes.Buffer
}

// startOnTerminal runs muster as a user would, with a terminal.
func startOnTerminal(t *testing.T, term string, args ...string) *screen {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, exited: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = &exec.Cmd{
		Path: self,
		Args: append([]string{"muster"}, args...),
		Env:  append(os.Environ(), "TERM="+term, "NO_COLOR=", "LC_ALL=C.UTF-8"),
	}
	tty, err := pty.StartWithSize(p.cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{process: p, tty: tty}
	p.read.Go(s.collect)
	go func() { // ends with the process; awaited by code and by the cleanup
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		tty.Close()
		p.read.Wait()
		p.noWorkersLeft()
		if t.Failed() {
			t.Logf("the terminal got:\n%q", s.drawn())
		}
	})
	return s
}

func (s *screen) collect() {
	b := make([]byte, 32<<10)
	for {
		n, err := s.tty.Read(b)
		s.mu.Lock()
		s.raw.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// drawn is all the terminal got.
func (s *screen) drawn() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

// text is all that was drawn, without its sequences.
func (s *screen) text() string { return ansi.Strip(s.drawn()) }

// see waits until a text was drawn.
func (s *screen) see(text string) {
	s.t.Helper()
	deadline := time.After(patience)
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("never saw %q", text)
		}
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// left tells whether the other screen was left and the cursor shown.
func (s *screen) left() bool {
	raw := s.drawn()
	return strings.LastIndex(raw, ansi.ResetModeAltScreenSaveCursor) > strings.LastIndex(raw, ansi.SetModeAltScreenSaveCursor) &&
		strings.LastIndex(raw, ansi.ShowCursor) > strings.LastIndex(raw, ansi.HideCursor)
}

func TestDashboardEndsByKeyAndBySignal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		end  func(s *screen)
	}{
		{"q", func(s *screen) { s.press("q") }},
		{"ctrl+c", func(s *screen) { s.press("\x03") }},
		{"SIGTERM", func(s *screen) { s.signal(syscall.SIGTERM) }},
		{"SIGHUP", func(s *screen) { s.signal(syscall.SIGHUP) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := startOnTerminal(t, "xterm-256color", "--addr", "127.0.0.1:0", "--workers", "2")
			s.see("2 of 2 listening")
			tc.end(s)
			if code := s.code(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			if !s.left() {
				t.Error("the terminal was not given back")
			}
		})
	}
}

func TestSecondSignalEndsTheDashboardAtOnce(t *testing.T) {
	t.Parallel()
	s := startOnTerminal(t, "xterm-256color", "--addr", "127.0.0.1:0", "--workers", "1", "--grace", "0")
	s.see("1 of 1 listening")
	held := hold(t, addressOf.FindString(s.text()))
	defer held.Close()
	s.signal(syscall.SIGTERM)
	s.see("stopping")
	s.signal(syscall.SIGINT)
	if code := s.code(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	if !s.left() {
		t.Error("the terminal was not given back")
	}
}

// A terminal that can draw nothing gets lines.
func TestDumbTerminalGetsLines(t *testing.T) {
	t.Parallel()
	s := startOnTerminal(t, "dumb", "--addr", "127.0.0.1:0", "--workers", "1")
	s.see(" listening ")
	if raw := s.drawn(); strings.Contains(raw, "\x1b") {
		t.Errorf("sequences on a dumb terminal: %q", raw)
	}
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
