package tui

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/engine"

	tea "github.com/charmbracelet/bubbletea"
)

func TestSelectionSticks(t *testing.T) {
	replacing := func(id, old int) engine.Row {
		w := listening(id)
		w.Slot, w.Replaces = old-1, old
		return w
	}
	tests := []struct {
		name string
		then []engine.Row
		want int
	}{
		{"rows move", []engine.Row{listening(9), listening(1), listening(2)}, 2},
		{"replaced", []engine.Row{listening(1), replacing(5, 2), listening(3)}, 5},
		{"replaced by a replacement nobody saw", []engine.Row{listening(1), func() engine.Row {
			w := replacing(6, 5)
			w.Slot = 1
			return w
		}(), listening(3)}, 6},
		{"replaced by one that is restarted already", []engine.Row{listening(1), replacing(5, 2), func() engine.Row {
			w := replacing(7, 5)
			w.Slot = 1
			return w
		}(), listening(3)}, 5},
		{"restarted, both there", []engine.Row{listening(1), listening(2), replacing(5, 2), listening(3)}, 2},
		{"gone: the row in its place", []engine.Row{listening(1), listening(3)}, 3},
		{"gone, it was the last", []engine.Row{listening(1)}, 1},
		{"all gone", nil, 0},
	}
	for _, tt := range tests {
		d := newDeck(t, picture(1, 0, listening(1), listening(2), listening(3)))
		d.press("down")
		d.show(picture(2, 0, tt.then...))
		if d.m.s.selected != tt.want {
			t.Errorf("%s: selected %d, want %d", tt.name, d.m.s.selected, tt.want)
		}
	}
	d := newDeck(t, picture(1, 0))
	d.show(picture(2, 0, listening(4)))
	if d.m.s.selected != 4 {
		t.Errorf("the first worker of an empty cluster is not selected: %d", d.m.s.selected)
	}
}

func TestDetailsFollowTheSelection(t *testing.T) {
	d := newDeck(t, four())
	d.c.do = func(c engine.Command) (engine.Result, error) {
		return engine.Result{Details: &engine.Details{Worker: c.Worker, FDs: 40 + c.Worker}}, nil
	}
	d.hold = true
	d.press("down", "enter")
	d.m.askDetails()
	d.update(wakeMsg{})
	d.release()
	details := d.m.openDetails()
	if details == nil || details.worker != 2 || details.details == nil || d.m.s.fds[2] != 42 {
		t.Fatalf("details %+v, descriptors %v", details, d.m.s.fds)
	}
	next := listening(7)
	next.Slot, next.Replaces = 1, 2
	d.show(picture(2, 0, listening(1), next))
	if details.worker != 7 || details.details != nil || len(d.m.s.fds) != 0 {
		t.Errorf("details %+v of the dead one, descriptors %v", details, d.m.s.fds)
	}
}

func TestTableScrollsWithTheSelection(t *testing.T) {
	d := newDeck(t, many(64))
	rows := layoutFor(&d.m.s).tableRows
	for _, tt := range []struct {
		key           string
		selected, top int
	}{
		{"up", 1, 0}, {"end", 64, 64 - rows}, {"down", 64, 64 - rows}, {"home", 1, 0},
		{"pgdown", rows, 0}, {"down", rows + 1, 1}, {"G", 64, 64 - rows}, {"g", 1, 0},
	} {
		d.press(tt.key)
		if d.m.s.selected != tt.selected || d.m.s.tableTop != tt.top {
			t.Errorf("%s: selected %d, top %d; want %d, %d", tt.key, d.m.s.selected, d.m.s.tableTop, tt.selected, tt.top)
		}
	}
	d.press("end")
	d.show(many(3))
	if d.m.s.tableTop != 0 {
		t.Errorf("an empty table: top %d of 3 rows", d.m.s.tableTop)
	}
}

func TestWorkerKeysNeedTheRowOnTheScreen(t *testing.T) {
	d := newDeck(t, many(64))
	for range 5 {
		d.m.wheel(zone{kind: zoneRow}, false)
	}
	if d.m.s.tableTop == 0 || d.m.s.selected != 1 {
		t.Fatalf("top %d, selected %d after the wheel", d.m.s.tableTop, d.m.s.selected)
	}
	d.press("k")
	if d.m.s.dialog != nil || !strings.Contains(d.m.s.toast, "not on the screen") {
		t.Errorf("dialog %T, toast %q", d.m.s.dialog, d.m.s.toast)
	}
}

func TestLogIsBoundedAndHoldsWhenScrolled(t *testing.T) {
	d := newDeck(t, four())
	d.show(four(), logLines(3*maxLog, "x")...)
	if len(d.m.s.log) != maxLog || d.m.s.logTotal != maxLog {
		t.Fatalf("%d lines of %d", len(d.m.s.log), d.m.s.logTotal)
	}
	d.press("4", "pgup", "up")
	back := d.m.s.logBack
	if back < 2 {
		t.Fatalf("scrolled back %d", back)
	}
	d.show(four(), logLines(7, "y")...)
	if d.m.s.logBack != back+7 {
		t.Errorf("back %d, want %d: it does not hold", d.m.s.logBack, back+7)
	}
	d.press("home")
	if want := maxLog - d.m.logRows(); d.m.s.logBack != want {
		t.Errorf("oldest is back %d, want %d", d.m.s.logBack, want)
	}
	d.press("end", "k", "k", "j")
	if d.m.s.logBack != 1 {
		t.Errorf("k k j from the end: back %d", d.m.s.logBack)
	}
	d.press("end")
	d.press("ctrl+d", "pgdown")
	if d.m.s.logBack != 0 {
		t.Errorf("past the newest: %d", d.m.s.logBack)
	}
	d.show(four(), logLines(8*maxLog, "z")...) // memory stays bounded too
	if c := cap(d.m.s.all); c > 4*maxLog {
		t.Errorf("the log holds %d lines of memory", c)
	}
}

func TestFilterOfTheLog(t *testing.T) {
	d := newDeck(t, four())
	d.show(four(), append(logLines(50, "apple"), logLines(50, "pear")...)...)
	d.press("4", "/")
	if !d.m.s.filtering {
		t.Fatal("no prompt")
	}
	d.press("P", "e", "q", "backspace", "a", "r")
	if got := d.m.s.filter[paneLog]; got != "Pear" || len(d.m.s.log) != 50 || len(d.c.told()) != 0 {
		t.Fatalf("filter %q shows %d lines, told %q", got, len(d.m.s.log), d.c.told())
	}
	d.press("enter")
	d.show(four(), append(logLines(3, "pear"), logLines(4, "apple")...)...)
	if len(d.m.s.log) != 53 || d.m.s.logTotal != 107 {
		t.Errorf("%d of %d lines", len(d.m.s.log), d.m.s.logTotal)
	}
	d.press("N", "N", "n")
	if d.m.s.logBack != 1 {
		t.Errorf("N N n: back %d", d.m.s.logBack)
	}
	d.press("esc")
	if len(d.m.s.log) != 107 || d.m.s.filter[paneLog] != "" || d.m.s.view != viewLog {
		t.Errorf("esc left filter %q, %d lines, view %d", d.m.s.filter[paneLog], len(d.m.s.log), d.m.s.view)
	}
	d.press("/")
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Paste: true, Runes: []rune("a\x1b[2J\u202eb" + strings.Repeat("x", 100))})
	if got := d.m.s.filter[paneLog]; !strings.HasPrefix(got, "a[2Jbxx") || len(got) != maxFilter {
		t.Errorf("pasted filter %q", got)
	}
}

func TestFilterOfTheTable(t *testing.T) {
	d := newDeck(t, with(four(), 2, leaving(1)))
	d.press("/", "d", "i", "s", "c", "enter")
	if rows := rowsOf(&d.m.s); len(rows) != 1 || d.m.s.selected != 3 {
		t.Errorf("%d rows, selected %d", len(rows), d.m.s.selected)
	}
	d.press("esc")
	if rows := rowsOf(&d.m.s); len(rows) != 4 || d.m.s.selected != 3 {
		t.Errorf("%d rows, selected %d", len(rows), d.m.s.selected)
	}
}

func TestFreeze(t *testing.T) {
	d := newDeck(t, four())
	d.press(" ")
	old := d.m.s.snap
	for i := range 3 {
		d.show(picture(uint64(i+2), 5, listening(1)), logLines(4, "x")...)
	}
	if d.m.s.snap != old || len(d.m.s.log) != 0 || d.m.s.missedIn != 12 || d.m.s.frozen.IsZero() {
		t.Fatalf("a frozen screen moved: %d lines, %d missed", len(d.m.s.log), d.m.s.missedIn)
	}
	d.press(" ")
	if d.m.s.snap.Tick != 4 || len(d.m.s.log) != 12 || d.m.s.missedIn != 0 || d.m.s.hist.Ticks() != 4 {
		t.Errorf("tick %d, %d lines, %d cells of history", d.m.s.snap.Tick, len(d.m.s.log), d.m.s.hist.Ticks())
	}
	for _, k := range []string{"f", "k", "d", "D", "r", "p", "q", "ctrl+c"} {
		d := newDeck(t, four())
		d.press(" ", k)
		if !d.m.s.frozen.IsZero() {
			t.Errorf("%s does not thaw", k)
		}
	}
	d = newDeck(t, four())
	d.press(" ")
	for i := range 3 * maxHeld {
		d.show(picture(uint64(i+2), 5, listening(1)))
	}
	if n := len(d.m.heldSnaps); n != maxHeld {
		t.Errorf("a frozen screen holds %d pictures", n)
	}
	d = newDeck(t, four())
	d.press(" ", "down")
	if d.m.s.frozen.IsZero() || d.m.s.selected != 2 {
		t.Error("looking around thaws")
	}
}

func TestMouse(t *testing.T) {
	d := newDeck(t, four())
	at := func(kind zoneKind, worker int, key string) (x, y int) {
		t.Helper()
		d.m.View()
		for _, z := range d.m.zones {
			if z.kind == kind && z.worker == worker && z.key == key {
				return z.x0, z.y
			}
		}
		t.Fatalf("no zone %d %d %q in %+v", kind, worker, key, d.m.zones)
		return 0, 0
	}
	click := func(kind zoneKind, worker int, key string) {
		t.Helper()
		x, y := at(kind, worker, key)
		for _, a := range []tea.MouseAction{tea.MouseActionPress, tea.MouseActionRelease} {
			d.update(tea.MouseMsg{X: x, Y: y, Button: tea.MouseButtonLeft, Action: a})
		}
	}
	click(zoneRow, 3, "")
	if d.m.s.selected != 3 || d.m.s.dialog != nil {
		t.Fatalf("selected %d, dialog %T", d.m.s.selected, d.m.s.dialog)
	}
	d.after(time.Second)
	click(zoneHint, 0, "f")
	click(zoneHint, 0, "k")
	if got := fmt.Sprint(d.c.told(), dialogName(d.m.s.dialog)); got != "[fork]killMenu" {
		t.Fatalf("hints did %s", got)
	}
	x, y := at(zoneMenu, 1, "")
	d.update(tea.MouseMsg{X: x + 3, Y: y, Button: tea.MouseButtonLeft})
	if c := d.m.s.dialog.(*killMenu).cursor; c != 1 || len(d.c.told()) != 1 {
		t.Errorf("a click in the menu: cursor %d, told %q", c, d.c.told())
	}
	click(zoneRow, 1, "")
	if d.m.s.selected != 3 || !strings.Contains(d.m.s.toast, "esc closes") {
		t.Errorf("a click beside the menu selected %d, toast %q", d.m.s.selected, d.m.s.toast)
	}
	d.press("esc")
	d.after(toastTime)
	d.update(wakeMsg{})
	click(zoneRow, 2, "")
	click(zoneRow, 2, "")
	if got := dialogName(d.m.s.dialog); got != "detailsDialog" || d.m.s.selected != 2 {
		t.Errorf("double click: dialog %s, selected %d", got, d.m.s.selected)
	}
	d.press("esc")
	d.show(four(), logLines(100, "x")...)
	x, y = at(zoneLog, 0, "")
	d.update(tea.MouseMsg{X: x, Y: y, Button: tea.MouseButtonWheelUp})
	if d.m.s.logBack != wheelLines || d.m.s.selected != 2 {
		t.Errorf("wheel: back %d, selected %d", d.m.s.logBack, d.m.s.selected)
	}
	x, y = at(zoneView, 0, "4")
	d.update(tea.MouseMsg{X: x, Y: y, Button: tea.MouseButtonLeft})
	if d.m.s.view != viewLog {
		t.Errorf("view %d", d.m.s.view)
	}
	d.update(tea.MouseMsg{X: 3, Y: 0, Button: tea.MouseButtonLeft}) // the header: nothing
}

// What was not changed is not drawn again, and what changes with time is.
func TestFramesAreMadeOnlyWhenTheyDiffer(t *testing.T) {
	d := newDeck(t, four())
	d.m.View()
	drawn := func(what string, want bool, f func()) {
		t.Helper()
		before := d.m.drawn
		d.after(time.Millisecond)
		f()
		d.m.View()
		if got := d.m.drawn != before; got != want {
			t.Errorf("%s: drawn %v", what, got)
		}
	}
	wake := func() { d.update(wakeMsg{d.m.wakeNo}) }
	drawn("nothing", false, func() { d.update(wakeMsg{d.m.wakeNo + 5}) })
	drawn("the pointer moves", false, func() { d.update(tea.MouseMsg{Action: tea.MouseActionMotion}) })
	drawn("too early", false, wake)
	drawn("after a second", true, func() { d.after(idleTime); wake() })
	drawn("a picture", true, func() { d.show(four()) })
	drawn("frozen", true, func() { d.update(keyMsg(" ")) })
	drawn("a picture of the frozen", false, func() { d.show(picture(7, 1, listening(1))) })
	drawn("its seconds", true, func() { d.after(idleTime); wake() })

	d = newDeck(t, with(four(), 0, func(w *engine.Row) {
		w.State, w.LeaveBy = engine.StateDisconnecting, testStart.Add(2*time.Hour)
	}))
	d.m.View()
	if got := d.m.due().Sub(d.m.drawn); got != countTime {
		t.Errorf("a countdown moves after %v", got)
	}
	d = newDeck(t, with(four(), 0, func(w *engine.Row) { w.Changed = testStart.Add(time.Hour - 300*time.Millisecond) }))
	d.m.View()
	if got := d.m.due().Sub(d.m.drawn); got != 700*time.Millisecond {
		t.Errorf("a changed row is reversed for another %v", got)
	}
}

func TestResizesAreCoalesced(t *testing.T) {
	d := newDeck(t, four())
	d.hold = true
	for i := range 1000 {
		d.update(tea.WindowSizeMsg{Width: i%150 - 1, Height: i % 50})
	}
	if len(d.held) != 1 {
		t.Errorf("%d timers", len(d.held))
	}
	d.update(tea.WindowSizeMsg{Width: 90, Height: 31})
	d.release()
	if d.m.s.w != 90 || d.m.s.h != 31 {
		t.Errorf("the last size is %dx%d", d.m.s.w, d.m.s.h)
	}
	if lines := strings.Split(d.m.View(), "\n"); len(lines) != 31 {
		t.Errorf("%d lines", len(lines))
	}
}

// Whatever is pressed at whatever size, it draws and does not panic.
func TestEverySizeTakesEveryKey(t *testing.T) {
	for _, size := range [][2]int{{0, 0}, {1, 1}, {2, 1}, {20, 5}, {60, 16}, {80, 24}, {200, 60}} {
		for i := range bindings {
			for _, k := range bindings[i].keys[:1] {
				d := newDeck(t, with(four(), 1, leaving(2)))
				d.m.s.w, d.m.s.h = size[0], size[1]
				d.press(k, "down", "enter", "k", "2", "esc", "end", "pgup")
				if lines := strings.Split(d.m.View(), "\n"); size[1] > 0 && len(lines) != size[1] {
					t.Fatalf("%v: %q draws %d lines", size, k, len(lines))
				}
			}
		}
	}
}

func TestStopFromOutsideShowsTheStoppingPane(t *testing.T) {
	d := newDeck(t, four())
	d.press("enter", "k")
	stopping := picture(2, 3, listening(1))
	stopping.Stopping = true
	d.show(stopping)
	if got := dialogName(d.m.s.dialog); got != "stopping" {
		t.Fatalf("dialog %s", got)
	}
	d.press("q")
	if got := d.c.told(); !reflect.DeepEqual(got, []string{"stop"}) {
		t.Errorf("told %q", got)
	}
}

func TestPump(t *testing.T) {
	c := newFake(four())
	c.Lose(3)
	for range 5 {
		c.Publish(engine.Event{Time: testStart, Kind: engine.KindOnline, Worker: 1, By: engine.ByAPI, Detail: engine.OnlineDetail{}})
	}
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan tea.Msg)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		pump(ctx, c, func(m tea.Msg) { got <- m })
	}()
	first := (<-got).(pulledMsg)
	if first.snap != c.Snapshot() || first.events != 5 || len(first.lines) != 5 || first.lost != 3 {
		t.Errorf("first pull %+v", first)
	}
	start := time.Now()
	c.Show(c.Snapshot())
	if second := (<-got).(pulledMsg); second.events != 0 || second.lost != 0 {
		t.Errorf("second pull %+v", second)
	}
	if d := time.Since(start); d < pullEvery/2 {
		t.Errorf("pulled again after %v", d)
	}
	cancel()
	<-ended
}

func TestTheme(t *testing.T) {
	for v, light := range map[string]bool{"": false, "15;0": false, "0;15": true, "0;default;15": true, "12;8": false, "0;7": true, ";": false} {
		if got := lightBackground(v); got != light {
			t.Errorf("COLORFGBG=%q: light %v", v, got)
		}
	}
	if _, err := themeFor("pink", func(string) string { return "" }); err == nil {
		t.Error("a theme that does not exist")
	}
}

func TestTheKeyCopiesThePID(t *testing.T) {
	d := newDeck(t, four())
	d.press("down", "c")
	if d.copy != "20412" {
		t.Errorf("copied %q", d.copy)
	}
}
