//go:build linux

package cluster

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// loadScreen is a muster load on a pseudo-terminal.
type loadScreen struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	tty    *os.File // kept open: so its modes can be looked at after the end
	before *unix.Termios
	ended  chan struct{}

	mu  sync.Mutex
	raw bytes.Buffer
}

func openLoad(t *testing.T, addr string) *loadScreen {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	s := &loadScreen{t: t, master: master, tty: tty, ended: make(chan struct{})}
	if s.before, err = unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(muster, "load", "http://"+addr)
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			s.mu.Lock()
			s.raw.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	go func() { // awaited by the clean-up
		_ = s.cmd.Wait() // the code is read from ProcessState
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // fails if it has ended
		<-s.ended
		tty.Close()
		master.Close()
		reading.Wait()
	})
	return s
}

func (s *loadScreen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.String()
}

func (s *loadScreen) await(what string) {
	s.t.Helper()
	if !testkit.Within(kit.Patience, func() bool { return strings.Contains(s.text(), what) }) {
		s.t.Fatalf("never %q in %q", what, s.text())
	}
}

func (s *loadScreen) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// restored waits for the end and checks that the terminal is as it was.
func (s *loadScreen) restored() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(kit.Patience):
		s.t.Fatalf("it does not end: %q", s.text())
	}
	after, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	if *after != *s.before {
		s.t.Errorf("the terminal's modes are %+v, they were %+v", after, s.before)
	}
}

// On a terminal one line is redrawn, keys change the rate, and whatever ends
// it, the terminal is given back.
func TestLoadOnATerminal(t *testing.T) {
	t.Parallel()
	p := startMuster(t, nil, nil, "--workers", "2", "--addr", "127.0.0.1:0")
	p.AwaitKind(2, engine.KindListening)
	for name, end := range map[string]struct {
		how  func(s *loadScreen)
		code int
	}{
		"q":       {func(s *loadScreen) { s.press("q") }, 0},
		"Ctrl+C":  {func(s *loadScreen) { s.press("\x03") }, 0},
		"SIGTERM": {func(s *loadScreen) { _ = s.cmd.Process.Signal(syscall.SIGTERM) }, 0},
		"SIGQUIT": {func(s *loadScreen) { _ = s.cmd.Process.Signal(syscall.SIGQUIT) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openLoad(t, p.Addr())
			s.await("of 200/s")
			s.press("+")
			s.await("of 250/s")
			s.press("--")
			s.await("of 160/s")
			title, line, _ := strings.Cut(s.text(), "\n")
			if !strings.HasPrefix(title, "\rGET http://"+p.Addr()+"/, 200/s, a connection each") || strings.Contains(line, "\n") {
				t.Errorf("what is sent, and then one line until the end: %q", s.text())
			}
			end.how(s)
			s.restored()
			if got := s.cmd.ProcessState.ExitCode(); got != end.code {
				t.Errorf("exit code %d, want %d", got, end.code)
			}
			if end.code == 0 {
				s.await("\r\nlatency    p50 ")
			}
		})
	}
}
