package tui

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/explain"
	"muster/internal/say"

	"github.com/charmbracelet/x/ansi"
)

// explainDeck is a deck that shows the scene of the mock-ups.
func explainDeck(t *testing.T, w, h int) *deck {
	t.Helper()
	s := scene(w, h)
	d := newDeck(t, s.snap)
	d.m.s.w, d.m.s.h = w, h
	d.now = s.now
	d.show(s.snap, s.all...)
	return d
}

// why is the title of the explanation that is open.
func (d *deck) why() string {
	d.t.Helper()
	p, ok := d.m.s.dialog.(*explainPane)
	if !ok {
		return ""
	}
	t, at := explained(&d.m.s, p)
	if p.seq == 0 {
		return t.Title
	}
	return t.Title + " " + clockText(at.time, false)
}

// TestWhatXExplains: of a worker that is well its newest event, of another its
// state first; in the log the line that is seen last; x again what was before.
func TestWhatXExplains(t *testing.T) {
	back := func(n int) func(*deck) {
		return func(d *deck) { d.m.s.focus, d.m.s.logBack = paneLog, n }
	}
	for _, c := range []struct {
		name, keys string
		before     func(*deck)
		why, toast string
	}{
		{name: "newest of the selected worker", keys: "x", why: "listening of worker 1 12:00:19"},
		{name: "again", keys: "x x", why: "online of worker 1 12:00:19"},
		{name: "until there is none", keys: "x x x x", why: "fork of worker 1 12:00:19", toast: "no older event"},
		{name: "esc", keys: "x x esc"},
		{name: "q", keys: "x q"},
		{name: "output is no event of a worker's life", keys: "down x", why: "listening of worker 2 12:00:19"},
		{name: "a state", keys: "down down x", why: "worker 3: disconnecting"},
		{name: "a state, then the events", keys: "down down x x", why: "leaving of worker 3 12:04:29"},
		{name: "a slot that waits", keys: "end x", why: "worker 5: waits to be forked"},
		{name: "a slot that waits, then", keys: "end x x x", why: "disconnect of worker 5 12:04:31"},
		{name: "in the log the newest", keys: "4 x", why: "exit of worker 5 12:04:31"},
		{name: "in the log all workers", keys: "4 x x x x", why: "listening of worker 5 12:04:22"},
		{name: "with the log in focus", keys: "tab x", why: "exit of worker 5 12:04:31"},
		{name: "in a log that is scrolled the last line seen", keys: "x", before: back(2), why: "leaving of worker 3 12:04:29"},
		{name: "output is explained where it is seen", keys: "x", before: back(9), why: "a line of worker 2 12:03:40"},
		{name: "in a filtered log", keys: "tab / o n l i n e enter x x", why: "online of worker 4 12:00:19"},
		{name: "in the details", keys: "down enter x", why: "a line of worker 2 12:03:40"},
		{name: "in the details, back to them", keys: "down enter x esc left", toast: ""},
		{name: "in the help view", keys: "5 x", toast: "x explains what is there"},
		{name: "p acts", keys: "x p", why: "listening of worker 1 12:00:19"},
		{name: "k takes its place", keys: "x k"},
		{name: "a view closes it", keys: "x 4"},
		{name: "while it stops", keys: "ctrl+c x", toast: "stopping"},
		{name: "nothing to scroll", keys: "x down", why: "listening of worker 1 12:00:19", toast: "all of it is on the screen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := explainDeck(t, 80, 24)
			if c.before != nil {
				c.before(d)
			}
			d.press(strings.Fields(c.keys)...)
			if got := d.why(); got != c.why {
				t.Errorf("explained is %q, want %q", got, c.why)
			}
			if got := d.m.s.toast; !strings.Contains(got, c.toast) || c.toast == "" && got != "" {
				t.Errorf("toast %q, want %q", got, c.toast)
			}
		})
	}
}

// TestALineOfTheScreensOwnIsNotExplained: it is no event of the cluster.
func TestALineOfTheScreensOwnIsNotExplained(t *testing.T) {
	d := explainDeck(t, 80, 24)
	own := logLine{time: d.now, Words: say.Words{Kind: "load", Plain: []string{"8.2k req/s"}, Beside: []string{"8.2k req/s"}}}
	d.show(d.m.s.snap, own)
	d.press("4", "x")
	if got := d.why(); got != "exit of worker 5 12:04:31" {
		t.Errorf("explained is %q", got)
	}
}

func TestXWithoutWorkersAndInACrashLoop(t *testing.T) {
	d := newDeck(t, picture(1, 0))
	d.press("x")
	if d.why() != "no workers" {
		t.Errorf("without workers: %q", d.why())
	}
	d.press("x")
	if !strings.Contains(d.m.s.toast, "no event") {
		t.Errorf("and no event: %q", d.m.s.toast)
	}
	d = newDeck(t, crashSnapshot(testStart))
	d.press("x")
	if d.why() != "crash loop" {
		t.Errorf("in a crash loop: %q", d.why())
	}
}

// TestAnExplanationStaysWhereItIs while events come, also when its line has left
// the log and its worker the picture.
func TestAnExplanationStaysWhereItIs(t *testing.T) {
	d := explainDeck(t, 80, 24)
	d.press("x")
	before := d.why()
	d.show(picture(500, 0, listening(7)), logLines(maxLog, "x")...)
	if got := d.why(); got != before {
		t.Errorf("%q became %q", before, got)
	}
	d = explainDeck(t, 80, 24)
	d.press("end", "x") // the state of 5
	snap := *d.m.s.snap
	snap.Workers = snap.Workers[:2]
	d.show(&snap)
	if got := d.why(); !strings.HasPrefix(got, "exit of worker 5") {
		t.Errorf("a worker that is gone: %q", got)
	}
}

// TestTheLineThatIsExplainedIsMarked in the log below.
func TestTheLineThatIsExplainedIsMarked(t *testing.T) {
	for keys, at := range map[string]string{"tab x x": "►12:04:31.189", "4 x x x x x x x x x x": "►12:03:40.027", "end x x": "►12:04:31.190"} {
		d := explainDeck(t, 120, 40)
		d.press(strings.Fields(keys)...)
		text := plain(render(&d.m.s))
		if !strings.Contains(text, at) || strings.Count(text, "►1") != 1 {
			t.Errorf("%s: the line of the log is not marked:\n%s", keys, text)
		}
	}
}

// x on a worker whose newest event was long ago scrolled the log back to that,
// and what had just happened was gone.
func TestXOnAWorkerLeavesTheLogWhereItIs(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		d := explainDeck(t, size[0], size[1])
		newest := func() string {
			lines := render(&d.m.s).lines
			return ansi.Strip(lines[len(lines)-2]) // over the hints
		}
		before := newest()
		if !strings.Contains(before, "12:04:31") {
			t.Fatalf("%v: the log ends with %q", size, before)
		}
		for range 2 {
			d.press("x")
			if got := newest(); d.why() == "" || got != before {
				t.Errorf("%v: explained is %q, and the log ends with %q", size, d.why(), got)
			}
		}
	}
}

// The log said that there were newer lines below, and all of them were seen.
func TestALogThatIsSeenWholeHasNoNewerLines(t *testing.T) {
	for _, keys := range []string{"x", "tab x x", "tab enter left", "4 x x", "4 enter left"} {
		d := explainDeck(t, 120, 40)
		d.show(d.m.s.snap, d.m.s.all[:4]...)
		d.m.s.all, d.m.s.log = d.m.s.all[:4], d.m.s.all[:4]
		d.press(strings.Fields(keys)...)
		if text := plain(render(&d.m.s)); strings.Contains(text, "below") {
			t.Errorf("%s:\n%s", keys, text)
		}
	}
}

// TestExplanationsAreWholeAt80x24: of every event and of every row of a full
// table; at 60x16 they scroll to their end.
func TestExplanationsAreWholeAt80x24(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {60, 16}, {120, 40}, {200, 60}}[:fewer(4)] {
		for _, scenes := range []func(*screen){func(*screen) {}, crashScene, emptyScene, func(s *screen) { manyScene(s, 16) }, func(s *screen) {
			manyScene(s, 16)
			s.snap.Workers[0].State, s.snap.Workers[0].Next = engine.StateExited, &engine.Next{Stopped: true, Deaths: 5, Of: 5}
		}} {
			s := scene(size[0], size[1])
			all := s.all
			scenes(s)
			s.all, s.log = all, all
			panes := []*explainPane{{}}
			for i := range s.snap.Workers {
				panes = append(panes, &explainPane{worker: s.snap.Workers[i].ID})
			}
			for _, l := range all {
				panes = append(panes, &explainPane{seq: l.event.Seq, line: l})
			}
			for _, p := range panes {
				s.dialog = p
				lay := layoutFor(s)
				body := explainText(s, p, lay.logW)
				if n := len(body); n > lay.logRows && size[1] >= 24 {
					t.Errorf("%v: %d lines in %d rows", size, n, lay.logRows)
				}
				p.scroll = 1000
				f := render(s)
				checkFrame(t, s, f)
				if last := strings.TrimSpace(ansi.Strip(body[len(body)-1])); !strings.Contains(plain(f), last) {
					t.Errorf("%v: the end is not seen: %q\n%s", size, last, plain(f))
				}
			}
		}
	}
}

func TestAnExplanationScrolls(t *testing.T) {
	d := explainDeck(t, 60, 16)
	d.press("down", "down", "x")
	p := d.m.s.dialog.(*explainPane)
	text := plain(render(&d.m.s))
	if !strings.Contains(text, "1-6 of ") || !strings.Contains(text, "↑ ↓ scroll") {
		t.Errorf("it does not say that there is more:\n%s", text)
	}
	d.press("down")
	if p.scroll != 1 {
		t.Errorf("down scrolled to %d", p.scroll)
	}
	d.press("up", "up")
	if p.scroll != 0 || d.m.s.toast == "" {
		t.Errorf("up scrolled to %d, toast %q", p.scroll, d.m.s.toast)
	}
	d.press("end", "x")
	if p.scroll != 0 || p.seq == 0 {
		t.Errorf("the next one begins at line %d", p.scroll)
	}
}

// TestWhatIsExplainedIsSafe: what a worker wrote is in it.
func TestWhatIsExplainedIsSafe(t *testing.T) {
	s := scene(80, 24)
	e := engine.Event{Seq: 99, Time: s.now, Kind: engine.KindStopped, Worker: 1, Detail: engine.StoppedDetail{Deaths: 5, Text: "\x1b]52;c;aGk=\x07"}}
	l, _ := newLogLine(e)
	s.dialog = &explainPane{seq: 99, line: l}
	f := render(s)
	checkFrame(t, s, f)
	if !strings.Contains(plain(f), `\x1b]52;c;aGk=\x07`) {
		t.Errorf("what it said is not shown:\n%s", plain(f))
	}
}

func TestTroubledIsWhatTheTableTells(t *testing.T) {
	s := scene(80, 24)
	for i := range s.snap.Workers {
		w := &s.snap.Workers[i]
		if told := lastText(s.snap, w, s.now.Add(time.Hour), 40) != ""; told != explain.Troubled(w) {
			t.Errorf("worker %d: LAST says something: %v", w.ID, told)
		}
	}
}

// explainPictures are the golden frames of x.
func explainPictures(with func(name string, w, h int, change func(*screen))) {
	event := func(n int) func(*screen) {
		return func(s *screen) {
			l := s.all[len(s.all)-1-n]
			s.dialog = &explainPane{worker: l.worker, seq: l.event.Seq, line: l}
		}
	}
	for _, size := range []struct {
		name string
		w, h int
	}{{"60x16", 60, 16}, {"80x24", 80, 24}, {"120x40", 120, 40}} {
		with("explain-exit-"+size.name, size.w, size.h, event(0))
		with("explain-state-"+size.name, size.w, size.h, func(s *screen) { s.selected, s.dialog = 3, &explainPane{worker: 3} })
		with("explain-log-"+size.name, size.w, size.h, func(s *screen) {
			s.view, s.focus = viewLog, paneLog
			event(10)(s)
			s.dialog.(*explainPane).worker = 0
		})
		with("explain-crash-loop-"+size.name, size.w, size.h, func(s *screen) {
			crashScene(s)
			s.dialog = &explainPane{worker: 17}
		})
		with("explain-empty-"+size.name, size.w, size.h, func(s *screen) {
			emptyScene(s)
			s.dialog = &explainPane{}
		})
		with("keys-shown-"+size.name, size.w, size.h, func(s *screen) { s.shown = keyShown{on: true, name: "ctrl+c", until: s.now} })
	}
	with("keys-shown-none-80x24", 80, 24, func(s *screen) { s.shown.on = true })
	with("explain-policy-shared-80x24", 80, 24, func(s *screen) {
		s.snap.Policy = engine.SchedNone
		event(11)(s)
	})
}
