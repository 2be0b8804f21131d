//go:build linux

package screen

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"

	"github.com/charmbracelet/x/ansi"
)

// The part of check 15 about the dashboard: every hostile text is readable on
// one line, the screen keeps its shape, and the terminal was told nothing but
// how to draw.
func TestCheck15HostileTextOnTheScreen(t *testing.T) {
	t.Parallel()
	const w, h = 200, 62 // the log has room for all texts
	s := open(t, w, h, []string{hostileOutput(), pathsPrinted}, "--addr", "127.0.0.1:0", "--workers", "1")
	addr := s.up(1)
	if err := s.isOurs(); err != nil {
		t.Fatal(err)
	}
	_, unlock := s.screen()
	modes := maps.Clone(s.modes)
	unlock()
	start := frames(s.written(), s.h)
	s.press("4")
	s.see("[4 log]")
	allShown(s, "out", "")
	for i := range hostileTexts {
		request(t, addr, hostileTexts[i].target(), true).Close()
	}
	allShown(s, "req", "path /")
	longLine(t, s.pid)
	s.see(afterLong)

	if why := terminalProblem(start, true); why != "" {
		t.Errorf("at the start the terminal was sent %s", why)
	}
	// What is waited for stands on the line the key before changed: a frame comes
	// line by line, and a key right behind escape would be another key (alt+4).
	for _, view := range []struct{ key, shows string }{{"1", "[1 overview]"}, {"\r", "esc back"}, {"\x1b", "[1 overview]"}, {"4", "[4 log]"}} {
		s.press(view.key)
		s.see(view.shows)
	}
	if why := terminalProblem(frames(s.written(), s.h)[len(start):], false); why != "" {
		t.Errorf("the terminal was sent %s", why)
	}
	// In the overview the log has a pane beside it, whose edge shows every line
	// of a wrong width.
	for _, view := range []struct{ key, shows string }{{"1", "[1 overview]"}, {"\r", "esc back"}} {
		s.press(view.key)
		s.see(view.shows)
		shape(s)
	}
	_, unlock = s.screen()
	if s.title != "" {
		t.Errorf("the title is %q", s.title)
	}
	if !maps.Equal(modes, s.modes) {
		t.Errorf("modes before %v, after %v", modes, s.modes)
	}
	unlock()
	s.press("\x03")
	if code := s.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.givenBack()
	t.Cleanup(func() { // the reader has not ended before
		if len(s.replies) > 0 {
			t.Errorf("the terminal answered %q", s.replies)
		}
	})
}

// allShown checks that the log shows every text that came from source.
func allShown(s *terminal, source, before string) {
	s.t.Helper()
	for i := range hostileTexts {
		want := before + spaced(hostileTexts[i].shown(source))
		if !testkit.Within(kit.Patience/3, func() bool { return strings.Contains(spaced(s.text()), want) }) {
			s.t.Errorf("not on the screen: %q", want)
		}
	}
}

// shape checks that every line of a frame is as wide as the terminal, as it was
// sent and as the terminal shows it.
func shape(s *terminal) {
	s.t.Helper()
	frame := s.redraw()
	for _, lines := range [][]string{frame, s.lines()} {
		if len(lines) != s.h {
			s.t.Errorf("%d lines, want %d", len(lines), s.h)
		}
		for y, l := range lines {
			if n := ansi.StringWidth(l); n != s.w {
				s.t.Errorf("line %d is %d cells wide, want %d: %q", y, n, s.w, l)
			}
		}
		if why := edges(lines); why != "" {
			s.t.Error(why)
		}
	}
}

// edges checks that what is drawn in a column stays in it.
func edges(lines []string) string {
	column := -1
	for y, l := range lines {
		at := strings.LastIndex(l, "│")
		if at < 0 {
			column = -1
			continue
		}
		x := ansi.StringWidth(l[:at])
		if column >= 0 && x != column {
			return fmt.Sprintf("the edge in column %d is in column %d on line %d: %q", column, x, y, l)
		}
		column = x
	}
	return ""
}

// Another terminal than the emulator, which measures for itself: in tmux the
// frame has its shape too, and a redraw changes nothing.
func TestCheck15HostileTextInTmux(t *testing.T) {
	t.Parallel()
	x := openTmux(t, 80, 24, []string{hostileOutput()}, "--addr", "127.0.0.1:0", "--workers", "1")
	last := hostileTexts[len(hostileTexts)-1].name
	x.await("start", func(l []string) string {
		if !strings.Contains(strings.Join(l, "\n"), "out"+last) {
			return "the last text is not there"
		}
		return misfit(l, 80, 24)
	})
	x.freeze()
	for _, size := range [][2]int{{80, 24}, {60, 16}, {120, 40}, {200, 60}} {
		x.resize(size[0], size[1])
		x.await("in the log", func(l []string) string { return misfit(l, size[0], size[1]) })
		if why := x.torn(); why != "" {
			t.Errorf("%dx%d: %s", size[0], size[1], why)
		}
	}
	if title := x.ask("#{pane_title}"); strings.Contains(title, "owned") {
		t.Errorf("the title is %q", title)
	}
	if modes := x.ask("#{alternate_on} #{cursor_flag} #{mouse_button_flag} #{origin_flag} #{wrap_flag}"); modes != "1 0 1 0 1" {
		t.Errorf("other screen, cursor, mouse, origin, wrap: %s", modes)
	}
}
