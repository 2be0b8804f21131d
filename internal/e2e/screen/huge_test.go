//go:build linux

package screen

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// mostMemory is what a dashboard may need on any terminal, in kB. With a frame of
// 65535 by 65535 cells it was 4 GB after 5 s.
const mostMemory = 256 << 10

// A terminal can be told any size up to 65535 by 65535, and the dashboard drew
// all of it.
func TestATerminalOfMillionsOfCellsTookAllMemory(t *testing.T) {
	t.Parallel()
	// The emulator stays small: what it shows meanwhile is no picture.
	s := open(t, 100, 30, nil, "--addr", "127.0.0.1:0", "--workers", "1")
	s.up(1)
	s.resize(65535, 65535)
	drew := func(what string) {
		t.Helper()
		if !testkit.Within(kit.Patience, func() bool { return strings.Contains(s.written(), what) }) {
			t.Fatalf("%q was never drawn", what)
		}
	}
	drew("the way of a connection") // in a large screen alone
	for _, k := range []struct{ keys, draws string }{
		{"?", "THE SELECTED WORKER"}, {"\x1b", ""}, {"\r", "other worker"}, {"\x1b", ""}, {"l", ""}, {"\x1b", ""}, {"3", "where they are now"},
	} {
		s.press(k.keys)
		drew(k.draws)
	}
	most := mostMemory
	if testkit.Race {
		most *= 4 // its shadow memory
	}
	if kb := peak(t, s.pid); kb > most {
		t.Errorf("it needed %d kB", kb)
	} else {
		t.Logf("it needed %d kB", kb)
	}
	s.skip() // megabytes that would scroll through a small screen
	s.resize(100, 30)
	s.press("1\x0c")
	s.up(1)
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// peak is the most memory a process ever had, in kB.
func peak(t *testing.T, pid int) (kb int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
