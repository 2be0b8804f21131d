//go:build linux

package screen

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// deadly are the signals that end a Go program with its stacks, except SIGQUIT,
// which is one of the endings.
var deadly = []syscall.Signal{syscall.SIGABRT, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGBUS,
	syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGSTKFLT}

// The signals that end a process left the terminal raw and printed their stacks
// on the dashboard's screen. Each ends it as it says, on a terminal given back.
func TestASignalThatEndsTheProcessLeftTheTerminalRaw(t *testing.T) {
	for _, sig := range deadly {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			t.Parallel()
			s := open(t, 100, 24, nil, "--addr", "127.0.0.1:0", "--workers", "1")
			addr := s.up(1)
			if err := s.isOurs(); err != nil {
				t.Fatal(err)
			}
			diesOf(s, sig)
			mustBeFree(t, addr, kit.Promised)
		})
	}
}

// The tour and a load have the terminal too.
func TestASignalThatEndsATourOrALoadLeftTheTerminalRaw(t *testing.T) {
	t.Run("tour", func(t *testing.T) {
		t.Parallel()
		s := open(t, 100, 30, nil, "tour", "--addr", "127.0.0.1:0")
		s.see("tour 1 of")
		diesOf(s, syscall.SIGABRT)
	})
	t.Run("load", func(t *testing.T) {
		t.Parallel()
		s := open(t, 100, 30, nil, "load", "--rate", "1", "127.0.0.1:1")
		if !testkit.Within(kit.Patience, func() bool {
			now, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
			return err == nil && *now != *s.before
		}) {
			t.Fatal("the load does not read keys")
		}
		s.signal(syscall.SIGABRT)
		if code := s.code(); code != -int(syscall.SIGABRT) {
			t.Errorf("ended with %d", code)
		}
		now, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
		if err != nil || *now != *s.before {
			t.Errorf("termios before %+v, after %+v, %v", *s.before, now, err)
		}
	})
}

// diesOf has a dashboard killed by sig and checks how it ends.
func diesOf(s *terminal, sig syscall.Signal) {
	s.t.Helper()
	s.signal(sig)
	ended(s, ending{code: -int(sig), says: "goroutine "})
	if says := unix.SignalName(sig) + ": "; !strings.Contains(s.written(), says) {
		s.t.Errorf("nothing says %q", says)
	}
}

// Signals that Go does nothing about are no reason to end a service: one that
// rotates logs sends SIGUSR1 to all it knows.
func TestAHarmlessSignalEndsNoDashboard(t *testing.T) {
	t.Parallel()
	s := open(t, 100, 24, nil, "--addr", "127.0.0.1:0", "--workers", "1")
	s.up(1)
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGVTALRM,
		syscall.SIGPROF, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGIO, syscall.SIGPWR, syscall.SIGURG, syscall.Signal(40)} {
		s.signal(sig)
	}
	s.press("?")
	s.see("THE CLUSTER")
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.givenBack()
}

// Without a screen there is no terminal to give back, but workers that have to go
// and a parent that asks what it died of.
func TestASignalThatEndsAHeadlessPrimaryWasAnExitWithCode2(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(muster, "--headless", "--addr", "127.0.0.1:0", "--workers", "2")
	cmd.Env = environment()
	p := kit.Start(t, cmd, nil)
	p.AwaitText(2, "listening")
	workers := testkit.WithPrimary(p.PID)
	p.Signal(syscall.SIGABRT)
	if code := p.Code(); code != -int(syscall.SIGABRT) {
		t.Errorf("it ended with %d", code)
	}
	said := p.Stderr()
	if !strings.Contains(said, "SIGABRT: ") || !strings.Contains(said, "goroutine ") {
		t.Errorf("stderr has no stacks: %q", said)
	}
	if len(workers) < 2 {
		t.Fatalf("it had workers %v", workers)
	}
}
