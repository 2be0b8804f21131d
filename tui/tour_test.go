package tui

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/engine"
	"muster/internal/onscreen"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
)

// tourScene has a step of a tour that is done on the screen.
func tourScene(s *screen) {
	s.snap.Workers = s.snap.Workers[:2]
	s.tour.on = true
	s.tour.view = onscreen.TourView{
		Chapter: 3, Chapters: 9, Title: "how a connection travels", Step: 2, Steps: 5,
		Say:  "Sockets: every interested worker has the listening socket and accepts for itself; 'accepted' stands still. The switch is live, none fails.",
		Call: "cluster.schedulingPolicy = cluster.SCHED_NONE",
		Fact: "shared: accepted 474, queued 0, handed over 474, taken 474", Load: "80 answered, 0 failed",
		Events: []engine.Event{
			{Seq: 1, Time: s.now, Kind: engine.KindPolicy, By: engine.ByAPI, Call: "cluster.schedulingPolicy = cluster.SCHED_NONE",
				Detail: engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 0.3}},
			{Seq: 2, Time: s.now, Kind: engine.KindFork, Worker: 3, PID: 20413, By: engine.ByAPI, Call: "cluster.fork() -> worker 3", Detail: engine.ForkDetail{}},
			{Seq: 3, Time: s.now, Kind: engine.KindOnline, Worker: 3, PID: 20413, By: engine.ByOutside, Detail: engine.OnlineDetail{Ms: 21}},
			{Seq: 4, Time: s.now, Kind: engine.KindListening, Worker: 3, PID: 20413, By: engine.ByOutside, Detail: engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4", Ms: 29}},
		},
		Waits: true,
	}
	for _, e := range s.tour.view.Events {
		if l, ok := newLogLine(e); ok {
			s.tour.lines = append(s.tour.lines, l)
		}
	}
}

// tourPictures are the frames with a tour.
func tourPictures(with func(name string, w, h int, change func(*screen))) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"60x16", 60, 16}, {"80x24", 80, 24}, {"120x40", 120, 40}} {
		with("tour-"+size.name, size.w, size.h, tourScene)
		with("tour-trouble-"+size.name, size.w, size.h, func(s *screen) {
			tourScene(s)
			s.tour.view.Trouble = "not seen within 10s"
			s.tour.view.Fact, s.tour.view.Load, s.tour.view.Events, s.tour.lines = "", "", nil, nil
		})
	}
	for _, size := range [][2]int{{60, 16}, {80, 24}} {
		with(fmt.Sprintf("tour-table-%dx%d", size[0], size[1]), size[0], size[1], func(s *screen) {
			tourScene(s)
			s.tour.view.Fact = "policy           rr  shared   least  sticky\n" +
				"busiest         50%     63%     51%    100%\n" +
				"9 of 10 in     35ms   4.8ms    18ms    43ms\n" +
				"half in       2.1ms   1.2ms   1.4ms    12ms"
		})
	}
	with("tour-acting-80x24", 80, 24, func(s *screen) {
		tourScene(s)
		s.tour.view.Waits, s.tour.view.Fact = false, ""
	})
	with("tour-ascii-80x24", 80, 24, func(s *screen) {
		s.signs = cell.NewSigns(true)
		tourScene(s)
	})
	with("tour-200x60", 200, 60, tourScene)
}

// randomTour is any tour at all.
func randomTour(r *rand.Rand, s *screen) {
	if r.IntN(3) > 0 {
		return
	}
	s.tour = tourScreen{on: true, view: onscreen.TourView{
		Title: pick(r, nasty), Say: strings.Repeat(pick(r, nasty)+" ", r.IntN(9)), Call: pick(r, nasty), Fact: pick(r, nasty), Load: pick(r, nasty),
		Trouble: pick(r, nasty), Waits: r.IntN(2) == 0, Step: r.IntN(1000),
	}, lines: s.all}
}

// TestTourLeavesTheTableInSight: above shows, below talks. At 80x24 the tour has
// at most nine lines with its hints, and the log is still there.
func TestTourLeavesTheTableInSight(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}} {
		s := scene(size[0], size[1])
		tourScene(s)
		lines := strings.Split(plain(render(s)), "\n")
		at := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "tour 3 of 9") })
		table := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "20412") })
		log := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "─ log ") })
		call := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "call ") && strings.Contains(l, "SCHED_NONE") })
		if table < 0 || at < table || call < at || call > at+4 {
			t.Errorf("%v: table in line %d, tour in %d, its call in %d:\n%s", size, table, at, call, strings.Join(lines, "\n"))
		}
		if size[1] == 24 && (log-at > 8 || log < at) {
			t.Errorf("%v: the tour takes lines %d to %d", size, at, log)
		}
		if lines[size[1]-1] == "" || !strings.Contains(lines[size[1]-1], "enter on") {
			t.Errorf("%v: the hints are %q", size, lines[size[1]-1])
		}
	}
}

// fakeTour remembers what it was told.
type fakeTour struct {
	view    onscreen.TourView
	changed chan struct{}
	told    []string
}

func (f *fakeTour) View() onscreen.TourView   { return f.view }
func (f *fakeTour) Changed() <-chan struct{}  { return f.changed }
func (f *fakeTour) Next()                     { f.told = append(f.told, "next") }
func (f *fakeTour) Back()                     { f.told = append(f.told, "back") }
func (f *fakeTour) Reset()                    { f.told = append(f.told, "reset") }
func (f *fakeTour) Run(context.Context) error { return nil }

func tourDeck(t *testing.T) (*deck, *fakeTour) {
	t.Helper()
	d := newDeck(t, picture(1, 0, listening(1), listening(2)))
	f := &fakeTour{view: onscreen.TourView{Chapter: 2, Chapters: 9, Step: 2, Steps: 3, Waits: true, Say: "say", Call: "call"}}
	d.m.tour = f
	d.update(tourMsg{f.view})
	return d, f
}

func (f *fakeTour) was(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.told, want) {
		t.Errorf("the tour was told %q, want %q", f.told, want)
	}
	f.told = nil
}

func TestKeysOfTheTour(t *testing.T) {
	d, f := tourDeck(t)
	d.press("enter", " ", "right", "left", "backspace", "R")
	f.was(t, "next", "next", "next", "back", "back", "reset")
	if got := d.c.told(); len(got) > 0 {
		t.Errorf("the cluster was told %q", got)
	}
	if d.m.openDetails() != nil || !d.m.s.frozen.IsZero() {
		t.Error("enter opened the details, or space froze the picture")
	}
}

// All other keys go on working, and on what they open the tour's keys are
// those of that.
func TestOtherKeysWorkDuringTheTour(t *testing.T) {
	d, f := tourDeck(t)
	d.press("f", "p", "d")
	if got, want := d.c.told(), []string{"fork", "policy shared", "disconnect 1"}; !slices.Equal(got, want) {
		t.Errorf("the cluster was told %q, want %q", got, want)
	}
	d.press("k", "right", "enter") // the menu's
	if got := d.c.told(); got[len(got)-1] != "kill 1 15" {
		t.Errorf("enter in the kill menu: %q", got)
	}
	d.press("4", "enter", " ") // the log's
	d.press("1", "?", "enter") // the help's
	f.was(t)
	d.press("esc", "enter")
	f.was(t, "next")
	d.m.showDetails()
	d.press("right", "left") // the details'
	f.was(t)
}

func TestTheEndsOfTheTour(t *testing.T) {
	d, f := tourDeck(t)
	f.view.Last = true
	d.update(tourMsg{f.view})
	d.press("enter")
	f.was(t)
	if !strings.Contains(d.m.s.toast, "end of the tour") {
		t.Errorf("the toast is %q", d.m.s.toast)
	}
	f.view = onscreen.TourView{Chapter: 1, Step: 1, Waits: true}
	d.update(tourMsg{f.view})
	d.press("left")
	f.was(t)
	if !strings.Contains(d.m.s.toast, "first step") {
		t.Errorf("the toast is %q", d.m.s.toast)
	}
	f.view.Waits = false
	d.update(tourMsg{f.view})
	d.press("enter")
	f.was(t, "next") // kept until the step is done
	if !strings.Contains(d.m.s.toast, "as soon as") {
		t.Errorf("the toast is %q", d.m.s.toast)
	}
}

// A tour that plays itself stops the cluster at its end, once.
func TestTheEndOfATourStopsTheCluster(t *testing.T) {
	d, _ := tourDeck(t)
	d.update(tourOverMsg{})
	if got := d.c.told(); !slices.Equal(got, []string{"stop"}) || !d.m.s.stopping {
		t.Errorf("the cluster was told %q", got)
	}
	d.update(tourOverMsg{})
	if d.m.atOnce {
		t.Error("a second end ends at once")
	}
}

// Without a tour its keys are those of the dashboard.
func TestNoTour(t *testing.T) {
	d := newDeck(t, picture(1, 0, listening(1), listening(2)))
	d.press("enter")
	if d.m.openDetails() == nil {
		t.Error("enter does not open the details")
	}
}

// Pictures of the tour come when it changes, and not too fast.
func TestPumpTour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		f := &fakeTour{changed: make(chan struct{}, 1)}
		var at []time.Time
		ended := make(chan struct{})
		go func() {
			pumpTour(ctx, f, func(tea.Msg) { at = append(at, time.Now()) })
			close(ended)
		}()
		tick := time.NewTicker(time.Millisecond) // the bubble's clock: nothing waits
		defer tick.Stop()
		for range 10 {
			<-tick.C
			select {
			case f.changed <- struct{}{}:
			default:
			}
		}
		<-time.After(time.Second)
		stop()
		<-ended
		if len(at) != 2 || at[1].Sub(at[0]) < tourEvery {
			t.Errorf("pictures at %v", at)
		}
	})
}
