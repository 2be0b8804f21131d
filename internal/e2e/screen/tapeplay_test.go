//go:build linux

package screen

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// The screencasts are played on terminals of our own, without vhs: the tapes
// are parsed and their keys pressed. Every wait of a tape must end within its
// limit, and two plays at once must show the viewer the same wherever he is
// given time to read, except figures. So a tape that would not film is found
// here, and a film tells tomorrow what it told today.
func TestTapesTellOneStory(t *testing.T) {
	for _, name := range []string{"demo.tape", "tour.tape"} {
		// Not parallel: four clusters with their requests, built with -race, are
		// more than two cores can do, and a tape's limits would be met by that.
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "..", "..", name))
			if err != nil {
				t.Fatal(err)
			}
			tape, err := parseTape(string(text))
			if err != nil {
				t.Fatal(err)
			}
			first, second := newPlay(t, tape), newPlay(t, tape)
			for _, s := range tape.steps {
				switch {
				case s.wait != nil:
					first.wait(s)
					second.wait(s)
				case s.keys != "":
					first.press(first.here(s.keys))
					second.press(second.here(s.keys))
				default:
					same(t, s, first, second)
				}
			}
			for _, p := range []*play{first, second} {
				p.press("exit\r")
				if code := p.code(); code != 0 {
					t.Errorf("the shell ended with %d", code)
				}
				p.mustLeaveNothing(kit.Promised)
			}
		})
	}
}

// The size vhs gives the tapes' terminals. It depends on the font: what the
// tapes wait for is on smaller ones too.
const tapeWidth, tapeHeight = 96, 24

// play is a tape's shell on a terminal, as vhs has it.
type play struct {
	*terminal
	mark string // KEY=VALUE that all processes of this play have in their environment
}

func newPlay(t *testing.T, tape *tape) *play {
	t.Helper()
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed: the tapes were not played")
	}
	// In front of the path stands a directory with the muster under test.
	dir := t.TempDir()
	if err := os.Symlink(muster, filepath.Join(dir, "muster")); err != nil {
		t.Fatal(err)
	}
	p := &play{mark: "MUSTER_TAPE=" + dir}
	t.Cleanup(func() { p.mustLeaveNothing(kit.Patience) }) // the shell gone, muster may still be stopping
	env := append([]string{"PATH=" + dir + ":" + os.Getenv("PATH"), "PS1=> ", "HOME=" + dir, p.mark}, tape.env...)
	p.terminal = openCommand(t, tapeWidth, tapeHeight, env, shell, "--noprofile", "--norc", "--login", "+o", "history")
	return p
}

// here is what to type instead: the tapes serve on a port that is fixed, so
// that all see the same; here two are played at once.
func (p *play) here(keys string) string { return strings.ReplaceAll(keys, "--addr 3000", "--addr 0") }

// wait waits as vhs does.
func (p *play) wait(s step) {
	p.t.Helper()
	if !testkit.Within(s.limit, func() bool { return s.wait.MatchString(p.seen(s.all)) }) {
		p.t.Fatalf("line %d of the tape: %v was not seen within %v", s.line, s.wait, s.limit)
	}
}

// seen is the screen, or the line the cursor is in, without blanks at the ends.
func (p *play) seen(all bool) string {
	lines := p.lines()
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	if all {
		return strings.Join(lines, "\n")
	}
	emu, unlock := p.screen()
	defer unlock()
	return lines[emu.CursorPosition().Y]
}

// mustLeaveNothing checks that no process of the play lives d from now, and ends
// those that do.
func (p *play) mustLeaveNothing(d time.Duration) {
	p.t.Helper()
	var left []int
	if testkit.Within(d, func() bool { left = p.processes(); return len(left) == 0 }) {
		return
	}
	p.t.Errorf("processes %v outlived the tape", left)
	for _, pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have gone by now
	}
}

func (p *play) processes() []int {
	var pids []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && slices.Contains(testkit.Environ(pid), p.mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// same waits until two plays show the same story, which it need not be at once:
// the one is a little ahead of the other.
func same(t *testing.T, s step, first, second *play) {
	t.Helper()
	var a, b told
	if !testkit.Within(kit.Patience, func() bool {
		a, b = story(first.lines()), story(second.lines())
		return a.same(b)
	}) {
		t.Fatalf("line %d of the tape: one play shows\n%v\nand another\n%v", s.line, a, b)
	}
}
