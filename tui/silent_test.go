package tui

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

// TestWhoTells: what stands for requests changes once, when the workers had
// connections and have said nothing for long enough, and not before.
func TestWhoTells(t *testing.T) {
	quiet := engine.Row{ID: 1, State: engine.StateListening, Open: ptr(0)}
	had := engine.Row{ID: 1, State: engine.StateListening, HandOff: &engine.Latency{}}
	open := engine.Row{ID: 1, State: engine.StateListening, Open: ptr(1)}
	dead := engine.Row{ID: 1, State: engine.StateExited, HandOff: &engine.Latency{}}
	tells := engine.Row{ID: 1, State: engine.StateListening, Done: ptr(uint64(0)), HandOff: &engine.Latency{}, Open: ptr(3)}
	for _, c := range []struct {
		name   string
		ticks  []engine.Row
		silent bool
	}{
		{"no connection yet", []engine.Row{quiet, quiet, quiet, quiet}, false},
		{"the first connection", []engine.Row{quiet, had}, false},
		{"and nothing said", []engine.Row{quiet, had, had}, true},
		{"open for the kernel", []engine.Row{open, open}, true},
		{"quiet again", []engine.Row{open, open, quiet, quiet}, true},
		{"it tells", []engine.Row{tells, tells, tells}, false},
		{"it tells late", []engine.Row{had, had, had, tells}, false},
		{"a new one in a cluster that tells", []engine.Row{tells, had, had, had}, false},
		{"a dead one", []engine.Row{dead, dead, dead}, false},
	} {
		s := testScreen(80, 24)
		for i, w := range c.ticks {
			s.snap = &engine.Snapshot{Tick: uint64(i), Policy: engine.SchedRR, Workers: []engine.Row{w}}
			s.hist.Add(s.snap)
		}
		if got := silent(s); got != c.silent {
			t.Errorf("%s: silent = %t", c.name, got)
		}
	}
}

// TestPastOfLast: the header says what the history is of wherever it has room.
func TestPastOfLast(t *testing.T) {
	for _, c := range []struct {
		s    *screen
		want string
	}{
		{scene(80, 24), " LAST 12 S "},
		{scene(120, 40), " LAST 24 S "},
		{scene(200, 60), " REQUESTS/S, LAST 41 S "},
		{nodeScene(80, 24, engine.SchedRR), " LAST 12 S "},
		{nodeScene(120, 40, engine.SchedRR), " DEALT/S, LAST 24 S "},
		{nodeScene(200, 60, engine.SchedRR), " DEALT/S, LAST 41 S "},
		{nodeScene(120, 40, engine.SchedNone), " CPU%, LAST 24 S "},
	} {
		if got := ansi.Strip(render(c.s).lines[3]); !strings.Contains(got, c.want) {
			t.Errorf("%dx%d: heading %q lacks %q", c.s.w, c.s.h, got, c.want)
		}
	}
	// The rows say the same after the policy has changed.
	s := nodeScene(80, 24, engine.SchedRR)
	before := ansi.Strip(render(s).lines[4])
	snap := *s.snap
	snap.Policy = engine.SchedNone
	s.snap = &snap
	if after := ansi.Strip(render(s).lines[4]); after[20:40] == before[20:40] {
		t.Errorf("shared, and the row still shows what was dealt: %q", after)
	}
}

// TestLoopDelay: of the last 10 s, and only of a worker that does not tell its
// answer times.
func TestLoopDelay(t *testing.T) {
	s := testScreen(80, 24)
	var all engine.Latency
	add := func(tick uint64, d time.Duration, told *engine.Latency) engine.Row {
		viewtest.Record(&all, d)
		l := all
		s.snap = tickSnapshot(tick, map[int]uint64{1: tick})
		s.snap.Workers[0].HandOff, s.snap.Workers[0].Latency = &l, told
		s.hist.Add(s.snap)
		return s.snap.Workers[0]
	}
	add(0, 5*time.Second, nil)
	var w engine.Row
	for tick := range uint64(12) {
		w = add(tick+1, 3*time.Microsecond, nil)
	}
	if got, ok := loopDelay(s, &w); !ok || got.P50 != 3*time.Microsecond || got.Max != 3*time.Microsecond {
		t.Errorf("loop delay = %v, %t", got, ok)
	}
	if text := timesText(s.hist.Worker(1).Loop); text != "p50 3us   p99 3us   max 3us" {
		t.Errorf("it reads %q", text)
	}
	for tick := range uint64(7) { // the ticks before were missed: the window may begin in one
		w = add(tick+20, 3*time.Microsecond, nil)
	}
	if got, _ := loopDelay(s, &w); got.Max != 3*time.Microsecond {
		t.Errorf("after missed ticks the slow answer of before is back: %v", got)
	}
	w = add(27, 3*time.Microsecond, &engine.Latency{})
	if _, ok := loopDelay(s, &w); ok {
		t.Error("a worker that tells its answer times has a loop delay")
	}
	w.Latency, w.State = nil, engine.StateExited
	if _, ok := loopDelay(s, &w); ok {
		t.Error("a dead worker has a loop delay")
	}
}

// TestNoteIsAWarning: in the colour of warnings, in the row of an unselected
// worker and in its details, where the whole sentence is.
func TestNoteIsAWarning(t *testing.T) {
	s := nodeScene(80, 24, engine.SchedRR)
	s.theme = theme(termenv.TrueColor)
	if got := render(s).lines[6]; !strings.Contains(got, s.theme.Warn.On()+"never liste…") {
		t.Errorf("the row of worker 3 is %q", got)
	}
	s.dialog = &detailsDialog{worker: 3}
	text := strings.Join(strings.Fields(plain(render(s))), " ")
	if !strings.Contains(text, "note "+neverListened) {
		t.Errorf("the details lack the sentence:\n%s", plain(render(s)))
	}
	s.all = nil // the log has forgotten it
	if text := plain(render(s)); !strings.Contains(text, "note      never listened") {
		t.Errorf("the details lack the note:\n%s", text)
	}
}

func TestAddressesInTheHead(t *testing.T) {
	tcp, unix := engine.Address{Network: "tcp", Host: "::", Port: 80}, engine.Address{Network: "unix", Host: "/run/\x1b.sock"}
	for _, c := range []struct {
		as   []engine.Address
		want string
	}{
		{nil, " muster  -   policy rr"}, {[]engine.Address{tcp}, " muster  [::]:80   policy rr"},
		{[]engine.Address{unix, tcp, tcp}, ` muster  /run/\x1b.sock +2   policy rr`},
	} {
		s := nodeScene(80, 24, engine.SchedRR)
		s.snap.Addresses = c.as
		if got := ansi.Strip(render(s).lines[0]); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: head %q, want %q", c.as, got, c.want)
		}
	}
}
