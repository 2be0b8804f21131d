package testkit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// primaryVar is in the environment of every worker: its primary's PID.
const primaryVar = "MUSTER_PRIMARY"

// leaveTime is how long a process may take to vanish after the test that
// started its primary has ended.
const leaveTime = 2 * time.Second

// Check makes the test fail if, after it and its later cleanups have ended, a
// worker of one of these primaries still lives. Left-over workers are killed,
// so that they do not disturb the next test. Without a PID it looks for the
// workers of the test process itself.
func Check(t testing.TB, primaries ...int) {
	t.Helper()
	if len(primaries) == 0 {
		primaries = []int{os.Getpid()}
	}
	t.Cleanup(func() {
		for _, primary := range primaries {
			for _, left := range endLeft(primary) {
				t.Errorf("%s of primary %d is left", left, primary)
			}
		}
	})
}

// Left is Check for a TestMain, after the tests: parallel tests of one process
// cannot tell whose worker is left. It kills the left-over workers and returns
// them.
func Left() []string { return endLeft(os.Getpid()) }

func endLeft(primary int) (what []string) {
	var left []int
	if Within(leaveTime, func() bool { left = WithPrimary(primary); return len(left) == 0 }) {
		return nil
	}
	for _, pid := range left {
		what = append(what, fmt.Sprintf("process %d (%s)", pid, command(pid)))
		syscall.Kill(pid, syscall.SIGKILL) // the process may have gone by now
	}
	return what
}

// WithPrimary returns the PIDs of the live processes that have this primary in
// their environment, in no order. Zombies are not live. Processes of other
// users cannot be seen.
func WithPrimary(primary int) []int {
	want := fmt.Sprintf("%s=%d", primaryVar, primary)
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		for _, kv := range Environ(pid) { // empty for a zombie
			if kv == want {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// Environ returns the environment a process was started with, as KEY=VALUE; nil
// if the process is gone, a zombie, or another user's.
func Environ(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	b = bytes.TrimRight(b, "\x00")
	if err != nil || len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

// FDs returns the open descriptors of a process and what each is, as /proc
// names it ("socket:[1234]", "/dev/null"); nil if the process is gone. For the
// calling process the descriptor that FDs itself uses is left out.
func FDs(pid int) map[int]string {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	fds := make(map[int]string, len(entries))
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// A descriptor that was closed since, such as ReadDir's own, has no
		// link.
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			fds[n] = to
		}
	}
	return fds
}

// command returns the command line of a process for a message.
func command(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "gone"
	}
	return strings.TrimSpace(strings.ReplaceAll(string(b), "\x00", " "))
}
