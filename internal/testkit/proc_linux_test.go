package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// recorder is a test that may fail, and whose cleanups run when we say so.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// sleeper starts a process that says it is a worker of primary.
func sleeper(t *testing.T, primary int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Env = []string{"A=1", fmt.Sprintf("MUSTER_PRIMARY=%d", primary)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

func TestCheckFindsAndEndsWhatIsLeft(t *testing.T) {
	cmd := sleeper(t, os.Getpid())
	pid := cmd.Process.Pid
	Eventually(t, 30*time.Second, func() bool { return slices.Equal(WithPrimary(os.Getpid()), []int{pid}) }, "the process in the list")
	if got, want := Environ(pid), cmd.Env; !slices.Equal(got, want) {
		t.Errorf("environment %q, want %q", got, want)
	}
	r := &recorder{TB: t}
	Check(r)
	if len(r.errors) > 0 {
		t.Errorf("it failed before the test's end: %q", r.errors)
	}
	r.cleanups[0]()
	if len(r.errors) != 1 || !strings.Contains(r.errors[0], fmt.Sprintf("process %d (sleep 60)", pid)) {
		t.Errorf("errors %q, want one about %d", r.errors, pid)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.String() != "signal: killed" {
		t.Errorf("what was left ended with %v", err)
	}
}

func TestCheckIsSilentAboutOthersAndTheDead(t *testing.T) {
	sleeper(t, os.Getpid()+1<<23) // no such PID: another primary's
	dead := sleeper(t, os.Getpid())
	dead.Process.Kill() // a zombie until the cleanup waits for it
	r := &recorder{TB: t}
	Check(r, os.Getpid())
	r.cleanups[0]()
	if len(r.errors) > 0 {
		t.Errorf("%q", r.errors)
	}
}

func TestFDs(t *testing.T) {
	before := FDs(os.Getpid())
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after := FDs(os.Getpid())
	if len(after) != len(before)+1 || after[int(f.Fd())] != "/dev/null" {
		t.Errorf("before %v, with one more %v", before, after)
	}
	if got := FDs(1 << 30); got != nil {
		t.Errorf("of no process: %v", got)
	}
}

func TestWithinLooksAtLeastOnce(t *testing.T) {
	if !Within(0, func() bool { return true }) {
		t.Error("true and not seen")
	}
	if Within(5*time.Millisecond, func() bool { return false }) {
		t.Error("false and seen")
	}
}
