//go:build linux

package screen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// | l load, + - | l opens its pane, enter starts and stops | l closes the pane,
// load goes on (its rate stays in the head) |
//
// The requests come from a process of its own, which is there only meanwhile.
func TestLoadIsSeenOnTheTable(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2")
	addr := s.up(2)
	s.press("l")
	s.see("nothing is sent yet; enter starts it: GET / to " + addr)
	if pids := loadsOf(s.pid); len(pids) != 0 {
		t.Fatalf("processes %v before a load was started", pids)
	}
	s.press("\r")
	s.see("load   200 ")                  // in the head
	s.see("200 req/s, a connection each") // in the log
	pids := loadsOf(s.pid)
	if len(pids) != 1 {
		t.Fatalf("the load is in processes %v, want one", pids)
	}
	if pgid, err := syscall.Getpgid(pids[0]); err != nil || pgid == s.pid {
		t.Errorf("it is in the primary's group: the terminal's ctrl+c would reach it (%v)", err)
	}
	if !testkit.Within(kit.Patience, func() bool { a, b := s.reqRate(0), s.reqRate(1); return a > 0 && b > 0 }) {
		t.Error("REQ/S stays 0")
	}
	s.see("p50 ")
	s.press("+")
	s.see("200 -> 250 req/s, a connection each")
	s.press("l")
	s.see(whole)
	s.see("load   250 ")
	s.press("+")
	s.see("load   320 ")
	s.press("l")
	s.see("refused 0   cut 0   timed out 0")
	s.press("\r")
	s.see("stopped after ")
	if !testkit.Within(kit.Patience, func() bool { return len(loadsOf(s.pid)) == 0 }) {
		t.Errorf("processes %v are left after the stop", loadsOf(s.pid))
	}
	if strings.Contains(s.lines()[0], "load") {
		t.Errorf("the head still has the load: %q", s.lines()[0])
	}
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// However the dashboard ends, its load ends with it, and is no reason to be
// asked or to end otherwise.
func TestLoadEndsWithTheDashboard(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(*terminal)
		code int
	}{
		"ctrl+c": {func(s *terminal) { s.press("\x03") }, 0},
		"q and y": {func(s *terminal) {
			s.press("l")
			s.see(whole)
			s.press("q")
			s.see("load runs")
			s.press("y")
		}, 0},
		"SIGTERM":           {func(s *terminal) { s.signal(syscall.SIGTERM) }, 0},
		"closed terminal":   {(*terminal).vanish, 0},
		"kill -9":           {func(s *terminal) { s.signal(syscall.SIGKILL) }, -int(syscall.SIGKILL)},
		"a stopped load":    {func(s *terminal) { stopLoad(s); s.press("\x03") }, 0},
		"ctrl+c, ctrl+c":    {func(s *terminal) { s.press("\x03"); s.press("\x03") }, 0},
		"a load was killed": {func(s *terminal) { killLoad(s); s.press("\x03") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", "2", "--grace", "1s")
			addr := s.up(2)
			s.press("l")
			s.see("nothing is sent yet")
			s.press("\r")
			s.see("p50 ") // answers come
			pids := loadsOf(s.pid)
			if len(pids) != 1 {
				t.Fatalf("the load is in processes %v, want one", pids)
			}
			end.do(s)
			if code := s.code(); code != end.code {
				t.Errorf("exit code %d, want %d", code, end.code)
			}
			late := kit.Promised
			if end.code == 0 {
				late = 0 // it was reaped before the dashboard ended
			}
			if !testkit.Within(late, func() bool { return !isLoad(pids[0]) }) {
				t.Errorf("the load, process %d, outlives the dashboard", pids[0])
				_ = syscall.Kill(pids[0], syscall.SIGKILL) // it may have gone by now
			}
			kit.NoneLeft(t, s.pid, kit.Promised)
			mustBeFree(t, addr, kit.Promised)
		})
	}
}

// stopLoad stops the load's process, so that it hears nothing.
func stopLoad(s *terminal) {
	s.t.Helper()
	if err := syscall.Kill(loadsOf(s.pid)[0], syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
}

// killLoad kills it, and sees that the screen says so.
func killLoad(s *terminal) {
	s.t.Helper()
	if err := syscall.Kill(loadsOf(s.pid)[0], syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.see("signal: killed")
}

// reqRate is what the table says in REQ/S of its row i, -1 = nothing.
func (s *terminal) reqRate(i int) float64 {
	lines := s.lines()
	x := len([]rune(lines[3][:max(strings.Index(lines[3], "REQ/S"), 0)]))
	row := []rune(lines[4+i])
	if x == 0 || len(row) < x+5 {
		return -1
	}
	text := strings.TrimSpace(string(row[x : x+5]))
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "k"), 64)
	if err != nil {
		return -1
	}
	return n
}

// loadsOf are the children of a primary that send its load, also those that are
// not reaped yet.
func loadsOf(primary int) []int {
	var pids []int
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, file := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has gone since
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(primary) && (fields[0] == "Z" || isLoad(pid)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isLoad tells whether a process lives and is the load of a dashboard.
func isLoad(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.HasPrefix(b, []byte("muster\x00load\x00--json\x00--control\x00"))
}
