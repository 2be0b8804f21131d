package tui

import (
	"fmt"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// lineDeck is a deck whose log has a long line of output before a short one
// and an exit.
func lineDeck(t *testing.T, w, h int) (*deck, string) {
	t.Helper()
	d := newDeck(t, four())
	d.update(tea.WindowSizeMsg{Width: w, Height: h})
	long := "begin " + strings.Repeat("配置 and words ", 200) + "the end"
	var lines []logLine
	for i, e := range []engine.Event{
		{Kind: engine.KindOutput, Worker: 2, PID: 20412, Detail: engine.OutputDetail{Stream: "stdout", Text: "\x1b[31mshort\x1b[0m \x1b[2J"}},
		{Kind: engine.KindOutput, Worker: 2, PID: 20412, Detail: engine.OutputDetail{Stream: "stdout", Text: long}},
		{Kind: engine.KindExit, Worker: 3, PID: 20413, By: engine.ByOutside, Call: "'exit'", Detail: engine.ExitDetail{Signal: ptr("SIGKILL"), Cut: ptr(2)}},
	} {
		e.Seq, e.Time = uint64(i+1), testStart
		l, ok := newLogLine(e)
		if !ok {
			t.Fatal("an event without a line")
		}
		lines = append(lines, l)
	}
	d.show(four(), lines...)
	return d, long
}

// seen is what is on the screen, without the ends of lines.
func (d *deck) seen() string {
	var b strings.Builder
	for _, l := range render(&d.m.s).lines {
		b.WriteString(strings.TrimRight(ansi.Strip(l), " ") + "\n")
	}
	return b.String()
}

// A long line of a worker could be read nowhere: it was cut in every view.
func TestALongLineIsReadWhole(t *testing.T) {
	for _, size := range [][2]int{{200, 60}, {120, 40}, {80, 24}, {60, 16}}[:fewer(4)] {
		for name, keys := range map[string][]string{
			"view 4":      {"4", "enter", "left"},
			"overview":    {"tab", "enter", "left"},
			"the details": {"down", "enter", "enter"},
			"filtered":    {"4", "/", "w", "o", "r", "d", "s", "enter", "enter"},
		} {
			t.Run(fmt.Sprintf("%s at %dx%d", name, size[0], size[1]), func(t *testing.T) {
				d, long := lineDeck(t, size[0], size[1])
				d.press(keys...)
				pane, ok := d.m.s.dialog.(*linePane)
				if !ok {
					t.Fatalf("open is %T, toast %q", d.m.s.dialog, d.m.s.toast)
				}
				w := layoutFor(&d.m.s).logW
				want := lineText(&d.m.s, pane, w)
				var whole strings.Builder
				for _, l := range want {
					whole.WriteString(strings.TrimSuffix(l[1:], " ")) // each of its lines has a cell around it
				}
				if flat := func(s string) string { return strings.ReplaceAll(s, " ", "") }; flat(whole.String()) != flat(long) {
					t.Errorf("the text is %q", whole.String())
				}
				// Each of its lines is seen at some time while it is scrolled.
				all := d.seen()
				for range want {
					d.press("down")
					all += d.seen()
				}
				for _, l := range want {
					if !strings.Contains(all, strings.TrimRight(l, " ")) {
						t.Errorf("never seen: %q", l)
					}
				}
				for y, l := range render(&d.m.s).lines {
					if n := ansi.StringWidth(l); n != size[0] {
						t.Errorf("line %d has %d cells", y, n)
					}
				}
				d.press("c")
				if d.copy != long {
					t.Errorf("copied is %q", d.copy)
				}
				if d.press("esc"); d.m.s.dialog != nil && d.m.openDetails() == nil {
					t.Errorf("esc left %T", d.m.s.dialog)
				}
				if len(d.c.told()) != 0 {
					t.Errorf("the cluster was told %q", d.c.told())
				}
			})
		}
	}
}

// A long line that was opened had lost its colours, and was cut within words.
func TestAnOpenedLineKeepsItsColoursAndWords(t *testing.T) {
	const text = "\x1b[32mready and going\x1b[0m on  port \x1b[38;5;214m30003000300030003000\x1b[0m \x1b[2J"
	s := &screen{w: 60, h: 16, now: testStart, theme: colours(), signs: cell.NewSigns(false)}
	d := &linePane{line: outputLine(t, text)}
	for _, c := range []struct {
		w    int
		want []string
	}{
		{12, []string{
			"\x1b[32mready and \x1b[0m", "\x1b[32mgoing\x1b[0m on ", "port ",
			"\x1b[38;5;214m3000300030\x1b[0m", "\x1b[38;5;214m0030003000\x1b[0m", `\x1b[2J`,
		}},
		{80, []string{"\x1b[32mready and going\x1b[0m on  port \x1b[38;5;214m30003000300030003000\x1b[0m \\x1b[2J"}},
	} {
		got := lineText(s, d, c.w)
		if len(got) != len(c.want) {
			t.Errorf("in %d cells: %q, want %q", c.w, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got[i], " "+want) || ansi.StringWidth(got[i]) != c.w {
				t.Errorf("line %d in %d cells is %q, want %q", i, c.w, got[i], want)
			}
		}
	}
	s.theme = styles.None()
	if got := strings.Join(lineText(s, d, 80), ""); strings.TrimSpace(got) != "ready and going on  port 30003000300030003000 \\x1b[2J" {
		t.Errorf("without colours: %q", got)
	}
}

// An exit by k or d said "by outside", which is also of a worker that dies.
func TestALineSaysWhoOnlyWhereThatIsKnown(t *testing.T) {
	s := &screen{w: 80, h: 24, now: testStart, theme: styles.None(), signs: cell.NewSigns(false)}
	for by, want := range map[engine.By]string{
		engine.ByOutside: "7, pid 42", wireword.ByKey: "7, by key, pid 42", engine.ByAPI: "7, by api, pid 42", engine.BySupervisor: "7, by the rules of muster, pid 42",
	} {
		l, _ := newLogLine(engine.Event{Seq: 7, Time: testStart, Kind: engine.KindFork, Worker: 2, PID: 42, By: by, Detail: engine.ForkDetail{}})
		body := lineText(s, &linePane{line: l}, 80)
		if got := strings.TrimSpace(ansi.Strip(body[len(body)-1])); got != "event   "+want {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
	}
}

func TestLinesGoOneByOne(t *testing.T) {
	d, _ := lineDeck(t, 80, 24)
	d.press("4", "enter")
	for _, step := range []struct{ key, seen, toast string }{
		{"", `says    SIGKILL, not voluntary; 2 cut`, ""},
		{"", `call    'exit'`, ""},
		{"", `"signal":"SIGKILL"`, ""},
		{"", "event   3, pid 20413", ""},
		{"right", "exit of worker 3", "newest line"},
		{"left", "stdout of worker 2", ""},
		{"left", ` short \x1b[2J`, ""},
		{"left", ` short \x1b[2J`, "oldest line"},
		{"enter", ` short \x1b[2J`, "this is the whole line"},
		{"x", "why? a line", ""},
	} {
		d.m.s.toast = ""
		if step.key != "" {
			d.press(step.key)
		}
		if got := d.seen(); !strings.Contains(got, step.seen) {
			t.Errorf("%s: %q is not in\n%s", step.key, step.seen, got)
		}
		if !strings.Contains(d.m.s.toast, step.toast) {
			t.Errorf("%s: toast %q, want %q", step.key, d.m.s.toast, step.toast)
		}
	}
	d.press("esc", "enter", "1")
	if d.m.s.dialog != nil || d.m.s.view != viewOverview {
		t.Errorf("1 leaves %T open in view %d", d.m.s.dialog, d.m.s.view)
	}
}

func TestDoubleClickOpensTheLine(t *testing.T) {
	d, _ := lineDeck(t, 80, 24)
	y := -1
	for i, l := range render(&d.m.s).lines {
		if strings.Contains(l, "stdout     short") {
			y = i
		}
	}
	click := tea.MouseMsg{X: 30, Y: y, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft}
	d.update(click)
	d.update(click)
	if pane, ok := d.m.s.dialog.(*linePane); !ok || pane.line.event.Seq != 1 {
		t.Fatalf("open is %#v", d.m.s.dialog)
	}
}

// The log's rule said "/ filter" while / filtered the table.
func TestTheRuleSaysWhatIsFiltered(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		d, _ := lineDeck(t, size[0], size[1])
		rule := func() string {
			for _, l := range strings.Split(d.seen(), "\n") {
				if strings.Contains(l, " log ─") || strings.Contains(l, "[log") || strings.Contains(l, " log /") {
					return l
				}
			}
			return ""
		}
		if r := rule(); !strings.Contains(r, " tab, / filter ") {
			t.Errorf("beside the table that has the focus: %q", r)
		}
		d.press("/", "e", "x", "i", "t")
		if got := d.seen(); !strings.Contains(got, "workers /exit") || !strings.Contains(got, "tab, / filter the log") {
			t.Errorf("the prompt does not say that it is the table's:\n%s", got)
		}
		d.press("esc", "tab")
		if r := rule(); !strings.Contains(r, " / filter  enter line ") || strings.Contains(r, "tab") {
			t.Errorf("with the focus: %q", r)
		}
		d.press("/", "e", "x", "i", "t")
		if len(d.m.s.log) != 1 || !strings.Contains(rule(), "log /exit_") {
			t.Errorf("%d lines of the log are left, its rule is %q", len(d.m.s.log), rule())
		}
		d.press("esc", "1", "3")
		if r := rule(); r != "" && !strings.Contains(r, "4, / filter") {
			t.Errorf("in the traffic view: %q", r)
		}
	}
}
