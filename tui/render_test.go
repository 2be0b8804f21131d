package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/tui/internal/cell"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

func TestVerdict(t *testing.T) {
	id := 0
	worker := func(slot int, st engine.State, next *engine.Next) engine.Row {
		id++
		return engine.Row{ID: id, Slot: slot, State: st, Next: next}
	}
	up, leaving := engine.StateListening, engine.StateDisconnecting
	for _, c := range []struct {
		name string
		ws   []engine.Row
		want string
		lv   level
	}{
		{"none", nil, "! no workers", levelWarn},
		{"all", []engine.Row{worker(0, up, nil), worker(1, up, nil)}, "● 2 of 2 listening", levelWell},
		{"one leaves", []engine.Row{worker(0, up, nil), worker(1, leaving, nil)}, "! 1 of 2 listening", levelWarn},
		{"one waits", []engine.Row{worker(0, up, nil), worker(1, engine.StateExited, &engine.Next{})}, "! 1 of 2 listening", levelWarn},
		{"one has left for good", []engine.Row{worker(0, up, nil), worker(1, engine.StateExited, nil)}, "● 1 of 1 listening", levelWell},
		{"one gave up", []engine.Row{worker(0, up, nil), worker(1, engine.StateExited, &engine.Next{Stopped: true})}, "■ 1 of 2 listening: CRASH LOOP", levelDead},
		{"a restart: the new one comes up", []engine.Row{worker(0, up, nil), worker(0, engine.StateOnline, nil)}, "● 1 of 1 listening", levelWell},
		{"a restart: the old one leaves", []engine.Row{worker(0, leaving, nil), worker(0, up, nil)}, "● 1 of 1 listening", levelWell},
	} {
		s := testScreen(80, 24)
		s.snap = &engine.Snapshot{Workers: c.ws}
		if got, lv := verdict(s); got != c.want || lv != c.lv {
			t.Errorf("%s: %q (%d), want %q (%d)", c.name, got, lv, c.want, c.lv)
		}
	}
	s := testScreen(80, 24)
	s.snap = &engine.Snapshot{Workers: []engine.Row{worker(0, up, nil)}}
	for _, c := range []struct {
		w        int
		unserved []engine.Address
		want     string
	}{
		{80, []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}}, "! 1 of 1 listening, nobody at :3000"},
		{40, []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}}, "! nobody at :3000"},
		{80, []engine.Address{{Network: "unix", Host: "/run/a\x1b[2J-name-of-some-length"}, {}}, `! nobody at a\x1b[2J-name-o… +1`},
	} {
		s.w, s.snap.Unserved = c.w, c.unserved
		if got, lv := verdict(s); got != c.want || lv != levelWarn {
			t.Errorf("an address nobody serves, %d cells: %q (%d), want %q", c.w, got, lv, c.want)
		}
	}
	s.snap = &engine.Snapshot{Stopping: true}
	if got, _ := verdict(s); got != "stopping" {
		t.Errorf("while stopping: %q", got)
	}
}

// TestQuietWhenWell: the verdict is reversed only when something is wrong.
func TestQuietWhenWell(t *testing.T) {
	s := scene(80, 24)
	if got := render(s).lines[0]; !strings.Contains(got, "\x1b[7m") {
		t.Errorf("2 of 4 listen and nothing is reversed: %q", got)
	}
	manyScene(s, 4)
	if got := render(s).lines[0]; strings.Contains(got, "\x1b[7m") {
		t.Errorf("all is well and something is reversed: %q", got)
	}
}

// TestVerdictIsNeverCut: it stands at the right end in every width.
func TestVerdictIsNeverCut(t *testing.T) {
	s := scene(60, 16)
	crashScene(s)
	s.snap.Addresses[0] = engine.Address{Network: "unix", Host: "/a/very/long/path/to/a/socket/that/nobody/would/ever/choose.sock"}
	for s.w = 60; s.w < 130; s.w++ {
		if got := ansi.Strip(render(s).lines[0]); !strings.HasSuffix(got, "■ 0 of 4 listening: CRASH LOOP ") {
			t.Errorf("%d: %q", s.w, got)
		}
	}
}

// TestRowsAreWrittenOnlyIfTheyChanged also guards the other way: whatever a row
// shows has to be part of its key.
func TestRowsAreWrittenOnlyIfTheyChanged(t *testing.T) {
	s := scene(120, 40)
	render(s)
	drawn := s.rows.drawn
	render(s)
	if n := s.rows.drawn - drawn; n != 0 {
		t.Errorf("%d rows were written again though nothing changed", n)
	}
	changes := map[string]func(w *engine.Row){
		"open":  func(w *engine.Row) { w.Open = ptr(7) },
		"cpu":   func(w *engine.Row) { w.CPU = ptr(3.3) },
		"mem":   func(w *engine.Row) { w.Mem = ptr(uint64(1 << 30)) },
		"dealt": func(w *engine.Row) { w.Dealt += 5000 },
		"done":  func(w *engine.Row) { w.Done = ptr(uint64(7)) },
		"req":   func(w *engine.Row) { w.ReqRate = ptr(3.0) },
		"state": func(w *engine.Row) { w.State = engine.StateDisconnected },
		"rst":   func(w *engine.Row) { w.Restarts = 8 },
		"pid":   func(w *engine.Row) { w.PID = 1 },
		"exit":  func(w *engine.Row) { w.LastExit = "exit code 3" },
		"nil":   func(w *engine.Row) { w.Open = nil },
		"stall": func(w *engine.Row) { w.Stalled = s.now },
		"note":  func(w *engine.Row) { w.Note = "never listened" },
	}
	for name, change := range changes {
		before := ansi.Strip(render(s).lines[4])
		snap := *s.snap
		snap.Workers = slices.Clone(snap.Workers)
		change(&snap.Workers[0])
		old := s.snap
		s.snap = &snap
		drawn = s.rows.drawn
		after := ansi.Strip(render(s).lines[4])
		if before == after || s.rows.drawn != drawn+1 {
			t.Errorf("%s: %d rows were written; before and after:\n%s\n%s", name, s.rows.drawn-drawn, before, after)
		}
		s.snap = old
	}
}

// TestHintsFit: hints go from the back until the short words of the rest fit, but
// the last one stays; what has room keeps its long words.
func TestHintsFit(t *testing.T) {
	s := scene(60, 16)
	hints := []hint{{"a", "a long word", "short"}, {"b", "bbbb", "bbbb"}, {"c", "cccc", "cccc"}, {"?", "all keys", "keys"}}
	for _, c := range []struct {
		w    int
		want string
	}{
		{60, "a a long word, b bbbb, c cccc, ? all keys"},
		{43, "a a long word, b bbbb, c cccc, ? all keys"},
		{42, "a short, b bbbb, c cccc, ? all keys"},
		{36, "a short, b bbbb, c cccc, ? keys"},
		{32, "a short, b bbbb, ? all keys"}, // who goes leaves room
		{29, "a short, b bbbb, ? all keys"},
		{26, "a short, b bbbb, ? keys"},
		{2, "? keys"},
	} {
		s.w = c.w
		var got []string
		for _, h := range fitHints(s, hints) {
			got = append(got, h.key+" "+h.text)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%d: %q, want %q", c.w, text, c.want)
		}
	}
	if hints[0].text != "a long word" {
		t.Error("the caller's hints were changed")
	}
}

// TestKillMenuShowsWhatIsPicked also where it is lower than its choices.
func TestKillMenuShowsWhatIsPicked(t *testing.T) {
	for i, c := range killChoices {
		s := scene(60, 16)
		s.dialog = &killMenu{worker: 2, pid: 20412, cursor: cursor(i)}
		text := plain(render(s))
		if !strings.Contains(text, "► ") || !strings.Contains(text, "  "+c.name) || !strings.Contains(text, " then ") {
			t.Errorf("%s is picked and not seen:\n%s", c.name, text)
		}
	}
	s := scene(80, 24)
	s.dialog = &killMenu{worker: 5, pid: 20533}
	if !strings.Contains(plain(render(s)), "it has ended: nothing will be sent") {
		t.Error("the menu does not say that its worker has ended")
	}
}

// TestTooSmall: on a single line the verdict comes first.
func TestTooSmall(t *testing.T) {
	s := scene(40, 1)
	if got := ansi.Strip(render(s).lines[0]); !strings.HasPrefix(got, "! 2 of 4 listening  q stop+leave") {
		t.Errorf("one line says %q", got)
	}
	s.h = 3
	text := plain(render(s))
	for _, want := range []string{"muster needs 60x16, this is 40x3", "! 2 of 4 listening", "q stop+leave"} {
		if !strings.Contains(text, want) {
			t.Errorf("three lines lack %q:\n%s", want, text)
		}
	}
}

// TestRowMotion: reversed for a second, bold for two more.
func TestRowMotion(t *testing.T) {
	s := scene(80, 24)
	s.selected = 0
	changed := s.snap.ByID(1).Changed
	for _, c := range []struct {
		age  time.Duration
		want string
	}{
		{0, "\x1b[7m"}, {999 * time.Millisecond, "\x1b[7m"}, {time.Second, "\x1b[1m"}, {2999 * time.Millisecond, "\x1b[1m"}, {3 * time.Second, " "},
	} {
		s.now = changed.Add(c.age)
		if got := render(s).lines[4]; !strings.HasPrefix(got, c.want) {
			t.Errorf("%v after the change the row begins %q, want %q", c.age, got[:8], c.want)
		}
	}
}

// TestSelectionIsSeenWithoutColours: a mark and reverse.
func TestSelectionIsSeenWithoutColours(t *testing.T) {
	s := scene(80, 24)
	if got := render(s).lines[5]; !strings.HasPrefix(got, "\x1b[7m►") {
		t.Errorf("the selected row begins %q", got[:12])
	}
}

func TestZones(t *testing.T) {
	s := scene(80, 24)
	f := render(s)
	zoneAt := func(x, y int) zone {
		for _, z := range f.zones {
			if z.y == y && z.x0 <= x && x < z.x1 {
				return z
			}
		}
		return zone{kind: -1}
	}
	find := func(y int, text string) int {
		line := ansi.Strip(f.lines[y])
		return ansi.StringWidth(line[:strings.Index(line, text)])
	}
	for _, c := range []struct {
		y      int
		text   string
		kind   zoneKind
		worker int
		key    string
	}{
		{4, "20411", zoneRow, 1, ""}, {7, "20533", zoneRow, 5, ""}, {15, "exit", zoneLog, 0, ""},
		{2, "4 log", zoneView, 0, "4"}, {23, "fork", zoneHint, 0, "f"}, {23, "all keys", zoneHint, 0, "?"},
	} {
		z := zoneAt(find(c.y, c.text), c.y)
		if z.kind != c.kind || z.worker != c.worker || z.key != c.key {
			t.Errorf("%q is %+v", c.text, z)
		}
	}
	s.dialog = &killMenu{worker: 2, pid: 20412}
	f = render(s)
	if z := zoneAt(10, 12); z.kind != zoneMenu || killChoices[z.worker].name != "SIGKILL" {
		t.Errorf("the line of SIGKILL is %+v", z)
	}
}

func TestLastText(t *testing.T) {
	now := sceneStart
	at := func(d time.Duration) time.Time { return now.Add(d) }
	listening, exited := engine.StateListening, engine.StateExited
	for _, c := range []struct {
		name  string
		w     engine.Row
		cells int
		want  string
	}{
		{"well", engine.Row{State: listening}, 12, ""},
		{"leaving, narrow", engine.Row{State: engine.StateDisconnecting, Open: ptr(3), LeaveBy: at(3200 * time.Millisecond)}, 12, "3 left  3.2s"},
		{"leaving, no limit", engine.Row{State: engine.StateDisconnecting, Open: ptr(3)}, 24, "3 left, no limit"},
		{"leaving, open not known", engine.Row{State: engine.StateDisconnecting, LeaveBy: at(time.Second)}, 24, "leaving, 1.0 s of 5.0 s"},
		{"countdown", engine.Row{State: exited, Next: &engine.Next{At: at(400 * time.Millisecond), Deaths: 2, Of: 5}}, 12, "fork in 0.4s"},
		{"countdown, first", engine.Row{State: exited, Next: &engine.Next{At: at(12 * time.Second)}}, 24, "fork in 12 s"},
		{"gave up", engine.Row{State: exited, Next: &engine.Next{Stopped: true}}, 12, "r tries now"},
		{"told to leave", engine.Row{State: exited, Exit: &engine.ExitDetail{Code: ptr(0), Voluntary: true}}, 24, "was told to leave"},
		{"told to leave, narrow", engine.Row{State: exited, Exit: &engine.ExitDetail{Code: ptr(0), Voluntary: true}}, 12, "has left"},
		{"not replaced", engine.Row{State: exited, Exit: &engine.ExitDetail{Code: ptr(1)}}, 24, "not replaced"},
		{"replaced", engine.Row{State: listening, Replaces: 4, ReplacesWhy: "SIGKILL", Forked: at(-4 * time.Second)}, 24, "for 4: SIGKILL"},
		{"replaced, narrow", engine.Row{State: listening, Replaces: 4, ReplacesWhy: "exit code 1", Forked: at(-time.Second)}, 12, "4: code 1"},
		{"replaced long ago", engine.Row{State: listening, Replaces: 4, ReplacesWhy: "SIGKILL", Forked: at(-6 * time.Second)}, 24, ""},
		{"restart, old", engine.Row{State: listening, ReplacedBy: 7}, 12, "waits for 7"},
		{"restart, new", engine.Row{State: engine.StateOnline, Replaces: 1, Forked: now}, 12, "to replace 1"},
		{"stalled", engine.Row{State: listening, Stalled: at(-2 * time.Second)}, 24, "no answer for 2.0 s"},
		{"never listened", engine.Row{State: engine.StateOnline, Note: "never listened"}, 24, "never listened"},
		{"a note from outside", engine.Row{State: engine.StateOnline, Note: "\x1b[2J"}, 24, `\x1b[2J`},
		{"no answer comes before a note", engine.Row{State: listening, Note: "odd", Stalled: at(-2 * time.Second)}, 24, "no answer for 2.0 s"},
		{"a note, and gone", engine.Row{State: exited, Note: "odd", Next: &engine.Next{Stopped: true}}, 24, "r tries now"},
		{"leaving, connections only", engine.Row{State: engine.StateDisconnecting, Open: ptr(3)}, 40, "3 connections left, no limit"},
		{"leaving, requests told", engine.Row{State: engine.StateDisconnecting, Open: ptr(3), Done: ptr(uint64(9))}, 40, "3 requests left, no limit"},
		{"stalled, 15 cells", engine.Row{State: listening, Stalled: at(-1100 * time.Millisecond)}, 15, "no answer 1.1 s"},
		{"stalled, 12 cells", engine.Row{State: listening, Stalled: at(-1100 * time.Millisecond)}, 12, "no answer 1s"},
		{"stalled long, 12 cells", engine.Row{State: listening, Stalled: at(-12 * time.Second)}, 12, "no answer"},
		{"channel closed", engine.Row{State: engine.StateDisconnected}, 24, "channel closed"},
		{"stop signal sent", engine.Row{State: engine.StateDisconnected, StopSignal: "SIGTERM", LeaveBy: at(3200 * time.Millisecond)}, 24, "sent SIGTERM, 3.2 s"},
		{"stop signal sent, narrow", engine.Row{State: engine.StateDisconnecting, StopSignal: "SIGTERM", LeaveBy: at(3200 * time.Millisecond)}, 12, "TERM, 3.2 s"},
		{"stop signal sent, no limit", engine.Row{State: engine.StateDisconnected, StopSignal: "SIGINT"}, 12, "sent SIGINT"},
	} {
		snap := &engine.Snapshot{Grace: 5 * time.Second, Workers: []engine.Row{{ID: 1, State: listening}}}
		if got := lastText(snap, &c.w, now, c.cells); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestUnknownIsADash(t *testing.T) {
	s := testScreen(200, 60)
	s.snap = &engine.Snapshot{Policy: engine.SchedNone, Started: sceneStart, Workers: []engine.Row{{ID: 1, PID: 7, State: engine.StateListening, Dealt: 9, Forked: sceneStart}}}
	s.hist.Add(s.snap)
	s.now = sceneStart
	head, row := ansi.Strip(render(s).lines[1]), ansi.Strip(render(s).lines[4])
	if want := "req/s     -  p50      -  p99      -  open    -  queue    -  cpu    -  mem     -"; !strings.Contains(head, want) {
		t.Errorf("head %q lacks %q", head, want)
	}
	if got := strings.Fields(row[40:]); strings.Join(got, " ") != "- - - - - - - - - - - 0 0s -" {
		t.Errorf("row says %q", got)
	}
}

// TestASCII: with --ascii nothing of ours is outside ASCII.
func TestASCII(t *testing.T) {
	for name, picture := range some(pictures()) {
		s := picture()
		s.signs = cell.NewSigns(true)
		if d, ok := s.dialog.(*messagePrompt); ok {
			d.edit.Set(strings.Map(func(r rune) rune { return min(r, '~') }, d.edit.Value()))
		}
		for i := range s.log {
			for _, forms := range [][]string{s.log[i].Plain, s.log[i].Beside} {
				for j, text := range forms {
					if strings.ContainsRune(text, '配') {
						forms[j] = "outside text"
					}
				}
			}
		}
		for y, l := range render(s).lines {
			for _, r := range l {
				if r > '~' {
					t.Errorf("%s: line %d has %q: %s", name, y, r, l)
					break
				}
			}
		}
	}
}

func TestLogFollowsAndScrolls(t *testing.T) {
	s := scene(80, 24)
	last := func() string { return ansi.Strip(render(s).lines[22]) }
	if !strings.Contains(last(), "fork in 0.4 s") {
		t.Errorf("the newest line is not the last: %q", last())
	}
	s.logBack = 1
	if !strings.Contains(last(), "5  disconnect") {
		t.Errorf("one line back the last is %q", last())
	}
	s.logBack = 1000
	if got := ansi.Strip(render(s).lines[11]); !strings.Contains(got, "-  setup") {
		t.Errorf("scrolled to the end the first line is %q", got)
	}
}

func TestOutsideTextIsSafe(t *testing.T) {
	s := scene(80, 24)
	s.theme = theme(termenv.TrueColor)
	evil := "\x1b]52;c;aGk=\x07\x1b[2J\u202e"
	l, ok := newLogLine(engine.Event{Time: s.now, Kind: engine.KindOutput, Worker: 1, Call: evil, Detail: engine.OutputDetail{Stream: "stderr", Text: evil}})
	if !ok {
		t.Fatal("no line")
	}
	s.log = append(s.log, l)
	f := render(s)
	checkFrame(t, s, f)
	if got := ansi.Strip(f.lines[22]); !strings.Contains(got, `\x1b]52;c;aGk=\x07\x1b[2J\u202e`) {
		t.Errorf("the line shows %q", got)
	}
}
