package tui

import (
	"fmt"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/explain"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
)

// policyPictures are the list of P at its sizes and in its states.
func policyPictures(with func(name string, w, h int, change func(*screen))) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}} {
		with(fmt.Sprintf("policies-%dx%d", size[0], size[1]), size[0], size[1], func(s *screen) {
			s.dialog = &policyMenu{cursor: 1}
		})
	}
	with("policies-ascii-fixed-80x20", 80, 20, func(s *screen) {
		s.signs = cell.NewSigns(true)
		s.snap.PolicyFixed = "the gate needs Linux"
		s.dialog = &policyMenu{cursor: cursor(len(engine.Policies()) - 1)}
	})
	with("policies-crash-loop-60x16", 60, 16, func(s *screen) {
		crashScene(s)
		s.dialog = &policyMenu{cursor: cursor(len(engine.Policies()) - 1)}
	})
	with("policies-traffic-60x16", 60, 16, func(s *screen) {
		s.view = viewTraffic
		s.dialog = &policyMenu{}
	})
}

// inMenu is the policy picked in the list, 0 if the list is not open.
func inMenu(d *deck) engine.Policy {
	menu, ok := d.m.s.dialog.(*policyMenu)
	if !ok {
		return 0
	}
	return menu.picked()
}

// TestPolicyMenu: what the keys pick, and what the cluster is told in the end.
func TestPolicyMenu(t *testing.T) {
	all := engine.Policies()
	first, second, last := all[0], all[1], all[len(all)-1]
	fixed := func(d *deck) { d.m.s.snap.PolicyFixed = "no gate" }
	for _, tt := range []struct {
		name   string
		before func(*deck)
		keys   string
		picked engine.Policy // 0 = the list is closed
		told   engine.Policy // 0 = nothing
		toast  string
	}{
		{name: "opens at the one in force", keys: "P", picked: first},
		{name: "down", keys: "P down", picked: second},
		{name: "j and k", keys: "P j j k", picked: second},
		{name: "up at the top", keys: "P up", picked: first, toast: "rr is picked already"},
		{name: "end", keys: "P end", picked: last},
		{name: "down at the end", keys: "P G down", picked: last, toast: "is picked already"},
		{name: "home", keys: "P end home", picked: first},
		{name: "p goes round", keys: "P" + strings.Repeat(" p", len(all)+1), picked: second},
		{name: "P goes round", keys: "P P P", picked: all[2]},
		{name: "enter chooses", keys: "P down enter", told: second},
		{name: "the last", keys: "P end enter", told: last},
		{name: "the one in force", keys: "P enter", toast: "rr is in force already"},
		{name: "esc", keys: "P down esc"},
		{name: "q", keys: "P down q"},
		{name: "another key", keys: "P f", picked: first, toast: "enter chooses"},
		{name: "help and back", keys: "P down ? esc", picked: second},
		{name: "vim", before: (*deck).vim, keys: "P j enter", told: second},
		{name: "in the log", keys: "4 P end enter", told: last},
		{name: "in the traffic", keys: "3 P end enter", told: last},
		{name: "over the details", keys: "enter P down enter", told: second},
		{name: "fixed", before: fixed, keys: "P down", picked: second},
		{name: "fixed, enter", before: fixed, keys: "P down enter", toast: "cannot be changed: no gate"},
		{name: "fixed, the one in force", before: fixed, keys: "P enter", toast: "cannot be changed: no gate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDeck(t, four())
			if tt.before != nil {
				tt.before(d)
			}
			d.press(strings.Fields(tt.keys)...)
			if got := inMenu(d); got != tt.picked {
				t.Errorf("%v is picked, want %v", got, tt.picked)
			}
			want := ""
			if tt.told != 0 {
				want = "policy " + tt.told.String()
			}
			var told []string
			for _, c := range d.c.told() {
				if strings.HasPrefix(c, "policy") {
					told = append(told, c)
				}
			}
			if got := strings.Join(told, ", "); got != want {
				t.Errorf("the cluster was told %q, want %q", got, want)
			}
			if got := d.m.s.toast; !strings.Contains(got, tt.toast) || tt.toast == "" && got != "" {
				t.Errorf("toast %q, want %q", got, tt.toast)
			}
		})
	}
}

// TestAChoiceDuringASwitchIsWhatIsWanted, by either key.
func TestAChoiceDuringASwitchIsWhatIsWanted(t *testing.T) {
	all := engine.Policies()
	d := newDeck(t, four())
	d.hold = true
	d.press("p", "P", "end", "enter")
	if want := "after this switch: " + all[len(all)-1].String(); d.m.s.toast != want {
		t.Errorf("toast %q, want %q", d.m.s.toast, want)
	}
	d.press("p") // on from there: the first one
	d.press("p", "p")
	d.release()
	d.release()
	want := fmt.Sprintf("policy %v, policy %v", all[1], all[2])
	if got := strings.Join(d.c.told(), ", "); got != want || len(d.held) != 0 {
		t.Errorf("told %q, want %q; %d held", got, want, len(d.held))
	}
}

// TestThePolicyInForceIsMarked, and another one while it is picked is not.
func TestThePolicyInForceIsMarked(t *testing.T) {
	for _, p := range engine.Policies() {
		s := scene(80, 24)
		s.snap.Policy = p
		for i, picked := range engine.Policies() {
			s.dialog = &policyMenu{cursor: cursor(i)}
			for _, q := range engine.Policies() {
				line, mark := "", " "
				if q == picked {
					mark = s.signs.Selected
				}
				if line = mark + "   "; q == p {
					line = mark + " " + s.signs.Done + " "
				}
				if text := plain(render(s)); !strings.Contains(text, " "+line+q.String()+" ") {
					t.Errorf("%v in force, %v picked: no line %q:\n%s", p, picked, line+q.String(), text)
				}
			}
		}
	}
}

// TestPolicyMenuShowsWhatIsPicked, and what it is good and bad at, at every size
// and over every view.
func TestPolicyMenuShowsWhatIsPicked(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {69, 16}, {80, 20}, {80, 24}, {100, 30}, {120, 40}, {160, 50}, {200, 60}}[:fewer(8)] {
		for _, view := range []viewID{viewOverview, viewTraffic, viewLog} {
			for i, p := range engine.Policies() {
				s := scene(size[0], size[1])
				s.view, s.dialog = view, &policyMenu{cursor: cursor(i)}
				f := render(s)
				checkFrame(t, s, f)
				text := plain(f)
				for _, want := range []string{s.signs.Selected, p.String() + " ", explain.Policy(p).Good, explain.Policy(p).Bad} {
					if !strings.Contains(text, want) {
						t.Errorf("%v, view %d: %v is picked, %q is not seen:\n%s", size, view, p, want, text)
					}
				}
			}
		}
	}
}

// TestTheMouseInThePolicyMenu: a click picks, a double click chooses, the wheel
// moves, and a click beside it does nothing.
func TestTheMouseInThePolicyMenu(t *testing.T) {
	all := engine.Policies()
	d := newDeck(t, four())
	at := func(kind zoneKind, i int) (x, y int) {
		t.Helper()
		for _, z := range d.m.zones {
			if z.kind == kind && z.worker == i {
				return z.x0 + 3, z.y
			}
		}
		t.Fatalf("no zone %d of kind %d in %+v", i, kind, d.m.zones)
		return 0, 0
	}
	mouse := func(kind zoneKind, i int, b tea.MouseButton) {
		t.Helper()
		x, y := at(kind, i)
		d.update(tea.MouseMsg{X: x, Y: y, Button: b, Action: tea.MouseActionPress})
	}
	d.press("P")
	mouse(zoneMenu, 2, tea.MouseButtonLeft)
	if got := inMenu(d); got != all[2] || len(d.c.told()) != 0 {
		t.Errorf("a click: %v is picked, told %q", got, d.c.told())
	}
	d.after(clickTime)
	for range len(all) + 2 {
		mouse(zoneMenu, 0, tea.MouseButtonWheelDown)
	}
	if got := inMenu(d); got != all[len(all)-1] {
		t.Errorf("the wheel down: %v", got)
	}
	mouse(zoneMenu, 0, tea.MouseButtonWheelUp)
	if got := inMenu(d); got != all[len(all)-2] {
		t.Errorf("the wheel up: %v", got)
	}
	mouse(zoneRow, 3, tea.MouseButtonLeft)
	if d.m.s.selected == 3 || !strings.Contains(d.m.s.toast, "esc closes this first") {
		t.Errorf("a click on a row selected %d, toast %q", d.m.s.selected, d.m.s.toast)
	}
	d.after(clickTime)
	mouse(zoneMenu, 1, tea.MouseButtonLeft)
	mouse(zoneMenu, 1, tea.MouseButtonLeft)
	if got := strings.Join(d.c.told(), ", "); got != "policy "+all[1].String() || d.m.s.dialog != nil {
		t.Errorf("a double click told %q, dialog %s", got, dialogName(d.m.s.dialog))
	}
}
