//go:build linux

package screen

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"

	"github.com/charmbracelet/x/ansi"
)

// look is the time between two looks at a screen in tmux: each is a process.
const look = 30 * time.Millisecond

// tmux is a tmux server of the test's own with one window, in which muster
// runs. Unlike the emulator it shares no code with muster.
type tmux struct {
	t   *testing.T
	dir string
	pid int // muster's
}

// openTmux starts muster in tmux; without tmux the test is skipped.
func openTmux(t *testing.T, w, h int, env []string, args ...string) *tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed: muster was not looked at in it")
	}
	dir, err := os.MkdirTemp("", "muster-tmux") // short: the path of a socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	x := &tmux{t: t, dir: dir}
	t.Cleanup(x.cleanup)
	command := "exec env"
	words := environment()
	words = append(words[:len(words)-1], env...) // without TERM: tmux says what it is
	for _, word := range append(append(words, muster), args...) {
		command += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	x.do("start-server", ";", "set", "-g", "status", "off", ";", "set", "-g", "remain-on-exit", "on", ";",
		"new-session", "-d", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h), command, ";",
		"pipe-pane", "exec cat > '"+x.piped()+"'")
	if x.pid, err = strconv.Atoi(x.ask("#{pane_pid}")); err != nil {
		t.Fatal(err)
	}
	return x
}

// piped is the file that gets all muster writes.
func (x *tmux) piped() string { return filepath.Join(x.dir, "out") }

func (x *tmux) cleanup() {
	if x.t.Failed() {
		x.t.Logf("the screen at the end:\n%s", strings.Join(x.screen(), "\n"))
	}
	x.do("kill-server") // muster gets a SIGHUP
	if x.pid != 0 {
		kit.NoneLeft(x.t, x.pid, kit.Patience)
	}
	os.RemoveAll(x.dir)
}

// do runs commands of tmux and returns what they print.
func (x *tmux) do(args ...string) string {
	x.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", filepath.Join(x.dir, "s"), "-f", "/dev/null"}, args...)...)
	cmd.Env = environment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		x.t.Errorf("tmux %.100q: %v: %s", args, err, &errs)
	}
	return out.String()
}

func (x *tmux) ask(format string) string {
	return strings.TrimSuffix(x.do("display-message", "-p", format), "\n")
}

// press presses keys as tmux names them.
func (x *tmux) press(keys ...string) { x.do(append([]string{"send-keys"}, keys...)...) }

func (x *tmux) resize(w, h int) {
	x.do("resize-window", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h))
}

// screen are the lines of the screen with the spaces at their ends: cells
// nothing was ever written to are missing there. how are further flags of
// capture-pane: -e for the colours, -J to have wrapped lines joined.
func (x *tmux) screen(how ...string) []string {
	out := x.do(append([]string{"capture-pane", "-p", "-N"}, how...)...)
	return strings.Split(strings.TrimSuffix(out, "\n"), "\n")
}

// clears is how often muster has cleared the screen.
func (x *tmux) clears() int {
	b, err := os.ReadFile(x.piped())
	if err != nil {
		x.t.Errorf("what muster wrote: %v", err)
	}
	return bytes.Count(b, []byte(ansi.EraseEntireScreen))
}

// await waits until the screen has no problem, and returns it.
func (x *tmux) await(what string, problem func(lines []string) string) []string {
	x.t.Helper()
	var lines []string
	var why string
	if !testkit.WithinEvery(look, kit.Patience, func() bool { lines = x.screen(); why = problem(lines); return why == "" }) {
		x.t.Fatalf("%s: %s\n%s", what, why, strings.Join(lines, "\n"))
	}
	return lines
}

// misfit says why the lines are not a frame of w by h cells, "" if they are.
func misfit(lines []string, w, h int) string {
	if len(lines) != h {
		return fmt.Sprintf("%d lines, want %d", len(lines), h)
	}
	for y, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			return fmt.Sprintf("line %d is %d cells wide, want %d: %q", y, n, w, l)
		}
	}
	if w < 60 || h < 16 {
		if want := fmt.Sprintf("muster needs 60x16, this is %dx%d", w, h); !strings.Contains(strings.Join(lines, "\n"), want[:min(len(want), w)]) {
			return fmt.Sprintf("%q is not there", want)
		}
		return ""
	}
	switch last := strings.TrimRight(lines[h-1], " "); {
	case !strings.HasPrefix(lines[0], " muster "):
		return "no head on the first line"
	case !strings.Contains(lines[2], "──"):
		return "no rule under the head"
	case !strings.HasSuffix(last, whole) && !strings.HasSuffix(last, wholeNarrow):
		return "no hints on the last line"
	}
	return ""
}

// frozen is what changes on a screen that stands still.
var frozen = regexp.MustCompile(`(?:[─ ]|\x1b\[[0-9;]*m)*FROZEN [^─]*─*`)

func steady(lines []string) string {
	return frozen.ReplaceAllString(strings.Join(lines, "\n"), " FROZEN ")
}

// freeze has the picture stand still.
func (x *tmux) freeze() {
	x.t.Helper()
	x.press("Space")
	x.await("freezing", func(l []string) string {
		if !strings.Contains(strings.Join(l, "\n"), "FROZEN") {
			return "it does not say so"
		}
		return ""
	})
}

// torn forces a redraw of a frozen screen and says how it differs from what
// was there before, in a character or a colour, "" if it does not.
func (x *tmux) torn() string {
	x.t.Helper()
	before, clears := x.screen("-e"), x.clears()
	x.press("C-l")
	if !testkit.WithinEvery(look, kit.Patience, func() bool { return x.clears() > clears }) {
		return "ctrl+l never cleared the screen"
	}
	var after []string
	if testkit.WithinEvery(look, kit.Patience/10, func() bool { after = x.screen("-e"); return steady(after) == steady(before) }) {
		// Only a fresh screen tells: while the size changes, a frame of the old
		// one meets the new one, and a line stays marked as wrapped.
		if n := len(x.screen("-J")); n != len(after) {
			return fmt.Sprintf("lines are too wide: %d of %d are not wrapped", n, len(after))
		}
		return ""
	}
	for y := range before {
		if y >= len(after) || steady(before[y:y+1]) != steady(after[y:y+1]) {
			return fmt.Sprintf("line %d was %q, redrawn it is %q", y, before[y], after[min(y, len(after)-1)])
		}
	}
	return "it differs"
}
