//go:build linux

package screen

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// A dashboard that was stopped and went on behind its shell stood still for good:
// it set the modes of a terminal it did not have, which stopped it again, and no
// signal that can be caught could end it. It serves on, leaves the shell alone,
// and is on the screen again after fg.
func TestADashboardBehindItsShellStoodStill(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash, whose job control this is about")
	}
	for _, how := range []string{"bg", "SIGCONT"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s, pid, addr := behindBash(t)
			if how == "bg" {
				s.press("bg\r")
			} else if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			// What is typed is the shell's, and does not stop it.
			s.press("echo $((6*7))7\r")
			s.see("427")
			request(t, addr, "/", true)
			s.press("fg\r")
			s.see("1 of 1 listening")
			s.see(whole)
			s.press("\x03")
			end(s, pid)
		})
	}
	t.Run("ended there", func(t *testing.T) {
		t.Parallel()
		s, pid, addr := behindBash(t)
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		request(t, addr, "/", true)
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		end(s, pid)
	})
}

// behindBash starts muster from a shell with job control and stops it, so that
// the shell has the terminal.
func behindBash(t *testing.T) (s *terminal, pid int, addr string) {
	t.Helper()
	s = openCommand(t, 100, 30, []string{"PS1=ready> "}, "bash", "--norc", "--noprofile", "-i")
	s.see("ready>")
	s.press(muster + " --addr 127.0.0.1:0 --workers 1\r")
	addr = s.up(1)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.pid, s.pid))
	if err != nil {
		t.Fatal(err)
	}
	if pid, err = strconv.Atoi(strings.TrimSpace(string(b))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { testkit.Check(t, pid) })
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.see("Stopped")
	return s, pid, addr
}

// end waits for muster's end, and checks that the shell has the screen.
func end(s *terminal, pid int) {
	s.t.Helper()
	if !testkit.Within(kit.Patience, func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH }) {
		s.t.Fatal("muster does not end")
	}
	s.press("echo $((6*7))8\r")
	s.see("428")
	emu, unlock := s.screen()
	alt, mouse := emu.IsAltScreen(), s.modes[ansi.ModeMouseButtonEvent]
	unlock()
	if alt || mouse {
		s.t.Errorf("the other screen is on: %t, the mouse: %t", alt, mouse)
	}
	s.press("exit\r")
	if code := s.code(); code != 0 {
		s.t.Errorf("the shell ended with %d", code)
	}
}
