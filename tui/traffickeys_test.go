package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/wireword"
)

// settle carries out what the model does after each message.
func (d *deck) settle() {
	d.m.watch()
	cmds := d.m.cmds
	d.m.cmds = nil
	if d.hold {
		d.held = append(d.held, cmds...)
		return
	}
	for _, cmd := range cmds {
		if answer := cmd(); answer != nil {
			d.update(answer)
		}
	}
}

func (d *deck) pressAll(keys ...string) {
	for _, k := range keys {
		d.press(k)
		d.settle()
	}
}

// watched is a picture with connections numbered from to to.
func withConns(tick uint64, from, to uint64) *engine.Snapshot {
	snap := picture(tick, 0, listening(1), listening(2))
	t := &engine.Traffic{OneIn: 1}
	for n := from; n <= to; n++ {
		at := testStart.Add(time.Duration(n) * time.Millisecond)
		t.Conns = append(t.Conns, engine.TrafficConn{N: n, From: client(uint16(n)), Accepted: at, Worker: 1, Handed: at, Taken: at, Done: at, Tells: true})
	}
	snap.Traffic = t
	return snap
}

func (d *deck) ons() []bool {
	var on []bool
	for _, c := range d.c.cmds {
		if c.Op == engine.OpWatch {
			if c.By != wireword.ByKey {
				d.t.Errorf("by %q", c.By)
			}
			if c.Viewer != d.m.watching.viewer || c.Viewer == "" {
				d.t.Errorf("for %q", c.Viewer)
			}
			on = append(on, c.For > 0)
		}
	}
	return on
}

func TestTrafficIsWatchedWhileItIsSeen(t *testing.T) {
	d := newDeck(t, picture(1, 0, listening(1)))
	d.settle()
	for _, step := range []struct {
		key  string
		want []bool
	}{
		{"4", nil}, {"3", []bool{true}}, {"3", []bool{true}}, {"?", []bool{true}}, {"esc", []bool{true}},
		{"1", []bool{true, false}}, {"3", []bool{true, false, true}},
		{"ctrl+c", []bool{true, false, true, false}},
	} {
		if d.pressAll(step.key); !slices.Equal(d.ons(), step.want) {
			t.Fatalf("after %s: %v, want %v", step.key, d.ons(), step.want)
		}
	}
}

// Two commands never run at once: the second could overtake the first.
func TestWatchCommandsComeOneByOne(t *testing.T) {
	d := newDeck(t, picture(1, 0, listening(1)))
	d.hold = true
	d.pressAll("3", "1", "3", "1")
	if n := len(d.held); n != 1 {
		t.Fatalf("%d commands run", n)
	}
	d.release()
	d.settle()
	d.release()
	d.settle()
	if want := []bool{true, false}; !slices.Equal(d.ons(), want) || len(d.held) != 0 {
		t.Errorf("%v, want %v", d.ons(), want)
	}
}

// A cluster that cannot watch is asked once, and says why.
func TestWatchThatFails(t *testing.T) {
	d := newDeck(t, picture(1, 0, listening(1)))
	d.c.do = func(cmd engine.Command) (engine.Result, error) {
		return engine.Result{}, errors.New("not \x1b[2Jknown")
	}
	d.pressAll("3")
	if !strings.Contains(d.m.s.toast, "not") || strings.Contains(d.m.s.toast, "\x1b") {
		t.Errorf("toast %q", d.m.s.toast)
	}
	d.settle()
	d.settle()
	if want := []bool{true}; !slices.Equal(d.ons(), want) {
		t.Errorf("%v, want %v", d.ons(), want)
	}
}

func TestKeysOfTheTrafficView(t *testing.T) {
	d := newDeck(t, withConns(1, 1, 30))
	d.pressAll("3")
	selected := func(want uint64) {
		t.Helper()
		if got := d.m.s.traffic.selected; got != want {
			t.Fatalf("selected %d, want %d", got, want)
		}
	}
	d.pressAll("up")
	selected(30)
	d.pressAll("up", "up")
	selected(28)
	d.pressAll("home")
	selected(1)
	if d.pressAll("up"); !strings.Contains(d.m.s.toast, "oldest") {
		t.Errorf("toast %q", d.m.s.toast)
	}
	d.pressAll("end", "up", "enter")
	story, ok := d.m.s.dialog.(*connStory)
	if !ok || story.conn.N != 29 {
		t.Fatalf("dialog %+v", d.m.s.dialog)
	}
	d.pressAll("down")
	if story.conn.N != 30 {
		t.Errorf("the story is of %d", story.conn.N)
	}
	snap := withConns(2, 10, 40)
	snap.Traffic.Conns[20].Lost = true
	d.show(snap)
	if !story.conn.Lost {
		t.Error("the story does not go on")
	}
	d.show(withConns(3, 50, 60)) // it has left the list
	if story.conn.N != 30 || !story.conn.Lost {
		t.Error("the story is lost with the list")
	}
	d.pressAll("esc")
	if d.m.s.dialog != nil || d.m.s.view != viewTraffic {
		t.Fatal("esc closes more than the story")
	}
	selected(30)
	d.pressAll("esc")
	selected(0)
	if d.pressAll("esc"); !strings.Contains(d.m.s.toast, "nothing to close") {
		t.Errorf("toast %q", d.m.s.toast)
	}
	if d.pressAll("/"); d.m.s.filtering {
		t.Error("/ filters what is not seen")
	}
	for _, k := range []string{"k", "d", "r", "M", "c"} {
		if d.pressAll(k); d.m.s.dialog != nil || !strings.Contains(d.m.s.toast, "1 shows the workers") {
			t.Errorf("%s: %+v, toast %q", k, d.m.s.dialog, d.m.s.toast)
		}
	}
	d.pressAll("enter", "1")
	if d.m.s.dialog != nil || d.m.s.view != viewOverview {
		t.Error("the story stays when the view goes")
	}
}

func TestSlowMotionKeys(t *testing.T) {
	d := newDeck(t, withConns(1, 1, 30))
	if d.pressAll("v"); d.m.s.traffic.slow != nil || !strings.Contains(d.m.s.toast, "3 shows the traffic") {
		t.Errorf("v elsewhere: %q", d.m.s.toast)
	}
	d.pressAll("3", "v")
	sm := d.m.s.traffic.slow
	if sm == nil {
		t.Fatal("not slowed")
	}
	if due := d.m.due().Sub(d.m.drawn); due > slowDraw {
		t.Errorf("the next frame comes in %v", due)
	}
	before := sm.at
	d.after(slowLate)
	d.m.dirty = true
	d.update(toastMsg("a frame"))
	if !sm.at.After(before) {
		t.Error("it stands still")
	}
	d.pressAll(" ")
	before = sm.at
	for range 3 {
		d.after(time.Second)
		d.update(toastMsg("a frame"))
	}
	if !sm.at.Equal(before) {
		t.Error("a frozen picture moves")
	}
	d.pressAll(" ")
	d.pressAll("v")
	if d.m.s.traffic.slow != nil {
		t.Error("v again does not end it")
	}
	d.pressAll("v", "esc")
	if d.m.s.traffic.slow != nil || d.m.s.view != viewTraffic {
		t.Error("esc does not end it alone")
	}
	d.pressAll("v", "4")
	if d.m.s.traffic.slow != nil {
		t.Error("it goes on unseen")
	}
	shared := withConns(2, 1, 3)
	shared.Policy = engine.SchedNone
	d.show(shared)
	for _, k := range []string{"v", "up", "enter"} {
		d.pressAll("3")
		if d.pressAll(k); d.m.s.traffic.slow != nil || d.m.s.dialog != nil || d.m.s.traffic.selected != 0 {
			t.Errorf("%s acts on what is not seen in shared", k)
		}
	}
}

func TestMouseInTheTrafficView(t *testing.T) {
	d := newDeck(t, withConns(1, 1, 30))
	d.pressAll("3")
	i := slices.IndexFunc(d.m.zones, func(z zone) bool { return z.kind == zoneConn })
	if i < 0 {
		t.Fatal("no connection can be clicked")
	}
	z := d.m.zones[i]
	d.after(time.Second)
	d.m.s.now = d.now
	d.m.click(z)
	if d.m.s.traffic.selected != uint64(z.worker) || d.m.s.dialog != nil {
		t.Errorf("a click selects %d", d.m.s.traffic.selected)
	}
	d.m.click(z)
	if _, ok := d.m.s.dialog.(*connStory); !ok {
		t.Error("a double click does not tell its story")
	}
	d.m.s.dialog = nil
	d.m.wheel(z, false)
	if d.m.s.traffic.selected != uint64(z.worker)+1 {
		t.Errorf("the wheel selects %d", d.m.s.traffic.selected)
	}
}

func TestCurlCommand(t *testing.T) {
	for _, c := range []struct {
		addr engine.Address
		want string
	}{
		{engine.Address{Network: "tcp", Host: "127.0.0.1", Port: 3000}, "curl http://127.0.0.1:3000/"},
		{engine.Address{Network: "tcp", Host: "::", Port: 3000}, "curl http://127.0.0.1:3000/"},
		{engine.Address{Network: "tcp", Host: "0.0.0.0", Port: 80}, "curl http://127.0.0.1:80/"},
		{engine.Address{Network: "tcp", Host: "::1", Port: 80}, "curl http://[::1]:80/"},
		{engine.Address{Network: "unix", Host: "/run/m.sock"}, "curl --unix-socket /run/m.sock http://muster/"},
		{engine.Address{Network: "udp", Host: "::", Port: 80}, ""},
	} {
		if got := curlCommand(&engine.Snapshot{Addresses: []engine.Address{c.addr}}); got != c.want {
			t.Errorf("%v: %q, want %q", c.addr, got, c.want)
		}
	}
}

// A dashboard asks again as long as connections are on its screen: before the
// cluster takes it for dead, but not when it was refused.
func TestTrafficIsAskedForAgain(t *testing.T) {
	d := newDeck(t, picture(1, 0, listening(1)))
	d.settle()
	d.pressAll("3")
	look := func(seconds, want int) {
		t.Helper()
		for range seconds {
			d.after(time.Second)
			d.update(wakeMsg{})
			d.settle()
		}
		if got := d.ons(); len(got) != want || !got[want-1] {
			t.Errorf("asked %v, want %d times", got, want)
		}
	}
	asked := d.m.watching.asked
	look(20, 5)
	if gap := d.m.watching.asked.Sub(asked); gap > 20*time.Second || watchAgain*2 >= watchFor {
		t.Errorf("asked again after %v of %v", gap, watchFor)
	}
	d.c.do = func(engine.Command) (engine.Result, error) { return engine.Result{}, engine.ErrBusy }
	look(20, 6)
	d.c.do = nil
	d.pressAll("1", "3")
	if got := d.ons(); len(got) != 8 || !got[7] {
		t.Errorf("when the view is opened again: %v", got)
	}
}

// A dashboard that is taken away leaves nothing watched behind: its cluster
// may go on.
func TestTheEndOfADashboardEndsTheWatching(t *testing.T) {
	for _, on := range []bool{false, true} {
		c := newFake(picture(1, 0))
		r := &runner{cluster: c, watching: &watchSwitch{viewer: "it"}}
		r.watching.ever.Store(on)
		r.unwatch()
		if off := slices.Equal(c.told(), []string{"watch"}) && c.cmds[0].For == 0 && c.cmds[0].Viewer == "it"; off != on || !on && len(c.cmds) > 0 {
			t.Errorf("watched %t: %+v", on, c.cmds)
		}
	}
}
