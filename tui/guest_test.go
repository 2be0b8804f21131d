package tui

import (
	"strings"
	"testing"

	"muster/engine"
)

// left tells whether the dashboard leaves its cluster.
func left(e *ending) bool {
	select {
	case <-e.first:
		return true
	default:
		return false
	}
}

func guestDeck(t *testing.T, snap *engine.Snapshot) (*deck, *fakeLoad) {
	t.Helper()
	d, f := loadDeck(t, snap)
	d.m.s.guest, d.m.end.guest = true, true
	d.m.end.load = f
	return d, f
}

// A guest leaves, and the cluster goes on: there is nothing to ask about, however
// many connections are open. An owner stops it.
func TestGuestLeavesTheClusterAlone(t *testing.T) {
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {"q", "q", "ctrl+c"}, {"k", "q", "q"}} {
		d, _ := guestDeck(t, many(4))
		d.press(keys...)
		if told := d.c.told(); !left(d.m.end) || len(told) != 0 || d.m.s.stopping {
			t.Errorf("%v: left %t, told %v, stopping %t", keys, left(d.m.end), told, d.m.s.stopping)
		}
		if o := d.m.end.result(); o.Why != ByKey || o.AtOnce {
			t.Errorf("%v: %+v", keys, o)
		}

		d = newDeck(t, many(4))
		d.press(keys...)
		if told := d.c.told(); len(told) == 0 && d.m.s.dialog == nil {
			t.Errorf("%v: an owner told nothing, and asks nothing", keys)
		}
	}
}

// A guest's own load ends with it, so that is asked about.
func TestGuestIsAskedAboutItsLoad(t *testing.T) {
	d, f := guestDeck(t, many(4))
	d.press("l", "enter", "l", "q")
	q, ok := d.m.s.dialog.(*question)
	if !ok || left(d.m.end) {
		t.Fatalf("dialog %T", d.m.s.dialog)
	}
	if text := plain(render(&d.m.s)); !strings.Contains(text, "the cluster goes on") || strings.Contains(text, "stop the cluster") || strings.Contains(text, "at once") {
		t.Errorf("%+v:\n%s", q, text)
	}
	d.press("n")
	if left(d.m.end) {
		t.Error("it left after a no")
	}
	d.press("q", "y")
	if !left(d.m.end) || !strings.HasSuffix(f.told(), "stop") || len(d.c.told()) != 0 {
		t.Errorf("left %t, load %q, cluster %v", left(d.m.end), f.told(), d.c.told())
	}
}

// While somebody else stops the cluster, a guest sees it, and q still only leaves.
func TestGuestSeesAStop(t *testing.T) {
	d, _ := guestDeck(t, many(4))
	snap := many(4)
	snap.Stopping = true
	d.show(snap)
	text := plain(render(&d.m.s))
	if !strings.Contains(text, "q leaves") || strings.Contains(text, "at once") {
		t.Errorf("%s", text)
	}
	for key, want := range map[string]string{"f": "q leaves", "esc": "q leaves"} {
		if d.press(key); !strings.Contains(d.m.s.toast, want) {
			t.Errorf("%s: toast %q", key, d.m.s.toast)
		}
	}
	d.press("q")
	if told := d.c.told(); !left(d.m.end) || len(told) != 0 {
		t.Errorf("left %t, told %v", left(d.m.end), told)
	}
}

// Nothing on a guest's screen says that it could stop the cluster.
func TestGuestWords(t *testing.T) {
	for _, guest := range []bool{false, true} {
		d := newDeck(t, many(4))
		d.m.s.guest = guest
		var seen strings.Builder
		look := func() { seen.WriteString(plain(render(&d.m.s)) + "\n") }
		d.m.s.w, d.m.s.h = 200, 50
		look()
		d.m.s.help = true
		look()
		d.m.s.w, d.m.s.h = 60, 16
		look()
		d.m.s.help = false
		d.m.s.w, d.m.s.h = 40, 5
		look()
		owner := strings.Contains(seen.String(), "stop+leave") && strings.Contains(seen.String(), "stop and leave")
		if says := strings.Contains(seen.String(), "stop"); says == guest || owner == guest {
			t.Errorf("guest %t:\n%s", guest, seen.String())
		}
		if guest && !strings.Contains(seen.String(), "leave it running") {
			t.Errorf("it does not say what q does:\n%s", seen.String())
		}
	}
}

// Two signals in a row end the dashboard of a guest, and not its cluster.
func TestSignalsToAGuest(t *testing.T) {
	c := newFake(many(4))
	e := newEnding(c)
	e.guest, e.killAll = true, func() { t.Error("its workers are killed") }
	for range 3 {
		if err := e.ask(BySignal, 15); err != nil {
			t.Error(err)
		}
	}
	if told := c.told(); len(told) != 0 || !left(e) || e.result().AtOnce {
		t.Errorf("told %v, %+v", told, e.result())
	}
}
