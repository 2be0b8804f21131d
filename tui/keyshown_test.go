package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// shownAt is the right end of the hint line.
func (d *deck) shownAt() string {
	f := render(&d.m.s)
	line := ansi.Strip(f.lines[len(f.lines)-1])
	return strings.TrimSpace(string([]rune(line)[d.m.s.w-keyCells:]))
}

// TestKeysShown: the last key stands for 2 s, also in menus, under a toast and
// over the help; typed text does not.
func TestKeysShown(t *testing.T) {
	for _, c := range []struct{ keys, want string }{
		{"f", "f"},
		{"k", "k"},
		{"k down", "↓"},
		{"k esc", "esc"},
		{"SPC", "space"},
		{"?", "?"},
		{"pgdown", "pgdn"},
		{"ctrl+c", "ctrl+c"},
		{"Q", "Q"},
		{"M h i", "M"},
		{"M h SPC i", "M"},
		{"M h enter", "enter"},
		{"/ a b", "/"},
		{"/ a b backspace", "backs…"},
	} {
		d := newDeck(t, four())
		d.m.s.w, d.m.s.h = 80, 24
		d.m.s.shown.on = true
		for _, k := range strings.Fields(c.keys) {
			d.press(strings.Replace(k, "SPC", " ", 1))
		}
		checkFrame(t, &d.m.s, render(&d.m.s))
		if got := d.shownAt(); got != c.want {
			t.Errorf("%s: %q is shown, want %q", c.keys, got, c.want)
		}
		if due := d.m.due(); due.After(d.m.s.shown.until) {
			t.Errorf("%s: the frame is due only %v after the key has to go", c.keys, due.Sub(d.m.s.shown.until))
		}
		d.after(keyTime)
		d.update(wakeMsg{})
		if got := d.shownAt(); got != "" {
			t.Errorf("%s: after 2 s %q is shown", c.keys, got)
		}
	}
}

// TestHintsDoNotJump when a key comes and goes, and nothing is shown unasked.
func TestHintsDoNotJump(t *testing.T) {
	d := newDeck(t, four())
	d.m.s.w, d.m.s.h = 80, 24
	d.press("down")
	if d.m.s.shown.name != "" {
		t.Error("a key is shown without --keys-shown")
	}
	d.m.s.shown.on = true
	before, _ := hintsOf(d)
	d.press("up")
	after, zones := hintsOf(d)
	if before != after {
		t.Errorf("the hints were\n%s\nand are\n%s", before, after)
	}
	for _, z := range zones {
		if z.kind == zoneHint && z.x1 > 80-keyCells {
			t.Errorf("the hint %q lies under the key", z.key)
		}
	}
}

func hintsOf(d *deck) (string, []zone) {
	f := render(&d.m.s)
	return string([]rune(ansi.Strip(f.lines[23]))[:80-keyCells]), f.zones
}
