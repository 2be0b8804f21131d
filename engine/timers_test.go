package engine

import (
	"slices"
	"testing"
	"time"
)

func TestTimersRunInOrder(t *testing.T) {
	var ts timers
	var ran []int
	for _, s := range []int{5, 1, 4, 2, 3} {
		ts.at(epoch.Add(time.Duration(s)*time.Second), func(time.Time) { ran = append(ran, s) })
	}
	ts.run(epoch)
	if len(ran) != 0 {
		t.Fatalf("too early: %v", ran)
	}
	ts.run(epoch.Add(3 * time.Second)) // what is due at that very moment runs too
	if !slices.Equal(ran, []int{1, 2, 3}) {
		t.Fatalf("ran %v", ran)
	}
	if at, ok := ts.next(); !ok || !at.Equal(epoch.Add(4*time.Second)) {
		t.Errorf("next %v, %v", at, ok)
	}
	ts.run(epoch.Add(time.Hour))
	if !slices.Equal(ran, []int{1, 2, 3, 4, 5}) {
		t.Errorf("ran %v", ran)
	}
	if _, ok := ts.next(); ok {
		t.Error("there is still one")
	}
}

func TestTimersStop(t *testing.T) {
	var ts timers
	var ran []int
	add := func(n int) *timer {
		return ts.at(epoch.Add(time.Duration(n)), func(time.Time) { ran = append(ran, n) })
	}
	a, b, c := add(1), add(2), add(3)
	ts.stop(nil)
	ts.stop(b)
	ts.stop(b)
	ts.run(epoch.Add(1))
	ts.stop(a) // it has run
	if at, ok := ts.next(); !ok || !at.Equal(c.at) {
		t.Errorf("next %v, %v", at, ok)
	}
	ts.run(epoch.Add(time.Second))
	if !slices.Equal(ran, []int{1, 3}) {
		t.Errorf("ran %v, want [1 3]", ran)
	}
}

// One that runs may stop another that is due, and start new ones.
func TestTimersChangeWhileTheyRun(t *testing.T) {
	var ts timers
	var ran []string
	var second *timer
	ts.at(epoch.Add(1), func(now time.Time) {
		ran = append(ran, "first")
		ts.stop(second)
		ts.at(now, func(time.Time) { ran = append(ran, "third") })
		ts.at(now.Add(1), func(time.Time) { ran = append(ran, "later") })
	})
	second = ts.at(epoch.Add(2), func(time.Time) { ran = append(ran, "second") })
	ts.run(epoch.Add(2))
	if !slices.Equal(ran, []string{"first", "third"}) {
		t.Errorf("ran %v", ran)
	}
	ts.run(epoch.Add(3))
	if !slices.Equal(ran, []string{"first", "third", "later"}) {
		t.Errorf("ran %v", ran)
	}
}

// After the primary itself stood still, everything has as long to go as before.
func TestTimersShift(t *testing.T) {
	var ts timers
	var ran []int
	for _, s := range []int{3, 1, 2} {
		ts.at(epoch.Add(time.Duration(s)*time.Second), func(time.Time) { ran = append(ran, s) })
	}
	ts.shift(time.Minute)
	ts.run(epoch.Add(time.Minute))
	if len(ran) != 0 {
		t.Fatalf("ran %v", ran)
	}
	ts.run(epoch.Add(time.Minute + 2*time.Second))
	if !slices.Equal(ran, []int{1, 2}) {
		t.Errorf("ran %v", ran)
	}
}
