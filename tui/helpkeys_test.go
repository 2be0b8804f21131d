package tui

import (
	"strings"
	"testing"

	"muster/tui/internal/cell"

	"github.com/charmbracelet/x/ansi"
)

// TestAllKeysAreInTheHelp at every size from the least on, in both maps, and
// nothing of it is cut.
func TestAllKeysAreInTheHelp(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {60, 20}, {60, 24}, {72, 18}, {80, 16}, {80, 20}, {80, 24}, {100, 30}, {120, 40}, {200, 60}}[:fewer(10)] {
		for _, vim := range []bool{false, true} {
			for _, ascii := range []bool{false, true} {
				s := scene(size[0], size[1])
				s.help, s.vim, s.signs = true, vim, cell.NewSigns(ascii)
				f := render(s)
				checkFrame(t, s, f)
				text := plain(f)
				if strings.Contains(text, s.signs.Ellipsis) {
					t.Errorf("%v, vim %v: the help is cut:\n%s", size, vim, text)
				}
				for _, g := range helpGroups(&screen{vim: vim}) {
					for _, it := range g.items {
						if it.aside {
							continue
						}
						if !helpHas(s, text, it) {
							t.Errorf("%v, vim %v: the help lacks %q (%s):\n%s", size, vim, it.keys, it.text, text)
						}
					}
				}
			}
		}
	}
}

// helpHas tells whether one line of the help has the keys of an item and what
// they do, in one of its forms.
func helpHas(s *screen, text string, it helpItem) bool {
	keys, brief := s.signs.Say(it.keys), s.signs.Say(it.brief)
	for l := range strings.SplitSeq(text, "\n") {
		switch {
		case it.text == "" && (strings.Contains(l, keys) || brief != "" && strings.Contains(l, brief)):
			return true
		case it.text == "":
		case strings.Contains(l, " "+keys+" ") && (strings.Contains(l, it.text) || brief != "" && strings.Contains(l, brief)):
			return true
		case it.fold != "" && strings.Contains(l, it.fold) && strings.Contains(l, " "+keys+" "):
			return true
		}
	}
	return false
}

// TestTheDetailsSayHowToLeave: among their hints "esc back" is the one that may
// not go.
func TestTheDetailsSayHowToLeave(t *testing.T) {
	s := scene(80, 24)
	detailsScene(s)
	f := render(s)
	want := " k kill  d disc.  r restart  M msg  x why  c copy  / filter  esc back  ? keys"
	if got := strings.Join(strings.Fields(ansi.Strip(f.lines[23])), " "); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("the hints are %q", got)
	}
}
