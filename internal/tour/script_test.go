package tour

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/safetext"
)

// The words of the page this program follows: each must be pointed at.
var pageWords = []string{
	"disconnect()", "exitedAfterDisconnect", "worker.id", "isConnected()", "isDead()", "kill()", "worker.process", ".send(",
	"cluster.disconnect()", "cluster.fork()", "isMaster", "isPrimary", "isWorker", "cluster.schedulingPolicy", "cluster.settings",
	"setupMaster", "setupPrimary", "cluster.worker ", "cluster.workers",
	"'disconnect'", "'error'", "'exit'", "'listening'", "'message'", "'online'", "'fork'", "'setup'",
	"Round robin", "Sockets", "Master", "SCHED_RR", "SCHED_NONE", "--worker-procs", "os.cpus()", "An example of clusters",
}

func TestTheScriptPointsAtEachWordOfThePage(t *testing.T) {
	var all strings.Builder
	for _, c := range Script(2) {
		for _, st := range c.Steps {
			all.WriteString(st.Say + "\n" + st.Call + "\n")
		}
	}
	for _, w := range pageWords {
		if !strings.Contains(all.String(), w) {
			t.Errorf("no step says %s", w)
		}
	}
}

// A sentence fits in three lines of the smallest screen, and in two of 80
// columns; a call in one of 100.
func TestEachStepFitsTheScreen(t *testing.T) {
	for _, workers := range []int{0, 2, 64} {
		names := map[string]bool{}
		script := Script(workers)
		if len(script) != 10 {
			t.Errorf("%d chapters", len(script))
		}
		for _, c := range script {
			if n := len(c.Title); n == 0 || n > 35 {
				t.Errorf("the title %q has %d characters", c.Title, n)
			}
			for i, st := range c.Steps {
				at := fmt.Sprintf("%s, step %d (%s)", c.Title, i+1, st.Name)
				if n := len(lines(st.Say, 58)); n == 0 || n > 3 {
					t.Errorf("%s: %d lines at 60 columns", at, n)
				}
				if n := len(lines(st.Say, 78)); n > 2 {
					t.Errorf("%s: %d lines at 80 columns", at, n)
				}
				if n := len(st.Call); n == 0 || n > 90 {
					t.Errorf("%s: the call has %d characters", at, n)
				}
				if st.Say != safetext.Line(st.Say) || strings.Count(st.Say, "  ") > 0 {
					t.Errorf("%s: %q", at, st.Say)
				}
				if st.done == nil && st.Causes == nil || st.Name == "" || names[st.Name] {
					t.Errorf("%s: no condition, or the name is not its own", at)
				}
				names[st.Name] = true
				if st.From.Workers > max(workers, LeastWorkers) {
					t.Errorf("%s: starts from %d workers", at, st.From.Workers)
				}
			}
		}
	}
}

// lines breaks a sentence as the screen does.
func lines(text string, cells int) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		if n := len(out); n > 0 && len(out[n-1])+1+len(word) <= cells {
			out[n-1] += " " + word
			continue
		}
		out = append(out, word)
	}
	return out
}

// Only the chapter of accidents may have failed requests.
func TestRequestsMayFailInOneChapterOnly(t *testing.T) {
	for i, c := range Script(2) {
		may := slices.ContainsFunc(c.Steps, func(st Step) bool { return st.MayFail })
		if may != (i == 4) {
			t.Errorf("chapter %d: may fail = %t", i+1, may)
		}
	}
}

func TestMoves(t *testing.T) {
	script := []Chapter{{Steps: make([]Step, 2)}, {Steps: make([]Step, 1)}, {Steps: make([]Step, 3)}}
	for _, c := range []struct {
		from  Position
		m     move
		to    Position
		moved bool
	}{
		{Position{0, 0}, moveNext, Position{0, 1}, true},
		{Position{0, 1}, moveNext, Position{1, 0}, true},
		{Position{1, 0}, moveNext, Position{2, 0}, true},
		{Position{2, 2}, moveNext, Position{2, 2}, false},
		{Position{0, 0}, moveBack, Position{0, 0}, false},
		{Position{1, 0}, moveBack, Position{0, 1}, true},
		{Position{2, 0}, moveBack, Position{1, 0}, true},
		{Position{2, 2}, moveBack, Position{2, 1}, true},
		{Position{2, 2}, moveReset, Position{2, 0}, true},
		{Position{0, 0}, moveReset, Position{0, 0}, true},
	} {
		if to, moved := c.from.after(c.m, script); to != c.to || moved != c.moved {
			t.Errorf("%v by %d: %v %t, want %v %t", c.from, c.m, to, moved, c.to, c.moved)
		}
	}
	for _, c := range []struct {
		at   Position
		m    move
		want bool
	}{
		{Position{1, 0}, moveNext, true}, {Position{1, 1}, moveNext, false},
		{Position{1, 1}, moveBack, true}, {Position{1, 0}, moveReset, true},
	} {
		if got := c.at.exactly(c.m); got != c.want {
			t.Errorf("%v by %d exactly: %t", c.at, c.m, got)
		}
	}
}

func TestShown(t *testing.T) {
	st := Step{Call: "kill({pid}) of {worker}"}
	if got := st.Shown(3, 99); got != "kill(99) of 3" {
		t.Error(got)
	}
	if got := st.Shown(0, 0); got != "kill(?) of ?" {
		t.Error(got)
	}
}
