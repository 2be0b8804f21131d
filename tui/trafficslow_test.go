package tui

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/wireword"
)

func TestConnAt(t *testing.T) {
	at := func(ms int) time.Time { return testStart.Add(time.Duration(ms) * time.Millisecond) }
	whole := engine.TrafficConn{N: 1, Accepted: at(0), Worker: 2, Handed: at(30), Taken: at(40), Done: at(50), Tells: true,
		Earlier: []engine.TrafficHop{{Worker: 5, Handed: at(10), Ended: at(20), Why: wireword.HopDied}}}
	lost := engine.TrafficConn{N: 2, Accepted: at(0), Done: at(20), Lost: true}
	cut := engine.TrafficConn{N: 3, Accepted: at(0), Worker: 1, Handed: at(10), Taken: at(20), Done: at(30), Lost: true}
	for _, c := range []struct {
		name                string
		conn                engine.TrafficConn
		at                  int
		seen                bool
		worker, hops        int
		handed, taken, done bool
		lost                bool
	}{
		{name: "before it came", conn: whole, at: -1},
		{name: "in the queue", conn: whole, at: 5, seen: true},
		{name: "on the way to the one that dies", conn: whole, at: 15, seen: true, worker: 5, handed: true},
		{name: "in the queue again", conn: whole, at: 25, seen: true, hops: 1},
		{name: "on the way again", conn: whole, at: 35, seen: true, worker: 2, hops: 1, handed: true},
		{name: "open", conn: whole, at: 45, seen: true, worker: 2, hops: 1, handed: true, taken: true},
		{name: "closed", conn: whole, at: 50, seen: true, worker: 2, hops: 1, handed: true, taken: true, done: true},
		{name: "not lost yet", conn: lost, at: 10, seen: true},
		{name: "lost", conn: lost, at: 20, seen: true, done: true, lost: true},
		{name: "not cut yet", conn: cut, at: 25, seen: true, worker: 1, handed: true, taken: true},
		{name: "cut", conn: cut, at: 30, seen: true, worker: 1, handed: true, taken: true, done: true, lost: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, seen := connAt(c.conn, at(c.at))
			if seen != c.seen {
				t.Fatalf("seen %t", seen)
			}
			if !seen {
				return
			}
			if got.Worker != c.worker || len(got.Earlier) != c.hops || got.Handed.IsZero() == c.handed || got.Taken.IsZero() == c.taken ||
				got.Done.IsZero() == c.done || got.Lost != c.lost {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Each step is on the screen long enough to be seen, and none so long that the
// picture seems to stand; the steps come in their order.
func TestSlowMotionPace(t *testing.T) {
	at := func(d time.Duration) time.Time { return testStart.Add(d) }
	conns := []engine.TrafficConn{
		{N: 1, Accepted: at(0), Worker: 1, Handed: at(20 * usec), Taken: at(10 * time.Millisecond), Done: at(time.Hour), Tells: true},
	}
	sm := &slowMotion{}
	if !sm.begin(conns, 0) {
		t.Fatal("nothing to replay")
	}
	const frame = 10 * time.Millisecond
	var shown [4]time.Duration // at each stage
	last := sm.at
	for range 1000 {
		stage := 0
		c := sm.shown()[0]
		for _, when := range []time.Time{c.Handed, c.Taken, c.Done} {
			if !when.IsZero() {
				stage++
			}
		}
		shown[stage] += frame
		sm.move(frame, conns)
		if sm.at.Before(last) {
			t.Fatalf("it goes back by %v", last.Sub(sm.at))
		}
		last = sm.at
	}
	for i, want := range []time.Duration{slowLeast, 998 * time.Millisecond, slowMost} {
		if d := shown[i] - want; d < -2*frame || d > 2*frame {
			t.Errorf("step %d is shown for %v, want %v", i, shown[i], want)
		}
	}
	if !sm.at.Equal(at(time.Hour)) {
		t.Errorf("it ends at %v", sm.at.Sub(testStart))
	}
}

func TestSlowMotionGoesOnWithNewerOnes(t *testing.T) {
	conn := func(n uint64, ms int) engine.TrafficConn {
		a := testStart.Add(time.Duration(ms) * time.Millisecond)
		return engine.TrafficConn{N: n, Accepted: a, Worker: 1, Handed: a.Add(usec), Taken: a.Add(2 * usec)}
	}
	sm := &slowMotion{from: testStart, at: testStart}
	sm.move(time.Hour, nil) // nothing has come yet
	if len(sm.shown()) != 0 {
		t.Fatal("it shows what never was")
	}
	var first []engine.TrafficConn
	for i := range 20 {
		first = append(first, conn(uint64(i+1), i))
	}
	sm.move(time.Millisecond, first)
	if n := len(sm.shown()); n != 20-slowBehind+1 {
		t.Errorf("it begins with %d connections shown, want the last %d to come", n, slowBehind-1)
	}
	for range 200 {
		sm.move(slowLate, first)
	}
	if c := sm.shown(); len(c) != 20 || c[19].Taken.IsZero() {
		t.Errorf("not all was shown: %d", len(c))
	}
	done := first[19].Taken.Add(-usec)
	late := append([]engine.TrafficConn{}, first...)
	late[19].Done = done // it is told late, and lies in the past of the picture
	sm.refresh(late)
	if c := sm.shown(); !c[19].Done.Equal(done) {
		t.Error("what is told late is not shown")
	}
	if !first[19].Done.IsZero() {
		t.Error("a snapshot was changed")
	}
	more := append(late[10:], conn(30, 5000))
	sm.move(slowLate, more)
	if c := sm.shown(); c[len(c)-1].N != 30 {
		t.Errorf("the newer one is not shown: %d", c[len(c)-1].N)
	}
}

// The story counted to the present, while the row beside it stood at the moment
// of the replay.
func TestStoryInSlowMotionStandsAtItsMoment(t *testing.T) {
	s := scene(80, 24)
	c := engine.TrafficConn{N: 1, Worker: 1, Tells: true, Accepted: s.now.Add(-time.Minute)}
	c.Handed, c.Taken = c.Accepted.Add(time.Millisecond), c.Accepted.Add(2*time.Millisecond)
	s.traffic.slow = &slowMotion{conns: []engine.TrafficConn{c}, at: c.Taken.Add(28 * time.Millisecond)}
	ls := storyLines(s, &c)
	if last := ls[len(ls)-1].forms[0]; !strings.Contains(last, "28") {
		t.Errorf("the story says %q", last)
	}
}
