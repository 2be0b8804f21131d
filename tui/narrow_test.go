package tui

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"

	"github.com/charmbracelet/x/ansi"
)

// TestNothingOfOursIsCutAt60x16: help, menu and questions ended in "…".
func TestNothingOfOursIsCutAt60x16(t *testing.T) {
	check := func(name string, s *screen, want ...string) {
		t.Helper()
		text := plain(render(s))
		if strings.Contains(text, s.signs.Ellipsis) {
			t.Errorf("%s is cut:\n%s", name, text)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", name, w, text)
			}
		}
	}
	for _, vim := range []bool{false, true} {
		for _, ascii := range []bool{false, true} {
			s := scene(60, 16)
			s.log, s.all = nil, nil
			s.help, s.vim, s.signs = true, vim, cell.NewSigns(ascii)
			check("the help", s, "ask = y or n first", "capitals ask before harm")
		}
	}
	for _, queue := range []int{0, 1, 1024} {
		for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
			s := scene(60, 16)
			emptyScene(s)
			s.log, s.all = nil, nil
			s.snap.Queue, s.snap.Policy = queue, policy
			check("the empty table", s, "for one.")
		}
	}
	for i := range killChoices {
		s := scene(60, 16)
		s.snap.Workers[1].Open = ptr(9999)
		s.dialog = &killMenu{worker: 2, pid: 20412, cursor: cursor(i)}
		check("the kill menu", s, "kill worker 2", " call ", " then ")
	}
	for name, keys := range map[string][]string{"q": {"q"}, "D": {"D"}, "f": {"f"}, "d": {"d"}} {
		snap := many(8)
		snap.Open = ptr(8765)
		if name == "d" {
			snap = picture(1, 9999, listening(100))
		}
		d := newDeck(t, snap)
		d.m.s.w, d.m.s.h = 60, 16
		d.press(keys...)
		if d.m.s.dialog == nil {
			t.Fatalf("%s asks nothing", name)
		}
		check("the question of "+name, &d.m.s, "n or esc")
	}
}

// TestTheKillMenuOverACrashLoop at 60x16 had no line of the call.
func TestTheKillMenuOverACrashLoop(t *testing.T) {
	s := pictures()["kill-crash-60x16"]()
	for i, c := range killChoices {
		s.dialog.(*killMenu).cursor = cursor(i)
		text := plain(render(s))
		for _, want := range []string{"kill worker 18 ", "pid 20428", "  " + c.name, " call    ", " then    "} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the menu lacks %q:\n%s", c.name, want, text)
			}
		}
	}
}

// TestTheHeadDropsTheTimeBeforeThePort.
func TestTheHeadDropsTheTimeBeforeThePort(t *testing.T) {
	s := scene(60, 16)
	crashScene(s)
	s.snap.Addresses[0].Port = 34412
	s.snap.Started = s.now.Add(-100 * time.Hour)
	if got := ansi.Strip(render(s).lines[0]); !strings.HasPrefix(got, " muster :34412  rr ") {
		t.Errorf("the head says %q", got)
	}
}

// TestTheHeadSaysStopping from the key on, before the cluster does.
func TestTheHeadSaysStopping(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}} {
		d := newDeck(t, four())
		d.m.s.w, d.m.s.h = size[0], size[1]
		d.press("ctrl+c")
		if got := ansi.Strip(render(&d.m.s).lines[0]); !strings.HasSuffix(got, "  stopping ") {
			t.Errorf("%v: the key alone: %q", size, got)
		}
		s := scene(size[0], size[1])
		crashScene(s) // even so
		s.snap.Stopping = true
		if got := ansi.Strip(render(s).lines[0]); !strings.HasSuffix(got, "  stopping ") {
			t.Errorf("%v: the cluster: %q", size, got)
		}
	}
}

// TestHintsOfDialogsStandLeft, three cells apart, and a hint line leaves the last
// cell of a narrow screen free.
func TestHintsOfDialogsStandLeft(t *testing.T) {
	all := pictures()
	for name, want := range map[string]string{
		"kill-80x24":       " enter send   ↑ ↓ k j or a number pick   esc back, nothing sent ",
		"quit-80x24":       " y or q let them finish, 5 s at most   n or esc stay ",
		"crash-loop-80x24": " r try now   enter its last lines   q leave   ? keys ",
		"log-60x16":        " f fork  D all  p policy  l load  x why  / filter    ? keys ",
	} {
		s := all[name]()
		if got := ansi.Strip(render(s).lines[s.h-1]); strings.TrimRight(got, " ") != strings.TrimRight(want, " ") || !strings.HasSuffix(got, " ") {
			t.Errorf("%s: hints %q, want %q", name, got, want)
		}
	}
}

// TestADeadRowShowsItsOwnExit: after D it had none beside "exit code 0", or that
// of an older death of its slot.
func TestADeadRowShowsItsOwnExit(t *testing.T) {
	s := scene(120, 40)
	old := *s.snap.ByID(5)
	for _, w := range []engine.Row{
		{ID: 5, State: engine.StateExited, Exit: &engine.ExitDetail{Code: ptr(0), Voluntary: true}, Ended: s.now.Add(-3 * time.Second)},
		{ID: 5, State: engine.StateExited, Exit: &engine.ExitDetail{Code: ptr(0), Voluntary: true}, Ended: s.now.Add(-3 * time.Second), LastExit: old.LastExit, LastExitAt: s.now.Add(-time.Minute)},
	} {
		*s.snap.ByID(5) = w
		if got := ansi.Strip(render(s).lines[7]); !strings.HasSuffix(got, " code 0     3s") {
			t.Errorf("with an older %q: %q", w.LastExit, got)
		}
	}
	*s.snap.ByID(5) = engine.Row{ID: 5, State: engine.StateListening, LastExit: "exit code 3", LastExitAt: s.now.Add(-time.Minute)}
	if got := ansi.Strip(render(s).lines[7]); !strings.HasSuffix(got, " code 3     1m") {
		t.Errorf("alive again: %q", got)
	}
}

// TestTheCrashPaneSaysHowShortALife: "0 s after its fork".
func TestTheCrashPaneSaysHowShortALife(t *testing.T) {
	s := scene(80, 24)
	crashScene(s)
	s.snap.Workers[0].Ended = s.snap.Workers[0].Forked.Add(40 * time.Millisecond)
	if text := plain(render(s)); !strings.Contains(text, "code 1, 40 ms after its fork; never reached listening") {
		t.Errorf("the pane says:\n%s", text)
	}
}

// TestMaxIsTheTopOfTheGraph: the title said the highest value while the bars
// filled 40 % of the height.
func TestMaxIsTheTopOfTheGraph(t *testing.T) {
	s := scene(120, 40)
	s.hist = hist.New()
	for i := range 30 {
		snap := *s.snap
		snap.Tick, snap.ReqRate, snap.Open = uint64(i), ptr(20200.0), ptr(61)
		s.hist.Add(&snap)
	}
	for _, c := range []struct {
		m    hist.Metric
		max  string
		full string // the column of the newest value, from the top
	}{{hist.Req, "max 30.0k", " ▆██"}, {hist.Open, "max 75", "▂███"}} {
		g := graphPane{name: "x", of: hist.OfCluster, m: c.m, fmt: fmtCount}
		_, max := g.title(s, 60)
		column := ""
		for _, l := range g.rows(s, 60, 4) {
			r := []rune(l)
			column += string(r[len(r)-1])
		}
		if max != c.max || column != c.full {
			t.Errorf("metric %d: %q, column %q; want %q, %q", c.m, max, column, c.max, c.full)
		}
	}
}

// TestShortLatenciesDoNotFlip between 0 and 0.00ms.
func TestShortLatenciesDoNotFlip(t *testing.T) {
	var l engine.Latency
	for _, d := range []time.Duration{300, 300, 400, 2 * time.Microsecond} {
		viewtest.Record(&l, d)
	}
	got := hist.LatenciesOf(&l)
	if p50, max := fmtLatency(got.P50), fmtLatency(got.Max); p50 != "1us" || max != "2us" {
		t.Errorf("p50 %s, max %s", p50, max)
	}
	s := scene(120, 40)
	s.hist.Cluster().Answered = hist.Latencies{P50: 3 * time.Microsecond, P90: 4 * time.Microsecond, P99: 8 * time.Microsecond, Max: 310 * time.Microsecond}
	text := plain(render(s))
	for _, want := range []string{"p50    3us  p99    8us", "  p50    3us  ", "  max   0.31  "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not there:\n%s", want, text)
		}
	}
}

// TestAllOfItIsAHundredPercent: the only worker's share was cut to "100.…".
func TestAllOfItIsAHundredPercent(t *testing.T) {
	s := scene(120, 40)
	for _, sw := range []struct {
		share float64
		want  string
	}{{1, " 100%    23"}, {0.9994, "99.9%    23"}, {0, " 0.0%    23"}, {-1, "    -    23"}} {
		if got := ansi.Strip(shareRow(s, 58, shareWorker{id: 1, share: sw.share, n: 23}, 1)); !strings.Contains(got, sw.want) {
			t.Errorf("%g: %q lacks %q", sw.share, got, sw.want)
		}
	}
}
