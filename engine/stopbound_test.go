package engine

import (
	"syscall"
	"testing"
	"time"
)

// TestWhenAStopIsOver: by the limits of the workers it waits for. Times are seconds
// after it was asked for; minus one is never.
func TestWhenAStopIsOver(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s float64) time.Time {
		if s < 0 {
			return time.Time{}
		}
		return since.Add(time.Duration(s * float64(time.Second)))
	}
	const never = -1.
	sec := time.Second
	both := leaveRules{grace: 8 * sec, kill: 5 * sec, signal: syscall.SIGTERM}
	noGrace, noKill, noSignal := both, both, both
	noGrace.grace, noKill.kill = 0, 0
	noSignal.grace, noSignal.signal = 0, 0
	lives := stopPart{left: leaving{since: since, told: since}, forked: at(0)}
	told := func(s float64) stopPart { p := lives; p.left.stopped = at(s); return p }
	empty := func(s float64) stopPart { p := lives; p.left.empty = at(s); return p }
	killed := func(s float64) stopPart { p := told(0); p.killed = at(s); return p }
	ended := func(s float64) stopPart { p := lives; p.ended = at(s); return p }
	starts := stopPart{forked: at(2), starts: true}
	for _, c := range []struct {
		name  string
		rules leaveRules
		empty float64
		parts []stopPart
		want  float64
	}{
		{"both limits", both, never, []stopPart{lives}, 13},
		{"both limits, whatever the workers do", both, never, []stopPart{starts, killed(12), ended(3)}, 13},
		{"both limits, no worker lives", both, 4, nil, 13},
		{"no grace, connections open", noGrace, never, []stopPart{lives}, never},
		{"no grace, sent the signal", noGrace, never, []stopPart{told(3)}, 8},
		{"no grace, one of them has connections", noGrace, never, []stopPart{told(3), lives}, never},
		{"no grace, killed", noGrace, never, []stopPart{told(1), killed(9)}, 9},
		{"no grace, ended", noGrace, never, []stopPart{ended(7)}, 7},
		{"no grace, its process does not come", noGrace, never, []stopPart{starts}, 7},
		{"no grace, no worker lives", noGrace, 4, nil, 9},
		{"no grace, no signal, connections open", noSignal, never, []stopPart{lives}, never},
		{"no grace, no signal, nothing open", noSignal, never, []stopPart{empty(2)}, 7},
		{"no SIGKILL, lives", noKill, never, []stopPart{lives}, never},
		{"no SIGKILL, sent the signal", noKill, never, []stopPart{told(8)}, never},
		{"no SIGKILL, ended", noKill, never, []stopPart{ended(9)}, 9},
		{"no SIGKILL, killed by somebody", noKill, never, []stopPart{killed(9)}, 9},
		{"no SIGKILL, no worker lives", noKill, 9, nil, 14}, // what they have started
	} {
		if got := c.rules.stopLimit(since, at(c.empty), c.parts); !got.Equal(at(c.want)) {
			t.Errorf("%s: %v, want %v s", c.name, got.Sub(since), c.want)
		}
	}
}

func TestWhatTheBoundOfAStopAsksFor(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
	var never time.Time
	for _, c := range []struct {
		name          string
		limit, atOnce time.Time
		want          stopDo
	}{
		{"no limit", never, never, stopWaits},
		{"in time", at(100), never, stopWaits},
		{"the last SIGKILL was just sent", at(-900), never, stopWaits},
		{"longer than the limits", at(-1000), never, stopEnds},
		{"the end still has its time", at(-1600), never, stopEnds},
		{"the end needs its time", at(-1650), never, stopLeaves},
		{"the bound", at(-2000), never, stopLeaves},
		{"at once, no limit", never, at(-4600), stopWaits},
		{"at once, no limit, the end needs its time", never, at(-4650), stopLeaves},
		{"at once, no limit, its bound", never, at(-5000), stopLeaves},
		{"at once, late", at(-2000), at(-100), stopLeaves},
	} {
		if got := stopBound(c.limit, c.atOnce, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestAStopOverranItsBound: by the time from one look to the next, and by that of the
// tasks, which came on top.
func TestAStopOverranItsBound(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const grace, kill = 5 * time.Second, 3 * time.Second
	for _, c := range []struct {
		name   string
		atOnce bool
		bound  time.Duration
	}{
		{"asked once", false, grace + kill + 2*time.Second},
		{"asked twice", true, 5 * time.Second},
	} {
		for late := range 50 { // the looks come anywhere in between
			now := start
			l := newLoop(Options{Grace: grace, KillTimeout: kill}, program{}, nil, func() time.Time { return now })
			w := &worker{id: 1}
			l.workers[1] = w
			l.stop(ByAPI)
			if c.atOnce {
				l.stopping.atOnce, l.stopping.now = now, true
			}
			now = now.Add(time.Duration(late) * time.Millisecond)
			for !l.stopping.left && now.Sub(start) < c.bound {
				next, ok := l.timers.next()
				if !ok {
					t.Fatal("nothing holds the stop to its bound")
				}
				if next.After(now) {
					now = next
				}
				l.timers.run(now)
			}
			ends := max(l.tasksUntil(now).Sub(now), tasksFor)
			if took := now.Sub(start) + ends; !l.stopping.left || took > c.bound {
				t.Fatalf("%s, %d ms late: the stop takes %v, its bound is %v", c.name, late, took, c.bound)
			}
		}
	}
}
