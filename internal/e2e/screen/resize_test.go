//go:build linux

package screen

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// workersShown is how many workers the sizes below have room for.
const workersShown = 4

// | 13 | tmux at 80x24, 120x40, 200x60, 60x16, 59x15, then 200 resizes | frame
// is exactly the screen; all PIDs there; never wider, never a torn line left |
func TestCheck13FrameIsTheScreen(t *testing.T) {
	t.Parallel()
	x, pids := openFour(t)
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {60, 16}, {59, 15}, {80, 24}} {
		fits(x, size[0], size[1], pids)
	}
}

// The 200 resizes, in quarters: tmux lets a program know of a new size no more
// than four times a second, and four can wait for that together.
func TestCheck13Resizes(t *testing.T) {
	resizes := 50
	if testkit.Race {
		resizes = 25 // its races would be seen in these: sizes are what the other half is for
	}
	for quarter := range 4 {
		t.Run(fmt.Sprint(quarter), func(t *testing.T) {
			t.Parallel()
			x, pids := openFour(t)
			x.freeze() // from here on nothing but the size changes the picture
			r := rand.New(rand.NewPCG(13, uint64(quarter)))
			for i := range resizes {
				w, h := 40+r.IntN(171), 10+r.IntN(53)
				fits(x, w, h, pids)
				if i%5 != 4 { // a forced redraw takes as long as a resize
					continue
				}
				if why := x.torn(); why != "" {
					t.Fatalf("resize %d, to %dx%d: %s", i, w, h, why)
				}
			}
		})
	}
}

// A terminal that had grown and then shrunk to less than at first kept a piece of an old frame in its
// scrollback after the end, whether by a key or by a signal.
func TestNothingIsLeftInTheScrollback(t *testing.T) {
	ends := map[string]func(*tmux){
		"key":    func(x *tmux) { x.press("q") },
		"signal": func(x *tmux) { _ = syscall.Kill(x.pid, syscall.SIGTERM) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, pids := openFour(t)
			for _, size := range [][2]int{{200, 60}, {64, 18}} {
				fits(x, size[0], size[1], pids)
			}
			end(x)
			if !testkit.WithinEvery(look, kit.Patience, func() bool { return x.ask("#{pane_dead}") == "1" }) {
				t.Fatal("muster does not end")
			}
			all := x.do("capture-pane", "-p", "-S", "-")
			for _, part := range []string{"muster", "listening", "REQ/S", "log"} {
				if strings.Contains(all, part) {
					t.Errorf("%q is left:\n%s", part, all)
					break
				}
			}
		})
	}
}

// openFour starts muster in tmux and waits for its workers.
func openFour(t *testing.T) (x *tmux, pids []int) {
	t.Helper()
	x = openTmux(t, 80, 24, nil, "--addr", "127.0.0.1:0", "--workers", strconv.Itoa(workersShown))
	x.await("start", func(l []string) string {
		if !strings.Contains(l[0], fmt.Sprintf("%d of %[1]d listening", workersShown)) {
			return "the workers do not listen"
		}
		return misfit(l, 80, 24)
	})
	if pids = testkit.WithPrimary(x.pid); len(pids) != workersShown {
		t.Fatalf("workers %v, want %d", pids, workersShown)
	}
	return x, pids
}

// fits resizes the screen and waits until the frame is exactly it, with every
// worker's PID.
func fits(x *tmux, w, h int, pids []int) {
	x.t.Helper()
	x.resize(w, h)
	x.await(fmt.Sprintf("%dx%d", w, h), func(l []string) string {
		if why := misfit(l, w, h); why != "" {
			return why
		}
		if w < 60 || h < 16 {
			return ""
		}
		for _, pid := range pids {
			if !strings.Contains(strings.Join(l, "\n"), fmt.Sprintf(" %d ", pid)) {
				return fmt.Sprintf("pid %d is not there", pid)
			}
		}
		return ""
	})
}

// A storm of sizes, not one of them waited for, with figures that change and a
// menu that is open: what is left is the frame of the last size. tmux would
// pass on only the last size of a storm, so this is on a bare terminal.
func TestCheck13StormOfSizes(t *testing.T) {
	t.Parallel()
	const w, h = 100, 30
	s := open(t, w, h, nil, "--addr", "127.0.0.1:0", "--workers", strconv.Itoa(workersShown))
	s.up(workersShown)
	r := rand.New(rand.NewPCG(13, 2))
	pace := time.NewTicker(3 * time.Millisecond)
	defer pace.Stop()
	for _, open := range []struct{ key, shows, close string }{
		{"", "", ""},
		{"k", "SIGUSR1", "\x1b"},
		{"\r", "its events and lines", "\x1b"},
		{"?", "THE CLUSTER", "?"},
		{"/", "enter keep", "\x1b"},
		{"D", "n or esc", "n"},
	} {
		s.press(open.key)
		s.see(open.shows)
		for range 40 { // longer than muster lets sizes wait, and the last in the midst
			s.resize(1+r.IntN(210), 1+r.IntN(62))
			<-pace.C
		}
		s.resize(w, h)
		s.press(open.close)
		why := ""
		if !testkit.Within(kit.Patience, func() bool {
			lines := s.lines()
			if why = misfit(lines, w, h); why == "" && open.shows != "" && strings.Contains(strings.Join(lines, "\n"), open.shows) {
				why = "it is still open"
			}
			return why == ""
		}) {
			t.Fatalf("after %q and a storm: %s", open.key, why)
		}
		s.press(" ")
		s.see("FROZEN")
		before := steady(s.lines())
		s.redraw()
		if !testkit.Within(kit.Patience/10, func() bool { return steady(s.lines()) == before }) {
			t.Fatalf("after %q and a storm there was\n%s\nbut redrawn it is\n%s", open.key, before, s.text())
		}
		s.press(" ")
		if !testkit.Within(kit.Patience, func() bool { return !strings.Contains(s.text(), "FROZEN") }) {
			t.Fatal("it stays frozen")
		}
	}
}
