//go:build linux

package screen

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
	"muster/internal/tour"
)

const (
	tourWorkers = 2
	// standing is the pause after a step. It is so long that no step can go by
	// unseen: for most of them the test presses enter when it has seen them.
	standing = 5 * time.Second
	// aTour is how long a tour is waited for.
	aTour = 2 * time.Minute
)

// kindWords is how the screen names events by other words than their kinds.
var kindWords = map[engine.Kind][]string{
	engine.KindKill:  {"kill ", "crash "},
	engine.KindLeave: {"disconnect  takes no more", "disconnect takes no more"},
}

// stepSeen is what was on the screen while a step was.
type stepSeen struct {
	text string // all of it, of each different picture
	done bool
}

// The tour plays itself on a real terminal: each step's sentence, its call and
// the events it has to cause are seen, and it ends as it should. What it shows
// is compared with the script. The first step and the last end by themselves.
func TestTourPlaysItself(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			s := open(t, size[0], size[1], nil, "tour", "--auto", "--pause", standing.String(), "--addr", "127.0.0.1:0",
				"--workers", fmt.Sprint(tourWorkers))
			script := tour.Script(tourWorkers)
			seen := watchTour(s, [2]int{len(script), len(script[len(script)-1].Steps)})
			if code := s.code(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			s.givenBack()
			for c, chapter := range script {
				for i, step := range chapter.Steps {
					at := fmt.Sprintf("%d.%d %q", c+1, i+1, step.Name)
					got := seen[[2]int{c + 1, i + 1}]
					if got == nil {
						t.Errorf("%s was not on the screen", at)
						continue
					}
					checkStep(t, at, size[0], got.text, step)
					if !got.done {
						t.Errorf("%s was never seen done", at)
					}
					if c != 4 {
						for _, m := range regexp.MustCompile(`(\d+) failed`).FindAllStringSubmatch(got.text, -1) {
							if m[1] != "0" {
								t.Errorf("%s: %s", at, m[0])
							}
						}
					}
				}
			}
		})
	}
}

// watchTour looks at the screen until muster has ended, and goes on to the next
// step when one is done; from the first and the last the tour goes on by itself.
func watchTour(s *terminal, end [2]int) map[[2]int]*stepSeen {
	title := regexp.MustCompile(`tour (\d+) of \d+: .*─ (√ )?step (\d+) of \d+ ─`)
	seen := map[[2]int]*stepSeen{}
	last := ""
	testkit.WithinEvery(5*time.Millisecond, aTour, func() bool {
		if text := s.text(); text != last {
			last = text
			if m := title.FindStringSubmatch(text); m != nil {
				at := [2]int{number(m[1]), number(m[3])}
				if seen[at] == nil {
					seen[at] = &stepSeen{}
				}
				seen[at].text += strings.Join(strings.Fields(text), " ") + "\n"
				if m[2] != "" && !seen[at].done {
					seen[at].done = true
					if at != [2]int{1, 1} && at != end {
						s.press("\r")
					}
				}
			}
		}
		select {
		case <-s.exited:
			return true
		default:
			return false
		}
	})
	return seen
}

func checkStep(t *testing.T, at string, w int, text string, step tour.Step) {
	t.Helper()
	if !strings.Contains(text, strings.Join(strings.Fields(step.Say), " ")) {
		t.Errorf("%s: its sentence was not seen", at)
	}
	// A call may be cut at the edge of the screen.
	call := step.Call
	if room := w - 12; len(call) > room {
		call = call[:room]
	}
	call = regexp.QuoteMeta(strings.Join(strings.Fields(call), " "))
	call = strings.NewReplacer(`\{worker\}`, `\d+`, `\{pid\}`, `\d+`).Replace(call)
	if !regexp.MustCompile(`call ` + call).MatchString(text) {
		t.Errorf("%s: its call %s was not seen", at, step.Call)
	}
	for _, kind := range step.Causes {
		words := kindWords[kind]
		if words == nil {
			words = []string{string(kind) + " "}
		}
		found := false
		for _, word := range words {
			found = found || strings.Contains(text, " "+word)
		}
		if !found {
			t.Errorf("%s: no %s was seen", at, kind)
		}
	}
}

// Somebody plays the tour by hand: on, back, the chapter again, a key of the
// dashboard in between, and out in the midst of it.
func TestTourByHand(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "tour", "--addr", "127.0.0.1:0", "--workers", "2", "--chapter", "2", "--yes")
	at := func(step int) { t.Helper(); s.see(fmt.Sprintf("√ step %d of 4 ─", step)) }
	s.see("tour 2 of 10: a fork per core ─")
	at(1)
	s.press("\r")
	at(2)
	s.press("f") // a worker more than the tour wants
	s.see("3 of 3 listening")
	s.press(" ")
	at(3)
	s.press("\x1b[C")
	at(4)
	s.see("3 of 3 listening")
	s.press("\x1b[D")
	at(3)
	s.see("2 of 2 listening")
	s.press("\x7f")
	at(2)
	s.press("R")
	at(1)
	s.see("2 of 2 listening") // one to start from, and the one it forks
	s.press("k")
	s.see("kill worker 1 ─")
	s.press("\x1b")
	s.see("tour 2 of 10")
	s.press("q")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.givenBack()
	kit.NoneLeft(t, s.pid, kit.Promised)
}

// A terminal that vanishes in the midst of it leaves nothing.
func TestTourWithoutItsTerminal(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "tour", "--auto", "--addr", "127.0.0.1:0", "--workers", "2", "--chapter", "3")
	s.see("tour 3 of 10")
	s.see("√ step 1 of 3")
	addr := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(s.lines()[0])
	s.vanish()
	s.code()
	kit.NoneLeft(t, s.pid, kit.Promised)
	mustBeFree(t, addr, kit.Promised)
}

// Without a terminal the tour plays itself and prints the script.
func TestTourAsText(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(muster, "tour", "--pause", "0s", "--addr", "127.0.0.1:0", "--workers", fmt.Sprint(tourWorkers), "--chapter", "5")
	cmd.Env = environment()
	p := kit.Start(t, cmd, nil)
	if code := p.Code(); code != 0 || p.Stderr() != "" {
		t.Errorf("exit code %d, on stderr %q", code, p.Stderr())
	}
	text := p.Stdout()
	sane(t, text)
	if p := textProblem(text); p != "" {
		t.Error(p)
	}
	for c, chapter := range tour.Script(tourWorkers) {
		title := fmt.Sprintf("tour %d of 10: %s\n", c+1, chapter.Title)
		if strings.Contains(text, title) != (c >= 4) {
			t.Errorf("the title %q: %t", title, c < 4)
		}
		if c < 4 {
			continue
		}
		for i, step := range chapter.Steps {
			head := fmt.Sprintf("%d.%d  ", c+1, i+1)
			_, rest, found := strings.Cut(text, "\n"+head+step.Say+"\n")
			if !found {
				t.Errorf("%q is missing", head+step.Say)
				continue
			}
			block, _, _ := strings.Cut(rest, "\n\n")
			call := strings.NewReplacer(`\{worker\}`, `\d+`, `\{pid\}`, `\d+`).Replace(regexp.QuoteMeta(step.Call))
			if !regexp.MustCompile(`^     call   ` + call + `\n`).MatchString(block + "\n") {
				t.Errorf("%s: its call is missing in %q", head, block)
			}
			for _, kind := range step.Causes {
				if !regexp.MustCompile(`\n     event +(\d+|-)  ` + string(kind) + ` `).MatchString("\n" + block) {
					t.Errorf("%s: no event %s in %q", head, kind, block)
				}
			}
		}
	}
	if strings.Contains(text, "FAILED") {
		t.Errorf("a step failed:\n%s", text)
	}
}

// A signal in the midst of it ends it in good order.
func TestTourStoppedByASignal(t *testing.T) {
	t.Parallel()
	s := open(t, 80, 24, nil, "tour", "--auto", "--addr", "127.0.0.1:0", "--workers", "2")
	s.see("tour 1 of 10")
	s.see("step 2 of 3")
	s.signal(syscall.SIGTERM)
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.givenBack()
	kit.NoneLeft(t, s.pid, kit.Promised)
}
