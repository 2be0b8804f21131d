//go:build linux

package cluster

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// ticksPerSecond is USER_HZ, in which /proc counts time: 100 on every platform
// Go runs Linux on.
const ticksPerSecond = 100

// pids are all processes there are.
func pids(t *testing.T) (found []int) {
	t.Helper()
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if pid, err := strconv.Atoi(d.Name()); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// procStat is what the checks need of /proc/PID/stat.
type procStat struct {
	state  byte // 'T' is stopped
	parent int
	cpu    time.Duration // user and system
}

func stat(pid int) (procStat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	// The name in brackets may hold anything.
	_, rest, ok := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return procStat{}, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	var n [3]int
	for i, at := range []int{1, 11, 12} {
		if n[i], err = strconv.Atoi(f[at]); err != nil {
			return procStat{}, err
		}
	}
	return procStat{f[0][0], n[0], time.Duration(n[1]+n[2]) * time.Second / ticksPerSecond}, nil
}

// children are the processes whose parent is pid.
func children(t *testing.T, pid int) (found []int) {
	t.Helper()
	for _, c := range pids(t) {
		if s, err := stat(c); err == nil && s.parent == pid {
			found = append(found, c)
		}
	}
	return found
}

// guard waits for the guard of a primary and returns its process.
func (p *run) guard() (pid int) {
	p.T.Helper()
	want := fmt.Sprintf(": guard of %d\x00", p.PID)
	if !testkit.Within(kit.Patience, func() bool {
		for _, c := range children(p.T, p.PID) {
			if strings.HasSuffix(commandOf(c), want) {
				pid = c
			}
		}
		return pid != 0
	}) {
		p.T.Fatal("there is no guard")
	}
	return pid
}

// stop stops a process and waits until all of it stands still. It goes on at
// the end of the test, if it is still there.
func stop(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatalf("stopping %d: %v", pid, err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	if !testkit.Within(kit.Patience, func() bool { s, err := stat(pid); return err == nil && s.state == 'T' }) {
		t.Fatalf("%d was sent SIGSTOP and runs", pid)
	}
}

// descriptors are the link targets of what a process has open, by number.
func descriptors(t *testing.T, pid int) map[int]string {
	t.Helper()
	open := testkit.FDs(pid)
	if len(open) == 0 {
		t.Fatalf("process %d has gone", pid)
	}
	return open
}
