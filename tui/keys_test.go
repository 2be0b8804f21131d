package tui

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
)

// four is the usual picture: four workers that listen, connections open.
func four() *engine.Snapshot {
	return picture(1, 87, listening(1), listening(2), listening(3), listening(4))
}

// with changes worker i of a picture.
func with(snap *engine.Snapshot, i int, change func(*engine.Row)) *engine.Snapshot {
	change(&snap.Workers[i])
	return snap
}

func many(n int) *engine.Snapshot {
	var ws []engine.Row
	for i := range n {
		ws = append(ws, listening(i+1))
	}
	return picture(1, 0, ws...)
}

func exited(next *engine.Next) func(*engine.Row) {
	return func(w *engine.Row) { w.State, w.Next = engine.StateExited, next }
}

func leaving(open int) func(*engine.Row) {
	return func(w *engine.Row) { w.State, w.Open = engine.StateDisconnecting, &open }
}

func dialogName(d dialog) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", d), "*tui.")
}

// TestKeys goes through the table of keys: what is asked, what a second press
// does, where a key does not act and what is said then.
func TestKeys(t *testing.T) {
	idle := func() *engine.Snapshot { return picture(1, 0, listening(1), listening(2)) }
	tests := []struct {
		name   string
		snap   *engine.Snapshot
		before func(*deck)
		keys   string // separated by spaces; SPC is the space key
		told   string // commands, separated by ", "
		toast  string // part of it; "" = none
		dialog string
	}{
		{name: "f forks", snap: four(), keys: "f f", told: "fork, fork"},
		{name: "f asks from 4 x CPUs", snap: many(8), keys: "f", dialog: "question"},
		{name: "f asked, yes", snap: many(8), keys: "f y", told: "fork"},
		{name: "f asked, no", snap: many(8), keys: "f n"},
		{name: "f asked, enter is no", snap: many(8), keys: "f enter", toast: "nothing was done"},
		{name: "f asked, f again is no answer", snap: many(8), keys: "f f", toast: "y or n", dialog: "question"},
		{name: "f with --yes", snap: many(8), before: func(d *deck) { d.m.yes = true }, keys: "f", told: "fork"},
		{name: "f at 256", snap: many(256), keys: "f", toast: "256 workers are the most"},
		{name: "f in the log", snap: four(), keys: "4 f", told: "fork"},

		{name: "k opens", snap: four(), keys: "k", dialog: "killMenu"},
		{name: "F9 opens", snap: four(), keys: "f9", dialog: "killMenu"},
		{name: "k enter", snap: four(), keys: "k enter", told: "kill 1 15"},
		{name: "kkkk never sends", snap: four(), keys: "k k k k", toast: "SIGTERM is picked already", dialog: "killMenu"},
		{name: "j k in the menu", snap: four(), keys: "k j j k enter", told: "kill 1 9"},
		{name: "arrows in the menu", snap: four(), keys: "k down enter", told: "kill 1 9"},
		{name: "15 in the menu", snap: four(), keys: "k 9 1 5 enter", told: "kill 1 15"},
		{name: "1 in the menu", snap: four(), keys: "k 1 enter", told: "kill 1 1"},
		{name: "digits never send", snap: four(), keys: "k 9", dialog: "killMenu"},
		{name: "a number that is none", snap: four(), keys: "k 7", toast: "no signal", dialog: "killMenu"},
		{name: "! in the menu", snap: four(), keys: "k ! enter", told: "crash 1"},
		{name: "menu esc", snap: four(), keys: "k esc"},
		{name: "menu other key", snap: four(), keys: "k f", toast: "enter sends", dialog: "killMenu"},
		{name: "k on a dead row", snap: with(four(), 0, exited(&engine.Next{})), keys: "k", toast: "r forks it again"},
		{name: "k on a row that left", snap: with(four(), 0, exited(nil)), keys: "k", toast: "nothing to kill"},
		{name: "k without workers", snap: picture(1, 0), keys: "k", toast: "no worker"},
		{name: "k in the log scrolls", snap: four(), before: func(d *deck) { d.show(four(), logLines(100, "x")...) }, keys: "4 k"},
		{name: "F9 in the log", snap: four(), keys: "4 f9", toast: "1 shows the workers"},
		{name: "ctrl+k is unbound", snap: four(), keys: "ctrl+k", toast: "does nothing"},
		{name: "vim: K kills", snap: four(), before: (*deck).vim, keys: "K", dialog: "killMenu"},
		{name: "vim: j k move", snap: four(), before: (*deck).vim, keys: "j j k d", told: "disconnect 2"},

		{name: "d", snap: four(), keys: "down d", told: "disconnect 2"},
		{name: "d again", snap: with(four(), 1, leaving(3)), keys: "down d", toast: "2 is leaving, 3 left; k kills"},
		{name: "vim: d again", snap: with(four(), 1, leaving(3)), before: (*deck).vim, keys: "down d", toast: "K kills"},
		{name: "d on the last", snap: with(idle(), 1, leaving(1)), keys: "d", dialog: "question"},
		{name: "d on the last, yes", snap: with(idle(), 1, leaving(1)), keys: "d y", told: "disconnect 1"},
		{name: "d on the last, q is no", snap: with(idle(), 1, leaving(1)), keys: "d q"},
		{name: "d dead", snap: with(four(), 0, exited(nil)), keys: "d", toast: "has ended"},
		{name: "d in the log", snap: four(), keys: "4 d", toast: "1 shows the workers"},
		{name: "ctrl+d never acts", snap: four(), keys: "ctrl+d"},

		{name: "D asks", snap: four(), keys: "D", dialog: "question"},
		{name: "D default no", snap: four(), keys: "D enter", toast: "nothing was done"},
		{name: "D esc", snap: four(), keys: "D esc"},
		{name: "D yes, in the log", snap: four(), keys: "4 D y", told: "disconnect_all"},
		{name: "D with --yes", snap: four(), before: func(d *deck) { d.m.yes = true }, keys: "D", told: "disconnect_all"},
		{name: "D while it runs", snap: picture(1, 0, func() engine.Row { w := listening(1); leaving(1)(&w); return w }()), keys: "D", toast: "leaving already"},
		{name: "D without workers", snap: picture(1, 0), keys: "D", toast: "no worker"},

		{name: "r", snap: four(), keys: "down r", told: "restart 2"},
		{name: "r while one runs", snap: with(four(), 1, func(w *engine.Row) { w.ReplacedBy = 7 }), keys: "down r", toast: "replaced already"},
		{name: "r on a stopped slot", snap: with(four(), 0, exited(&engine.Next{Stopped: true})), keys: "r", told: "restart 1"},
		{name: "r on a countdown", snap: with(four(), 0, exited(&engine.Next{At: testStart})), keys: "r", told: "restart 1"},
		{name: "r after a voluntary exit", snap: with(four(), 0, exited(nil)), keys: "r", toast: "left for good"},
		{name: "r on a leaving one", snap: with(four(), 0, leaving(2)), keys: "r", toast: "leaving"},

		{name: "M opens", snap: four(), keys: "M", dialog: "messagePrompt"},
		{name: "M, text and enter", snap: four(), keys: "down M h i enter", told: `send 2 "hi"`, dialog: "messagePrompt"},
		{name: "M, JSON", snap: four(), keys: "M { } enter", told: "send 1 {}", dialog: "messagePrompt"},
		{name: "M, keys are text", snap: four(), keys: "M q ? SPC f y 1 / M D k enter", told: `send 1 "q? fy1/MDk"`, dialog: "messagePrompt"},
		{name: "M, enter without text", snap: four(), keys: "M enter", toast: "no text yet", dialog: "messagePrompt"},
		{name: "M, esc", snap: four(), keys: "M h i esc"},
		{name: "M, ctrl+c never asks", snap: four(), keys: "M h ctrl+c", told: "stop", dialog: "stopping"},
		{name: "M, another key", snap: four(), keys: "M tab", toast: "enter sends, esc leaves", dialog: "messagePrompt"},
		{name: "M, F1 and back", snap: four(), keys: "M x f1 y esc enter", told: `send 1 "x"`, dialog: "messagePrompt"},
		{name: "M in the log", snap: four(), keys: "4 M", toast: "1 shows the workers"},
		{name: "M on a dead row", snap: with(four(), 0, exited(&engine.Next{})), keys: "M", toast: "nobody to send to"},
		{name: "M without a channel", snap: with(four(), 0, func(w *engine.Row) { w.State, w.Connected = engine.StateDisconnected, false }), keys: "M", toast: "channel of worker 1 is closed"},
		{name: "M while it disconnects", snap: with(four(), 0, leaving(1)), keys: "M 1 enter", told: "send 1 1", dialog: "messagePrompt"},
		{name: "M without workers", snap: picture(1, 0), keys: "M", toast: "no worker"},
		{name: "details: M goes back to them", snap: four(), keys: "enter M esc", dialog: "detailsDialog"},
		{name: "M with --keys vim", snap: four(), before: (*deck).vim, keys: "M j k enter", told: `send 1 "jk"`, dialog: "messagePrompt"},

		{name: "p", snap: four(), keys: "p p p", told: policiesAfter(engine.SchedRR, 3)},
		{name: "p goes round", snap: four(), keys: strings.Repeat("p ", len(engine.Policies())+1), told: policiesAfter(engine.SchedRR, len(engine.Policies())+1)},
		{name: "p fixed", snap: func() *engine.Snapshot { s := four(); s.PolicyFixed = "no \x1b[2J gate"; return s }(), keys: "p", toast: `no \x1b[2J gate`},

		{name: "q on an idle cluster", snap: idle(), keys: "q", told: "stop", dialog: "stopping"},
		{name: "q asks", snap: four(), keys: "q", dialog: "question"},
		{name: "q q", snap: four(), keys: "q q", told: "stop", dialog: "stopping"},
		{name: "q y", snap: four(), keys: "q y", told: "stop", dialog: "stopping"},
		{name: "q n", snap: four(), keys: "q n"},
		{name: "q with --yes", snap: four(), before: func(d *deck) { d.m.yes = true }, keys: "q", told: "stop", dialog: "stopping"},
		{name: "q closes the help", snap: idle(), keys: "? q"},
		{name: "q closes details", snap: idle(), keys: "enter q"},
		{name: "q closes the menu", snap: idle(), keys: "k q"},
		{name: "q closes the keys", snap: idle(), keys: "5 q"},
		{name: "ctrl+c never asks", snap: four(), keys: "ctrl+c", told: "stop", dialog: "stopping"},
		{name: "ctrl+c over a menu", snap: four(), keys: "k ctrl+c", told: "stop", dialog: "stopping"},
		{name: "stopping: y does nothing", snap: four(), keys: "ctrl+c y", told: "stop", toast: "nothing", dialog: "stopping"},
		{name: "stopping: q ends at once", snap: four(), keys: "ctrl+c q", told: "stop, stop", toast: "at once", dialog: "stopping"},
		{name: "stopping: ctrl+c too", snap: four(), keys: "q y ctrl+c", told: "stop, stop", toast: "at once", dialog: "stopping"},
		{name: "stopping: a third", snap: four(), keys: "ctrl+c q q", told: "stop, stop", toast: "at once", dialog: "stopping"},
		{name: "stopping: f", snap: four(), keys: "ctrl+c f", told: "stop", toast: "stopping", dialog: "stopping"},
		{name: "stopping: esc", snap: four(), keys: "ctrl+c esc", told: "stop", toast: "taken back", dialog: "stopping"},

		{name: "enter", snap: four(), keys: "enter", dialog: "detailsDialog"},
		{name: "enter esc", snap: four(), keys: "enter esc"},
		{name: "enter in the log", snap: four(), keys: "4 enter", toast: "no line here"},
		{name: "details: d acts on the one shown", snap: four(), keys: "enter right right left d", told: "disconnect 2", dialog: "detailsDialog"},
		{name: "details: the menu goes back to them", snap: four(), keys: "enter k esc", dialog: "detailsDialog"},
		{name: "1 leaves details", snap: four(), keys: "enter 1"},
		{name: "left without details", snap: four(), keys: "left", toast: "details"},

		{name: "esc only clears", snap: four(), keys: "esc", toast: "nothing to close"},
		{name: "j alone", snap: four(), keys: "j", toast: "arrows"},
		{name: "j with the log in focus", snap: four(), keys: "tab j", toast: "arrows"},
		{name: "ctrl+z", snap: four(), keys: "ctrl+z", toast: "refused"},
		{name: "an unknown key", snap: four(), keys: "Q", toast: "Q does nothing here"},
		{name: "n without a filter", snap: four(), keys: "n", toast: "filter"},
		{name: "keys behind the help", snap: four(), keys: "? f", toast: "closes the help"},
		{name: "help over the menu", snap: four(), keys: "k ? esc", dialog: "killMenu"},
		{name: "m", snap: four(), keys: "m", toast: "mouse selects text"},
		{name: "c", snap: four(), keys: "c", toast: "pid 20411"},
		{name: "the same view", snap: four(), keys: "1 1", toast: "this is that view already"},
		{name: "tab in the log", snap: four(), keys: "4 tab", toast: "one pane"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDeck(t, tt.snap)
			if tt.before != nil {
				tt.before(d)
			}
			for _, k := range strings.Fields(tt.keys) {
				d.press(strings.Replace(k, "SPC", " ", 1))
			}
			if got := strings.Join(d.c.told(), ", "); got != tt.told {
				t.Errorf("the cluster was told %q, want %q", got, tt.told)
			}
			if got := d.m.s.toast; !strings.Contains(got, tt.toast) || tt.toast == "" && got != "" {
				t.Errorf("toast %q, want %q", got, tt.toast)
			}
			if got := dialogName(d.m.s.dialog); got != tt.dialog && !(d.m.s.dialog == nil && tt.dialog == "") {
				t.Errorf("dialog %s, want %q", got, tt.dialog)
			}
		})
	}
}

func TestHeldForkIsOneFork(t *testing.T) {
	d := newDeck(t, four())
	d.press("f")
	for range 5 {
		d.after(40 * time.Millisecond)
		d.update(keyMsg("f"))
	}
	if got := d.c.told(); !reflect.DeepEqual(got, []string{"fork"}) || !strings.Contains(d.m.s.toast, "held") {
		t.Errorf("told %q, toast %q", got, d.m.s.toast)
	}
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("ff")}) // two in one read are held as well
	d.after(holdTime)
	d.update(keyMsg("f"))
	if got := d.c.told(); len(got) != 2 {
		t.Errorf("told %q, want a second fork after the pause", got)
	}
}

func TestKeysOfOneReadAreKeysAndAPasteIsNot(t *testing.T) {
	d := newDeck(t, four())
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("Dy")})
	if got := d.c.told(); !reflect.DeepEqual(got, []string{"disconnect_all"}) {
		t.Errorf("told %q", got)
	}
	for _, k := range []tea.KeyMsg{
		{Type: tea.KeyRunes, Runes: []rune("f"), Paste: true},
		{Type: tea.KeyRunes, Runes: []rune("ffDyqyqyqyqy")},
	} {
		d.after(time.Second)
		d.update(k)
		if !strings.Contains(d.m.s.toast, "pasted") {
			t.Errorf("toast %q", d.m.s.toast)
		}
	}
	if got := d.c.told(); len(got) != 1 {
		t.Errorf("a paste did %q", got)
	}
}

func TestKillIsPinnedToIDAndPID(t *testing.T) {
	for name, change := range map[string]func(*engine.Row){
		"died":        exited(&engine.Next{}),
		"another pid": func(w *engine.Row) { w.PID++ },
		"gone":        func(w *engine.Row) { w.ID = 9 },
	} {
		d := newDeck(t, four())
		d.press("down", "k")
		d.show(with(four(), 1, change))
		d.press("enter")
		if got := d.c.told(); got != nil || !strings.Contains(d.m.s.toast, "nothing was sent") {
			t.Errorf("%s: told %q, toast %q", name, got, d.m.s.toast)
		}
	}
	// The row may move, the target does not.
	d := newDeck(t, four())
	d.press("down", "k")
	d.show(picture(2, 0, listening(3), listening(2)))
	d.press("enter")
	if got := d.c.told(); !reflect.DeepEqual(got, []string{"kill 2 15"}) {
		t.Errorf("told %q", got)
	}
}

func TestDigitsOfTheKillMenu(t *testing.T) {
	d := newDeck(t, four())
	d.press("k")
	d.update(keyMsg("1"))
	d.update(keyMsg("9"))
	if c := d.m.s.dialog.(*killMenu).cursor; killChoices[c].number != 19 {
		t.Errorf("19 picked %d", killChoices[c].number)
	}
	d.after(digitTime)
	d.update(keyMsg("9"))
	if c := d.m.s.dialog.(*killMenu).cursor; killChoices[c].number != 9 {
		t.Errorf("a late 9 picked %d", killChoices[c].number)
	}
}

func TestOnlyTheLastPressOfPCounts(t *testing.T) {
	d := newDeck(t, four())
	d.hold = true
	for range 1 + len(engine.Policies()) {
		d.press("p")
	}
	d.press(slices.Repeat([]string{"p"}, len(engine.Policies())-1)...) // wants rr again
	d.release()
	if got, want := strings.Join(d.c.told(), ", "), policiesAfter(engine.SchedRR, 1); got != want {
		t.Fatalf("told %q while it ran, want %q", got, want)
	}
	d.release()
	if got, want := strings.Join(d.c.told(), ", "), policiesAfter(engine.SchedRR, 1)+", policy rr"; got != want || len(d.held) != 0 {
		t.Errorf("told %q, want %q; %d held", got, want, len(d.held))
	}
}

// policiesAfter is what the cluster is told if p is pressed n times while a policy
// is in force.
func policiesAfter(p engine.Policy, n int) string {
	var told []string
	for range n {
		p = p.Next()
		told = append(told, "policy "+p.String())
	}
	return strings.Join(told, ", ")
}

func TestRestartInFlightIgnoresR(t *testing.T) {
	d := newDeck(t, four())
	d.hold = true
	d.press("r", "r")
	if len(d.held) != 1 || !strings.Contains(d.m.s.toast, "replaced already") {
		t.Errorf("%d commands, toast %q", len(d.held), d.m.s.toast)
	}
	d.release()
	d.press("r")
	if len(d.held) != 1 {
		t.Error("r after the answer was ignored")
	}
}

func TestErrorsBecomeToasts(t *testing.T) {
	d := newDeck(t, four())
	d.c.do = func(engine.Command) (engine.Result, error) {
		return engine.Result{}, errors.New("no \x1b]0;such\x07 thing")
	}
	for _, k := range []string{"f", "r", "p", "ctrl+c"} {
		d.press(k)
		if !strings.Contains(d.m.s.toast, `no \x1b]0;such\x07 thing`) {
			t.Errorf("%s: toast %q", k, d.m.s.toast)
		}
	}
}

func TestToastsGoAfterThreeSeconds(t *testing.T) {
	d := newDeck(t, four())
	d.press("j")
	d.after(toastTime - time.Millisecond)
	d.update(wakeMsg{})
	if d.m.s.toast == "" {
		t.Error("gone too early")
	}
	d.after(time.Millisecond)
	d.update(wakeMsg{})
	if d.m.s.toast != "" {
		t.Errorf("%q still stands", d.m.s.toast)
	}
}

func TestQAfterAQThatClosedAsks(t *testing.T) {
	snap := picture(1, 0, listening(1), listening(2))
	d := newDeck(t, snap)
	d.press("enter", "q")
	d.after(quitTime / 2)
	d.update(keyMsg("q"))
	if got := dialogName(d.m.s.dialog); got != "question" {
		t.Errorf("dialog %s", got)
	}
}

func TestQuitIsIdleOnlyWhenNothingIsCut(t *testing.T) {
	zero, some := 0.0, 3.0
	unknown := func(rate *float64, accepted uint64) *engine.Snapshot {
		s := picture(2, 0, listening(1))
		s.Open, s.ReqRate, s.Accepted = nil, rate, accepted
		return s
	}
	queued := picture(2, 0, listening(1))
	queued.Queue = 1
	for name, tt := range map[string]struct {
		snap *engine.Snapshot
		idle bool
	}{
		"none open":                {picture(2, 0, listening(1)), true},
		"one open":                 {picture(2, 1, listening(1)), false},
		"one waits":                {queued, false},
		"unknown, quiet":           {unknown(nil, 5), true},
		"unknown, no requests":     {unknown(&zero, 5), true},
		"unknown, requests":        {unknown(&some, 5), false},
		"unknown, new connections": {unknown(nil, 6), false},
	} {
		first := picture(1, 0, listening(1))
		first.Accepted = 5
		d := newDeck(t, first)
		d.show(tt.snap)
		if got := d.m.idle(); got != tt.idle {
			t.Errorf("%s: idle %v", name, got)
		}
	}
}

func TestBindingsAreOneTable(t *testing.T) {
	for _, vim := range []bool{false, true} {
		seen := map[string]bool{}
		for i := range bindings {
			for _, k := range bindings[i].names(vim) {
				if seen[k] {
					t.Errorf("vim %v: %q is bound twice", vim, k)
				}
				seen[k] = true
			}
		}
		for _, g := range helpGroups(&screen{vim: vim}) {
			for _, it := range g.items {
				for _, label := range strings.Fields(it.keys) {
					key := strings.ToLower(label)
					if len(label) == 1 || label == "↑" || label == "↓" || label == "pgdn" || label == "space" {
						key = labelKey(label)
					}
					if label != "mouse" && !seen[key] {
						t.Errorf("vim %v: the help names %q, which is bound to nothing", vim, label)
					}
				}
			}
		}
		for _, w := range []int{60, 80, 120, 200} {
			s := &screen{w: w, h: 24, vim: vim, view: viewOverview}
			hs := hintsFor(s)
			for _, h := range hs {
				if !seen[labelKey(h.key)] {
					t.Errorf("vim %v: the hint %q is bound to nothing", vim, h.key)
				}
			}
			if last := hs[len(hs)-1]; last != (hint{"?", "all keys", "keys"}) {
				t.Errorf("last hint %v", last)
			}
		}
	}
}

func TestHintsAreThoseOfTheMockUps(t *testing.T) {
	words := func(hs []hint) string {
		var s []string
		for _, h := range hs {
			s = append(s, h.key+" "+h.text)
		}
		return strings.Join(s, "  ")
	}
	for _, tt := range []struct {
		s    screen
		want string
	}{
		{screen{w: 80, view: viewOverview}, "f fork  k kill  d disconnect  r restart  p policy  l load  ? all keys"},
		{screen{w: 120, view: viewOverview}, "f fork  k kill  d disconnect  D all  r restart  M message  p policy  l load  x why  / filter  space freeze  ? all keys"},
		{screen{w: 200, view: viewOverview}, "f fork  k kill  d disconnect  D all  r restart  M message  p policy  P policies  l load  x why  c copy pid  / filter  space freeze  t tick  tab pane  q stop+leave  ? all keys"},
		{screen{w: 80, view: viewOverview, dialog: &detailsDialog{}}, "k kill  d disconnect  r restart  M message  x why  c copy pid  / filter  esc back  ? keys"},
		{screen{w: 80, view: viewOverview, dialog: &messagePrompt{}}, "enter send  ↑ ↓ sent before  esc back"},
		{screen{w: 80, view: viewOverview, dialog: &messagePrompt{edit: cell.EditorOf("x")}}, "enter send  ↑ ↓ sent before  esc back, nothing sent"},
		{screen{w: 80, view: viewOverview, dialog: &killMenu{}}, "enter send  ↑ ↓ k j or a number pick  esc back, nothing sent"},
		{screen{w: 80, view: viewOverview, dialog: &policyMenu{}}, "enter choose  ↑ ↓ k j pick  esc back, nothing changed"},
		{screen{w: 80, view: viewOverview, vim: true}, "f fork  K kill  d disconnect  r restart  p policy  l load  ? all keys"},
		{screen{w: 80, view: viewOverview, snap: picture(1, 0, engine.Row{ID: 1, State: engine.StateExited, Next: &engine.Next{Stopped: true}})},
			"r try now  enter its last lines  q leave  ? keys"},
	} {
		if got := words(hintsFor(&tt.s)); got != tt.want {
			t.Errorf("%d wide:\n got %s\nwant %s", tt.s.w, got, tt.want)
		}
	}
}
