package tui

import (
	"io"
	"strings"
	"testing"

	"muster/engine"
	"muster/styles"
	"muster/tui/internal/cell"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

func colours() *styles.Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.TrueColor)
	return styles.Dark(r)
}

func outputLine(t *testing.T, text string) logLine {
	t.Helper()
	l, ok := newLogLine(engine.Event{Seq: 1, Time: testStart, Kind: engine.KindOutput, Worker: 2, By: engine.ByOutside,
		Detail: engine.OutputDetail{Stream: "stdout", Text: text}})
	if !ok {
		t.Fatal("output has no line")
	}
	return l
}

// SGR sequences of workers stood as \x1b[32m on the screen.
func TestColoursOfWorkersAreDrawn(t *testing.T) {
	const text = "\x1b[32mready\x1b[39m on \x1b[1;4;38;5;214m3000\x1b[0m \x1b[7;5;41m!\x1b[0m \x1b[2J"
	ll := outputLine(t, text)
	if !ll.match("ready on 3000") || ll.match("32m") {
		t.Errorf("the filter sees %q", ll.lower)
	}
	for _, w := range []int{80, 120} {
		s := &screen{w: w, h: 24, now: testStart.Add(60 * 1e9), theme: colours(), signs: cell.NewSigns(false)}
		for _, got := range []string{drawLogLine(s, ll, w), shortLogLine(s, ll, w)} {
			if want := "\x1b[32mready\x1b[0m on \x1b[38;5;214m\x1b[1m\x1b[4m3000\x1b[0m ! \\x1b[2J"; !strings.Contains(got, want) {
				t.Errorf("%d cells: %q is not in %q", w, want, got)
			}
			if n := ansi.StringWidth(got); n != w {
				t.Errorf("%q is %d cells wide, want %d", got, n, w)
			}
		}
		s.theme = styles.None()
		for _, got := range []string{drawLogLine(s, ll, w), shortLogLine(s, ll, w)} {
			if !strings.Contains(got, `ready on 3000 ! \x1b[2J`) || strings.Contains(got, "\x1b[3") {
				t.Errorf("%d cells without colours: %q", w, got)
			}
		}
	}
}
