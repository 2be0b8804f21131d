//go:build linux

package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	"muster/internal/testkit"
)

// screen is what a terminal was sent.
type screen struct {
	mu  sync.Mutex
	raw []byte
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = append(s.raw, b...)
	return len(b), nil
}

// text is all of it but the control sequences.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(string(s.raw))
}

func TestDashboard(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, keys *os.File, pid int)
	}{
		{"ctrl+c", func(t *testing.T, keys *os.File, _ int) { // q might ask first
			if _, err := keys.WriteString("\x03"); err != nil {
				t.Fatal(err)
			}
		}},
		{"SIGTERM", func(t *testing.T, _ *os.File, pid int) {
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { dashboard(t, c.end) })
	}
}

func dashboard(t *testing.T, end func(t *testing.T, keys *os.File, pid int)) {
	addr := freeAddr(t)
	cmd := exec.Command(filepath.Join(bin, "dashboard"))
	cmd.Env = append(os.Environ(), "ADDR="+addr, "GOMAXPROCS=2", "GORACE=atexit_sleep_ms=0", "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Check(t, cmd.Process.Pid)
	s := new(screen)
	ended := make(chan struct{})
	go func() { // ends with the process, which the cleanup ends: nobody else has the terminal then
		buf := make([]byte, 64<<10)
		for {
			n, err := master.Read(buf)
			_, _ = s.Write(buf[:n])
			if err != nil {
				break
			}
		}
		_ = cmd.Wait() // the code is read from ProcessState
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it should have ended
		<-ended
		master.Close()
		if t.Failed() {
			text := s.text()
			t.Logf("the last of what the terminal was sent: %q", text[max(len(text)-4000, 0):])
		}
	})
	testkit.Eventually(t, patience, func() bool { return strings.Contains(s.text(), "2 of 2 listening") }, "two workers on the screen")
	if body := get(t, addr); !strings.HasPrefix(body, "hello from worker ") {
		t.Errorf("the answer is %q", body)
	}
	testkit.Eventually(t, patience, func() bool { return strings.Contains(s.text(), "asked for /") }, "the worker's output on the screen")

	end(t, master, cmd.Process.Pid)
	select {
	case <-ended:
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it has ended with %v, want 0", cmd.ProcessState)
	}
	if s.mu.Lock(); !strings.Contains(string(s.raw), ansi.ResetModeAltScreenSaveCursor) {
		t.Error("the terminal was not given back")
	}
	s.mu.Unlock()
	mustBeFree(t, addr)
}
