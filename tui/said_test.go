package tui

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/wireword"
)

// ended are rows of workers that wait for their replacement, gave up, and were
// told to leave.
func ended() *engine.Snapshot {
	snap := picture(1, 0, listening(1), listening(2), listening(3))
	for i := range snap.Workers {
		w := &snap.Workers[i]
		w.State, w.Ended, w.Open, w.Exit = engine.StateExited, testStart.Add(300*time.Millisecond), nil, &engine.ExitDetail{Code: ptr(i)}
	}
	snap.Workers[0].Next = &engine.Next{At: testStart.Add(time.Hour), Deaths: 2, Of: 5}
	snap.Workers[1].Next = &engine.Next{Stopped: true, Deaths: 5, Of: 5, Reason: "Error: no such file"}
	snap.Workers[2].Exit.Voluntary = true
	return snap
}

// TestDetailsOfAnEndedWorker: the engine has none to tell, which hid the hints
// behind a toast.
func TestDetailsOfAnEndedWorker(t *testing.T) {
	for i, then := range []string{"fork in ", "no more forks: 5 deaths in a row", "was told to leave"} {
		d := newDeck(t, ended())
		d.c.do = func(engine.Command) (engine.Result, error) { return engine.Result{}, engine.ErrNoWorker }
		d.show(ended(), logLines(1, "its last words")...)
		d.m.s.all[0].worker = i + 1
		for range i {
			d.press("down")
		}
		d.press("enter")
		d.m.askDetails()
		d.update(wakeMsg{})
		if len(d.c.cmds) > 0 || d.m.s.toast != "" || d.m.openDetails() == nil {
			t.Errorf("worker %d: told %v, toast %q, dialog %T", i+1, d.c.cmds, d.m.s.toast, d.m.s.dialog)
		}
		text := plain(render(&d.m.s))
		for _, want := range []string{fmt.Sprintf("code %d, exitedAfterDisconnect unset", i), "lived 300 ms", then, "env       -", "fds                    -", "its last words 0"} {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("worker %d: the details lack %q:\n%s", i+1, want, text)
			}
		}
	}
}

// It may also end between the last picture and the question.
func TestDetailsOfAWorkerThatEndsMeanwhile(t *testing.T) {
	for err, toast := range map[error]string{engine.ErrNoWorker: "", errors.New("no answer"): "no answer"} {
		d := newDeck(t, four())
		d.c.do = func(engine.Command) (engine.Result, error) { return engine.Result{}, fmt.Errorf("worker 1: %w", err) }
		d.press("enter")
		d.m.askDetails()
		d.update(wakeMsg{})
		if !strings.Contains(d.m.s.toast, toast) || toast == "" && d.m.s.toast != "" {
			t.Errorf("%v: toast %q", err, d.m.s.toast)
		}
	}
}

// TestAToastGoesWithWhatItWasSaidOn: it stood over the hints of what was opened
// next.
func TestAToastGoesWithWhatItWasSaidOn(t *testing.T) {
	for _, tt := range []struct{ before, keys string }{
		{"Q", "k"}, {"Q", "q"}, {"Q", "?"}, {"Q", "enter"}, {"Q", "4"}, {"Q", "5"}, {"Q", "/"}, {"Q", "ctrl+c"},
		{"k Q", "esc"}, {"? Q", "esc"}, {"enter Q", "esc"}, {"5 Q", "esc"}, {"D Q", "n"}, {"/ left", "enter"},
	} {
		d := newDeck(t, four())
		for _, k := range strings.Fields(tt.before) {
			d.press(k)
		}
		if d.m.s.toast == "" {
			t.Fatalf("%s says nothing", tt.before)
		}
		d.update(keyMsg(tt.keys))
		if d.m.s.toast != "" {
			t.Errorf("%s, then %s: %q still stands", tt.before, tt.keys, d.m.s.toast)
		}
	}
	d := newDeck(t, four())
	d.press("Q", "down")
	if d.m.s.toast == "" {
		t.Error("a toast goes although nothing was opened or closed")
	}
	d.press("k")
	d.show(with(four(), 1, exited(nil)))
	d.press("enter")
	if !strings.Contains(d.m.s.toast, "nothing was sent") {
		t.Errorf("what closed the menu is not said: %q", d.m.s.toast)
	}
	stopped := four()
	stopped.Stopping = true
	d.show(stopped) // by somebody else
	if d.m.s.toast != "" {
		t.Errorf("over the hints of a stop stands %q", d.m.s.toast)
	}
}

// TestAWorkerWithoutAPID: k opened a menu on "pid 0".
func TestAWorkerWithoutAPID(t *testing.T) {
	forked := func(w *engine.Row) { w.State, w.PID = engine.StateForked, 0 }
	for _, k := range []string{"k", "d", "r", "M", "c", "enter"} {
		d := newDeck(t, with(four(), 0, forked))
		d.press(k)
		if got := d.c.told(); got != nil || d.m.s.dialog != nil || d.copy != "" || d.m.s.toast != "worker 1 is being started" {
			t.Errorf("%s: told %q, dialog %T, copied %q, toast %q", k, got, d.m.s.dialog, d.copy, d.m.s.toast)
		}
	}
	d := newDeck(t, with(four(), 0, func(w *engine.Row) { forked(w); w.State = engine.StateExited }))
	d.press("c")
	if d.copy != "" || d.m.s.toast != "worker 1 never had a pid" {
		t.Errorf("copied %q, toast %q", d.copy, d.m.s.toast)
	}
	d = newDeck(t, four())
	d.m.s.w, d.m.s.h = 200, 60
	d.press("enter")
	d.show(with(picture(2, 0, listening(1)), 0, forked)) // replaced while its details are open
	if text := plain(render(&d.m.s)); !strings.Contains(text, "worker 1   pid -   · forked") {
		t.Errorf("the details say:\n%s", text)
	}
	d.press("esc")
	if text := plain(render(&d.m.s)); strings.Contains(text, "pid        0") || !strings.Contains(text, "pid        -") {
		t.Errorf("beside the log stands:\n%s", text)
	}
}

// TestASmallScreenActsOnWhatItShows: it said "q stop+leave" while q closed a
// dialog nobody could see, and enter in an unseen menu would have sent a signal.
func TestASmallScreenActsOnWhatItShows(t *testing.T) {
	for _, tt := range []struct{ before, keys, told, shows string }{
		{"k", "enter", "", "too small for keys but q"},
		{"k", "q", "", "stop the cluster and leave? y n"},
		{"enter", "q y", "stop", "q end at once"},
		{"?", "q", "", "stop the cluster and leave? y n"},
		{"/", "q", "", "stop the cluster and leave? y n"},
		{"M x", "enter", "", "too small for keys but q"},
		{"M x", "q", "", "stop the cluster and leave? y n"},
		{"k", "esc q", "", "stop the cluster and leave? y n"},
		{"?", "? enter", "", "too small"},
		{"?", "f", "", "too small"},
		{"q ?", "y", "stop", "q end at once"},
		{"D", "f", "", "y or n first"},
		{"D", "y", "disconnect_all", "q stop+leave"},
		{"D", "q", "", "q stop+leave"},
		{"", "f", "", "too small"},
		{"", "k", "", "too small"},
		{"", "q n", "", "q stop+leave"},
		{"ctrl+c", "q", "stop, stop", atOnceToast},
	} {
		d := newDeck(t, four())
		for _, k := range strings.Fields(tt.before) {
			d.press(k)
		}
		d.m.s.w, d.m.s.h = 58, 20
		for _, k := range strings.Fields(tt.keys) {
			d.press(k)
		}
		text := plain(render(&d.m.s))
		if got := strings.Join(d.c.told(), ", "); got != tt.told || !strings.Contains(text, tt.shows) || d.m.s.filter[paneTable] != "" {
			t.Errorf("%q, then small and %q: told %q, filter %q, shows\n%s", tt.before, tt.keys, got, d.m.s.filter[paneTable], text)
		}
	}
	d := newDeck(t, four())
	d.press("k")
	d.m.s.w, d.m.s.h = 58, 20
	d.press("f")
	d.m.s.w, d.m.s.h = 80, 24
	if dialogName(d.m.s.dialog) != "killMenu" {
		t.Errorf("grown again it shows %T", d.m.s.dialog)
	}
}

// TestEveryKeyIsAnswered: whatever is on the screen, a key changes the picture,
// has something done, or says why not.
func TestEveryKeyIsAnswered(t *testing.T) {
	keys := []string{"Q", "y", "x", "1", "9", "!", "backspace", "ctrl+k", "f1"}
	for i := range bindings {
		keys = append(keys, bindings[i].keys[0])
	}
	long := logLines(100, "x")
	for name, setup := range some(map[string]func(*deck){
		"overview":       func(*deck) {},
		"last row":       func(d *deck) { d.press("end") },
		"the log":        func(d *deck) { d.press("tab") },
		"a long log":     func(d *deck) { d.show(four(), long...); d.press("4") },
		"its oldest":     func(d *deck) { d.show(four(), long...); d.press("4", "home") },
		"a short log":    func(d *deck) { d.show(four(), long[:3]...); d.press("4") },
		"no log":         func(d *deck) { d.press("4") },
		"hits":           func(d *deck) { d.show(four(), long...); d.press("4", "/", "x", "enter") },
		"all hits":       func(d *deck) { d.show(four(), long[:3]...); d.press("4", "/", "x", "enter") },
		"no hit":         func(d *deck) { d.show(four(), long...); d.press("4", "/", "z", "enter") },
		"filter prompt":  func(d *deck) { d.press("/") },
		"details":        func(d *deck) { d.show(four(), long...); d.press("enter") },
		"short details":  func(d *deck) { d.press("enter") },
		"last details":   func(d *deck) { d.press("end", "enter") },
		"details filter": func(d *deck) { d.show(four(), long...); d.press("enter", "/", "x", "enter") },
		"kill menu":      func(d *deck) { d.press("k") },
		"its end":        func(d *deck) { d.press("k", "end") },
		"message":        func(d *deck) { d.press("M", "x", "left") },
		"no message":     func(d *deck) { d.press("M") },
		"an old message": func(d *deck) { d.press("M", "x", "enter", "y", "enter", "up") },
		"question":       func(d *deck) { d.press("D") },
		"help":           func(d *deck) { d.press("?") },
		"keys":           func(d *deck) { d.press("5") },
		"stopping":       func(d *deck) { d.press("ctrl+c") },
		"at once":        func(d *deck) { d.press("ctrl+c", "ctrl+c") },
		"frozen":         func(d *deck) { d.press(" ") },
		"too small":      func(d *deck) { d.m.s.w = 50 },
		"no workers":     func(d *deck) { d.show(picture(2, 0)) },
		"one worker":     func(d *deck) { d.show(picture(2, 0, listening(1))) },
		"ended":          func(d *deck) { d.show(ended()) },
	}) {
		for _, k := range keys {
			d := newDeck(t, four())
			setup(d)
			d.hold = true
			d.after(2 * toastTime)
			d.update(wakeMsg{})
			said, before, asked := d.m.toasts, plain(render(&d.m.s)), dialogName(d.m.s.dialog)
			d.update(keyMsg(k))
			if d.m.toasts == said && len(d.held) == 0 && plain(render(&d.m.s)) == before {
				t.Errorf("%s: %q does nothing and says nothing (dialog %s)", name, k, asked)
			}
		}
	}
}

func TestDetailsAreFiltered(t *testing.T) {
	d := newDeck(t, four())
	d.show(four(), append(logLines(40, "pear"), logLines(30, "apple")...)...)
	d.press("enter", "/")
	d.press(strings.Split("peqar", "")...)
	d.press("backspace", "backspace", "backspace", "a", "r")
	if f := d.m.s.filter; f != [panes]string{paneDetails: "pear"} || len(d.c.told()) != 0 {
		t.Fatalf("filters %q, told %q", f, d.c.told())
	}
	text := plain(render(&d.m.s))
	if !strings.Contains(text, "its events and lines /pear_") || !strings.Contains(text, "40 hits   enter keeps  esc clears") || strings.Contains(text, "apple") {
		t.Errorf("filtered for pears they show:\n%s", text)
	}
	d.press("enter", "home")
	if got, want := d.m.openDetails().scroll, 40-d.m.logRows(); got != want {
		t.Errorf("the oldest hit is %d back, want %d", got, want)
	}
	d.press("down") // what was scrolled past the oldest line took as many keys to come back
	if got, want := d.m.openDetails().scroll, 39-d.m.logRows(); got != want {
		t.Errorf("one line down from the oldest hit: %d back, want %d", got, want)
	}
	d.press("esc")
	if d.m.openDetails() == nil || d.m.s.filter[paneDetails] != "" {
		t.Fatalf("esc does more than clear the filter: %T, %q", d.m.s.dialog, d.m.s.filter[paneDetails])
	}
	d.press("/", "x", "enter", "q", "enter")
	if d.m.openDetails() == nil || d.m.s.filter[paneDetails] != "" {
		t.Errorf("opened again: %T, filter %q", d.m.s.dialog, d.m.s.filter[paneDetails])
	}
}

// TestNothingInFlightIsSaidOnlyIfKnown: an event calls both 0.
func TestNothingInFlightIsSaidOnlyIfKnown(t *testing.T) {
	snap := picture(1, 0, listening(1), listening(2))
	snap.Workers[1].Done = ptr(uint64(7)) // 2 tells
	c := newFake(snap)
	for i := range 3 {
		c.Publish(engine.Event{Time: testStart, Kind: engine.KindLeave, Worker: i + 1, By: wireword.ByKey, Detail: engine.LeaveDetail{GraceMs: 5000}})
	}
	var after uint64
	var got []string
	for _, l := range pull(c, &after).lines {
		got = append(got, l.Plain[0])
	}
	if want := []string{"takes no more; 5 s to go", "takes no more; none in flight, 5 s to go", "takes no more; 5 s to go"}; !reflect.DeepEqual(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}
