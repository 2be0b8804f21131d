package tui

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/load"
	"muster/internal/onscreen"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
)

// fakeLoad is a loader that sends nothing.
type fakeLoad struct {
	mu    sync.Mutex
	calls []string
	set   onscreen.LoadSettings
	stats onscreen.LoadStats
	ran   bool
	err   error
	slow  bool // what is in flight does not finish on Stop
}

func (f *fakeLoad) note(call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return f.err
}

func (f *fakeLoad) Start(set onscreen.LoadSettings) error {
	err := f.note("start " + set.Addr + " " + strings.TrimPrefix(loadCommand(set), "muster load "))
	if err == nil {
		f.set, f.ran, f.stats = set, true, onscreen.LoadStats{Stats: load.Stats{
			Target: set.Rate,
		}, Running: true}
	}
	return err
}

func (f *fakeLoad) SetRate(n int) error { return f.note(fmt.Sprint("rate ", n)) }

func (f *fakeLoad) Stop() {
	_ = f.note("stop")
	f.stats.Running = f.slow
}

func (f *fakeLoad) Stats() (onscreen.LoadStats, bool) { return f.stats, f.ran }
func (f *fakeLoad) Changed() <-chan struct{}          { return nil }

func (f *fakeLoad) told() string { return strings.Join(f.calls, ", ") }

// loadDeck is a deck with a load that sends nothing.
func loadDeck(t *testing.T, snap *engine.Snapshot) (*deck, *fakeLoad) {
	d, f := newDeck(t, snap), &fakeLoad{}
	d.m.load.loader = f
	return d, f
}

// said are the texts of the log's lines about the load.
func (d *deck) said() string {
	var lines []string
	for _, l := range d.m.s.all {
		if l.Kind == kindLoad {
			lines = append(lines, l.Plain[0])
		}
	}
	return strings.Join(lines, "; ")
}

func TestLoadKeys(t *testing.T) {
	for _, tt := range []struct {
		name, keys           string
		load, told           string // what the loader and the cluster were told
		toast, dialog, lines string
	}{
		{name: "l opens", keys: "l", dialog: "loadPane"},
		{name: "l closes", keys: "l l"},
		{name: "l in the log", keys: "4 l", dialog: "loadPane"},
		{name: "esc closes", keys: "l esc"},
		{name: "q closes", keys: "l q"},
		{name: "enter starts", keys: "l enter", load: "start 127.0.0.1:3000 --rate 200", dialog: "loadPane", lines: "200 req/s, a connection each"},
		{name: "enter stops", keys: "l enter enter", load: "start 127.0.0.1:3000 --rate 200, stop", dialog: "loadPane",
			lines: "200 req/s, a connection each; stopped after 0 s: 0 sent, 0 answered"},
		{name: "it goes on when closed", keys: "l enter l", load: "start 127.0.0.1:3000 --rate 200", lines: "200 req/s, a connection each"},
		{name: "+ and - before the start", keys: "l + + - enter", load: "start 127.0.0.1:3000 --rate 250", dialog: "loadPane", lines: "250 req/s, a connection each"},
		{name: "= is +", keys: "l = enter", load: "start 127.0.0.1:3000 --rate 250", dialog: "loadPane", lines: "250 req/s, a connection each"},
		{name: "+ and - while it runs", keys: "l enter + -", load: "start 127.0.0.1:3000 --rate 200, rate 250, rate 200", dialog: "loadPane",
			lines: "200 req/s, a connection each; 200 -> 250 req/s, a connection each; 250 -> 200 req/s, a connection each"},
		{name: "+ in the log", keys: "l enter 4 +", load: "start 127.0.0.1:3000 --rate 200, rate 250",
			lines: "200 req/s, a connection each; 200 -> 250 req/s, a connection each"},
		{name: "+ in the details", keys: "l enter l enter -", load: "start 127.0.0.1:3000 --rate 200, rate 160", dialog: "detailsDialog",
			lines: "200 req/s, a connection each; 200 -> 160 req/s, a connection each"},
		{name: "+ without a load", keys: "+", toast: "no load runs; l opens it"},
		{name: "every setting", keys: "l down right down right down right right down right enter", dialog: "loadPane",
			load:  "start 127.0.0.1:3000 --rate 200 --concurrency 500 --keepalive --idle 2 --slow 1",
			lines: "200 req/s, keep-alive, 2 idle, 1 slow"},
		{name: "the rate by arrows", keys: "l right left left enter", load: "start 127.0.0.1:3000 --rate 160", dialog: "loadPane", lines: "160 req/s, a connection each"},
		{name: "the rate from any setting", keys: "l down down + enter", load: "start 127.0.0.1:3000 --rate 250", dialog: "loadPane", lines: "250 req/s, a connection each"},
		{name: "a path", keys: "l end right x ? a = 1 enter enter", dialog: "loadPane",
			load: "start 127.0.0.1:3000 --rate 200 --path '/x?a=1'", lines: "200 req/s, GET /x?a=1, a connection each"},
		{name: "/ edits the path", keys: "l end / q enter enter", dialog: "loadPane",
			load: "start 127.0.0.1:3000 --rate 200 --path /q", lines: "200 req/s, GET /q, a connection each"},
		{name: "esc leaves the path", keys: "l end right x esc enter", dialog: "loadPane", load: "start 127.0.0.1:3000 --rate 200", lines: "200 req/s, a connection each"},
		{name: "no path", keys: "l end right ctrl+u x enter", dialog: "loadPane", toast: "no path: must start with /"},
		{name: "an empty path is /", keys: "l end right x enter right ctrl+u enter enter", dialog: "loadPane", load: "start 127.0.0.1:3000 --rate 200", lines: "200 req/s, a connection each"},
		{name: "the path while it runs", keys: "l enter end right", load: "start 127.0.0.1:3000 --rate 200", toast: "only the rate changes", dialog: "loadPane",
			lines: "200 req/s, a connection each"},
		{name: "up in the path", keys: "l end right up", toast: "↑ does nothing here", dialog: "loadPane"},
		{name: "the least", keys: "l end up left", toast: "0 slow clients are the least", dialog: "loadPane"},
		{name: "past the last", keys: "l end down", toast: "none beyond it", dialog: "loadPane"},
		{name: "a setting while it runs", keys: "l enter down right", load: "start 127.0.0.1:3000 --rate 200", toast: "only the rate changes", dialog: "loadPane",
			lines: "200 req/s, a connection each"},
		{name: "tab", keys: "l tab", toast: "l closes the load first", dialog: "loadPane"},
		{name: "fork beside it", keys: "l f", told: "fork", dialog: "loadPane"},
		{name: "kill beside it", keys: "l k enter", told: "kill 1 15"},
		{name: "policy beside it", keys: "l p", told: "policy shared", dialog: "loadPane"},
		{name: "a view closes it", keys: "l 4"},
		{name: "help over it", keys: "l ? esc", dialog: "loadPane"},
		{name: "back to the details", keys: "enter l l", dialog: "detailsDialog"},
		{name: "an unknown key", keys: "l Q", toast: "Q does nothing here", dialog: "loadPane"},
		{name: "vim moves", keys: "l vim-j right enter", load: "start 127.0.0.1:3000 --rate 200 --concurrency 500", dialog: "loadPane", lines: "200 req/s, a connection each"},
		{name: "q stops the load first", keys: "l enter l q y", load: "start 127.0.0.1:3000 --rate 200, stop", told: "stop", dialog: "stopping",
			lines: "200 req/s, a connection each; stopped after 0 s: 0 sent, 0 answered"},
		{name: "l while it stops", keys: "ctrl+c l", told: "stop", toast: "stopping", dialog: "stopping"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, f := loadDeck(t, four())
			for _, k := range strings.Fields(tt.keys) {
				if rest, ok := strings.CutPrefix(k, "vim-"); ok {
					d.vim()
					k = rest
				}
				d.press(k)
			}
			if got := f.told(); got != tt.load {
				t.Errorf("the load was told %q, want %q", got, tt.load)
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
			if got := d.said(); got != tt.lines {
				t.Errorf("the log says %q, want %q", got, tt.lines)
			}
		})
	}
}

// A held + must neither fill the log nor get in the loader's way: one command at
// a time, and the last rate counts.
func TestAHeldPlusIsFewLines(t *testing.T) {
	d, f := loadDeck(t, four())
	d.press("l", "enter", "l")
	d.after(time.Second)
	for range 10 {
		d.after(30 * time.Millisecond)
		d.update(keyMsg("+"))
	}
	d.after(rateLineEvery)
	if due := d.m.due(); due.After(d.now) {
		t.Errorf("no alarm for the second line: it is due in %v", due.Sub(d.now))
	}
	d.update(wakeMsg{})
	if got := d.said(); got != "200 req/s, a connection each; 200 -> 250 req/s, a connection each; 250 -> 2.0k req/s, a connection each" {
		t.Errorf("the log says %q", got)
	}

	d.hold, f.calls = true, nil
	d.press("+", "+", "+")
	if len(d.held) != 1 {
		t.Fatalf("%d commands are under way", len(d.held))
	}
	d.release()
	d.release()
	if got := f.told(); got != "rate 2500, rate 4000" || len(d.held) != 0 {
		t.Errorf("the load was told %q; %d more commands", got, len(d.held))
	}
}

func TestLoadThatCannotStart(t *testing.T) {
	d, f := loadDeck(t, four())
	f.err = errors.New("no \x1b[2J descriptors")
	d.press("l", "enter")
	if got := d.m.s.toast; got != `starting the load: no \x1b[2J descriptors` || d.said() != "" || d.m.load.now.running() {
		t.Errorf("toast %q, log %q", got, d.said())
	}
	f.err = nil
	d.press("enter")
	if !d.m.load.now.running() {
		t.Error("it does not start the second time")
	}
	f.err = errors.New("gone")
	d.press("+")
	if got := d.m.s.load.set.Rate; got != 200 || !strings.Contains(d.m.s.toast, "changing the rate: gone") {
		t.Errorf("the rate is %d after a change that failed; toast %q", got, d.m.s.toast)
	}

	snap := four()
	snap.Addresses = []engine.Address{{Network: "unix", Host: "/tmp/s"}}
	d, f = loadDeck(t, snap)
	d.press("l", "enter")
	if want := "start unix:/tmp/s --rate 200 unix:/tmp/s"; f.told() != want {
		t.Errorf("a cluster on a socket: told %q, want %q", f.told(), want)
	}
	snap = four()
	snap.Addresses = nil
	d, f = loadDeck(t, snap)
	d.press("l", "enter")
	if !strings.Contains(d.m.s.toast, "no address to send to") || f.told() != "" {
		t.Errorf("toast %q, told %q", d.m.s.toast, f.told())
	}
}

// The end that nobody asked for is said, with its reason, also on a frozen
// screen once it goes on.
func TestLoadThatEndsByItself(t *testing.T) {
	d, f := loadDeck(t, four())
	d.press("l", "enter", " ")
	f.stats = onscreen.LoadStats{Stats: load.Stats{
		Counts:  load.Counts{Sent: 10, Refused: 10},
		Elapsed: 5 * time.Second,
	}, Err: "nobody \x07 there"}
	d.update(loadChangedMsg{})
	if !d.m.s.load.running() || d.said() != "200 req/s, a connection each" {
		t.Errorf("the frozen screen moved: %q", d.said())
	}
	d.press(" ")
	if d.m.s.load.running() || d.said() != `200 req/s, a connection each; failed after 5 s: nobody \x07 there; 10 sent, 0 answered, 10 refused` {
		t.Errorf("the log says %q", d.said())
	}
	d.update(loadChangedMsg{})
	if n := strings.Count(d.said(), "failed"); n != 1 {
		t.Errorf("the end is said %d times", n)
	}
	f.stats.Err = ""
	d.press("enter")
	f.stats = onscreen.LoadStats{Stats: load.Stats{
		Counts:  load.Counts{Sent: 10, OK: 10},
		Elapsed: loadDuration,
	}}
	d.update(loadChangedMsg{})
	if got := d.said(); !strings.HasSuffix(got, "over after 5m00s: 10 sent, 10 answered") {
		t.Errorf("the log says %q", got)
	}
}

// What is in flight may take its time: enter does not start a second load then.
func TestLoadThatTakesTimeToStop(t *testing.T) {
	d, f := loadDeck(t, four())
	f.slow = true
	d.press("l", "enter", "enter", "enter")
	if got := f.told(); got != "start 127.0.0.1:3000 --rate 200, stop" || !strings.Contains(d.m.s.toast, "is stopping") {
		t.Errorf("told %q, toast %q", got, d.m.s.toast)
	}
	f.stats.Running = false
	d.update(loadChangedMsg{})
	if d.m.load.now.busy || d.m.load.now.running() || !strings.Contains(d.said(), "stopped after") {
		t.Errorf("its end is not seen: %+v, %q", d.m.load.now, d.said())
	}
	d.press("enter")
	if !d.m.load.now.running() {
		t.Error("it does not start again")
	}
}

// q asks while a load runs, also when no connection happens to be open.
func TestQuitAsksWhileALoadRuns(t *testing.T) {
	d, _ := loadDeck(t, many(2))
	d.press("l", "enter", "l", "q")
	q, ok := d.m.s.dialog.(*question)
	if !ok || !strings.Contains(q.facts, "load runs") {
		t.Fatalf("dialog %T %+v", d.m.s.dialog, q)
	}
	d.show(many(2))
	if !strings.Contains(q.facts, "load runs") {
		t.Errorf("a new picture says %q", q.facts)
	}
}

// The end of the cluster, however it is asked for, stops the load first.
func TestEndingStopsTheLoadFirst(t *testing.T) {
	c, f := newFake(four()), &fakeLoad{}
	var order []string
	c.do = func(cmd engine.Command) (engine.Result, error) {
		order = append(order, f.told(), string(cmd.Op))
		return engine.Result{}, nil
	}
	e := newEnding(c)
	e.load = f
	if err := e.ask(BySignal, 15); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "stop stop" {
		t.Errorf("the order is %q", got)
	}
	if err := e.ask(BySignal, 15); err != nil || f.told() != "stop" {
		t.Errorf("the end at once waits for the load: %q, %v", f.told(), err)
	}
}

// A double click on a row means its details, not the start of the load.
func TestDoubleClickBesideTheLoad(t *testing.T) {
	d, f := loadDeck(t, four())
	d.press("l")
	for range 2 {
		d.update(tea.MouseMsg{X: 5, Y: 4, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft})
	}
	if f.told() != "" || d.m.openDetails() == nil {
		t.Errorf("told %q, dialog %T", f.told(), d.m.s.dialog)
	}
}

// Each hint of the pane presses what it says.
func TestLoadHintsCanBeClicked(t *testing.T) {
	d, f := loadDeck(t, four())
	d.press("l")
	click := func(label string) {
		t.Helper()
		d.after(time.Second)
		for _, z := range d.m.zones {
			if z.kind == zoneHint && z.key == label {
				d.update(tea.MouseMsg{X: z.x0, Y: z.y, Action: tea.MouseActionPress, Button: tea.MouseButtonLeft})
				return
			}
		}
		t.Fatalf("no hint %q", label)
	}
	click("+ -")
	click("enter")
	if got := f.told(); got != "start 127.0.0.1:3000 --rate 250" {
		t.Errorf("told %q", got)
	}
	d.press("enter", "down", "down")
	click("◄ ►")
	if !d.m.s.load.set.KeepAlive {
		t.Error("◄ ► did not change the setting")
	}
	click(logIs)
	if d.m.s.view != viewLog || d.m.s.dialog != nil {
		t.Errorf("view %d, dialog %T", d.m.s.view, d.m.s.dialog)
	}
}

// What failed needs a look; what went well is quiet.
func TestFailuresAreWarned(t *testing.T) {
	s := scene(120, 40)
	loadScene(s)
	s.theme = theme(termenv.TrueColor)
	warn, text := s.theme.Warn.On()+"cut 1", s.theme.Warn.On()+"refused"
	if lines := strings.Join(render(s).lines, "\n"); !strings.Contains(lines, warn) || strings.Contains(lines, text) {
		t.Errorf("1 cut and 0 refused: %q", lines)
	}
}
