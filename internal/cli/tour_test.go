package cli

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/tour"
)

func TestWrongUsageOfTheTour(t *testing.T) {
	for want, args := range map[string][]string{
		`--chapter "11": must be a whole number from 1 to 10`: {"--chapter", "11"},
		`--chapter "0": must be a whole number from 1 to 10`:  {"--chapter", "0"},
		`--workers "1": must be a whole number from 2 to 256`: {"--workers", "1"},
		`--pause "3": must be a time with its unit`:           {"--pause", "3"},
		`--pause "-1s": must not be negative`:                 {"--pause", "-1s"},
		"unknown flag --policy":                               {"--policy", "rr"},
		`unknown command "extra"`:                             {"extra"},
		"--addr":                                              {"--addr", "nonsense here"},
	} {
		code, stdout, stderr := runWith(append([]string{"tour"}, args...)...)
		if code != command.ExitUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q, want one line with %q", args, code, stdout, stderr, want)
		}
	}
}

func TestHelpOfTheTourNamesItsFlags(t *testing.T) {
	code, stdout, stderr := runWith("tour", "--help")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	var s tourSettings
	for _, g := range s.groups() {
		g.flags.VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(stdout, "--"+f.Name+" ") {
				t.Errorf("the help does not name --%s", f.Name)
			}
		})
	}
	if !strings.Contains(stdout, "(default 3s)") || !strings.Contains(stdout, "(default 127.0.0.1:3000)") {
		t.Errorf("the defaults are missing:\n%s", stdout)
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 81 {
			t.Errorf("a line of the help has %d characters: %s", len(line), line)
		}
	}
}

// touredCluster is a fake that a tour can be played on.
type touredCluster struct{ *fakeCluster }

func (touredCluster) Do(context.Context, engine.Command) (engine.Result, error) {
	return engine.Result{}, engine.ErrStopped
}

// telling is a tellTour at work on a fake.
func telling(t *testing.T, out *output) (c touredCluster, signals chan os.Signal, ended chan error) {
	t.Helper()
	c = touredCluster{newFake()}
	c.show(engine.Row{ID: 1, State: engine.StateListening})
	a := &app{World: command.World{Stdout: out, Stderr: newOutput(), Getenv: func(string) string { return "" }}}
	signals, ended = make(chan os.Signal, 2), make(chan error, 1)
	go func() {
		ended <- a.tellTour(c, c.life(), tour.Options{Workers: 2, Chapter: 2, Auto: true, Pause: time.Hour}, signals)
	}()
	return c, signals, ended
}

// waitStopped waits until the cluster was told to stop.
func (c touredCluster) waitStopped(t *testing.T) {
	t.Helper()
	select {
	case <-c.stopped:
	case <-time.After(patience):
		t.Fatal("the cluster is not told to stop")
	}
}

func codeOf(t *testing.T, ended <-chan error) int {
	t.Helper()
	select {
	case err := <-ended:
		if f, ok := err.(*command.Failure); ok {
			return f.Code
		}
		if err != nil {
			t.Errorf("%v is no *command.Failure", err)
		}
		return 0
	case <-time.After(patience):
		t.Fatal("the tour does not end")
		return -1
	}
}

// The first signal ends the tour and the cluster in good order, with 0; the
// second at once.
func TestSignalsDuringTheTour(t *testing.T) {
	out := newOutput()
	c, signals, ended := telling(t, out)
	out.waitFor(t, func(s string) bool { return strings.Contains(s, "2.1  ") })
	signals <- syscall.SIGTERM
	c.waitStopped(t)
	c.release <- nil
	if code := codeOf(t, ended); code != 0 {
		t.Errorf("after one signal: exit code %d", code)
	}

	c, signals, ended = telling(t, newOutput())
	signals <- syscall.SIGTERM
	c.waitStopped(t)
	signals <- syscall.SIGINT
	if code := codeOf(t, ended); code != 130 {
		t.Errorf("after two signals: exit code %d", code)
	}
	<-c.killed
}

// Whoever closed the output is done with the tour.
func TestTourWithoutAReader(t *testing.T) {
	out := newOutput()
	out.setFail(func([]byte) (int, error) { return 0, syscall.EPIPE })
	c, _, ended := telling(t, out)
	c.waitStopped(t)
	c.release <- nil
	if code := codeOf(t, ended); code != command.ExitFailed {
		t.Errorf("exit code %d", code)
	}
}

// The text is safe for a terminal, whatever a worker answers.
func TestTourTextIsSafe(t *testing.T) {
	out := newOutput()
	text := &tourText{out: out}
	text.Begin(tour.View{Chapter: 1, Chapters: 9, Title: "title", Step: 1, Say: "say", Call: "call \x1b[2J"})
	text.Event(engine.Event{Kind: engine.KindOutput, Worker: 3, Detail: engine.OutputDetail{Stream: "stdout", Text: "a\x1b[2Jb"}})
	text.End(tour.View{Fact: "fact\nmore of it \x07", Load: "load", Trouble: "trouble\r"})
	got := out.String()
	if strings.ContainsAny(got, "\x1b\x07\r") {
		t.Errorf("%q", got)
	}
	for _, want := range []string{"tour 1 of 9: title\n", "1.1  say\n     call   call ", "     event    3  stdout", "     now    fact\n            more of it ", "     load   load\n", "     FAILED trouble"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}
