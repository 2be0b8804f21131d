package engine

import (
	"testing"
	"time"
)

// feed gives a sieve n connections a second, evenly, and returns how many were
// kept in each second.
func feed(s *sieve, from time.Time, perSecond, seconds int) []int {
	kept := make([]int, seconds)
	for sec := range seconds {
		for i := range perSecond {
			at := from.Add(time.Duration(sec)*time.Second + time.Duration(i)*time.Second/time.Duration(perSecond))
			if s.keep(at) {
				kept[sec]++
			}
		}
	}
	return kept
}

func TestSieveKeepsAboutTwentyASecond(t *testing.T) {
	for _, c := range []struct {
		name                  string
		rate                  int
		n                     int // one in n after a while
		least, most           int // kept in a second then
		firstLeast, firstMost int // kept in the first second
	}{
		{"one a second", 1, 1, 1, 1, 1, 1},
		{"all of 20", 20, 1, 20, 20, 20, 20},
		{"21: every second one", 21, 2, 10, 11, 21, 21},
		{"200", 200, 10, 20, 20, 40, 4 * trafficRate},
		{"8000: the burst is bounded too", 8000, 400, 20, 20, 40, 7 * trafficRate},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s sieve
			kept := feed(&s, epoch, c.rate, 5)
			s.roll(epoch.Add(5 * time.Second))
			if s.n != c.n || int(s.rate+0.5) != c.rate {
				t.Errorf("one in %d at %.1f/s, want one in %d at %d/s", s.n, s.rate, c.n, c.rate)
			}
			if kept[0] < c.firstLeast || kept[0] > c.firstMost {
				t.Errorf("kept %d in the first second, want %d to %d", kept[0], c.firstLeast, c.firstMost)
			}
			for _, k := range kept[1:] {
				if k < c.least || k > c.most {
					t.Errorf("kept %v, want %d to %d", kept, c.least, c.most)
				}
			}
		})
	}
}

// Two workers that take turns: one in 4 was always the same one's.
func TestSieveSeesEveryWorkerThatTakesTurns(t *testing.T) {
	var s sieve
	feed(&s, epoch, 80, 2)
	seen := make([]int, 2)
	for i := range 80 {
		if s.keep(epoch.Add(2*time.Second + time.Duration(i)*time.Second/80)) {
			seen[i%2]++
		}
	}
	if s.n != 4 || seen[0] < 5 || seen[1] < 5 {
		t.Errorf("one in %d, kept %v", s.n, seen)
	}
}

// After a busy time all are kept again, one second later.
func TestSieveOpensAgain(t *testing.T) {
	var s sieve
	feed(&s, epoch, 4000, 2)
	quiet := epoch.Add(2 * time.Second)
	s.roll(quiet)
	if s.n < 100 {
		t.Fatalf("one in %d under load", s.n)
	}
	s.roll(quiet.Add(time.Second))
	if s.n != 1 || s.rate != 0 {
		t.Errorf("one in %d, %.0f/s after a silent second", s.n, s.rate)
	}
	if !s.keep(quiet.Add(1100 * time.Millisecond)) {
		t.Error("the first connection after it is not kept")
	}
}

func TestSpanHoldsTheLastTenSeconds(t *testing.T) {
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	var s span
	s.record(at(0), 5*time.Millisecond)
	s.record(at(0.9), time.Millisecond)
	s.record(at(4), 2*time.Millisecond)
	s.record(at(9.5), -time.Millisecond) // a clock that is a little behind
	for _, c := range []struct {
		at  float64
		n   uint64
		max time.Duration
	}{
		{9.6, 4, 5 * time.Millisecond},
		{10, 2, 2 * time.Millisecond}, // the first second has gone
		{13.9, 2, 2 * time.Millisecond},
		{14, 1, 0},
		{19.9, 0, 0},
		{500, 0, 0},
	} {
		if l := s.sum(at(c.at)); l.Count() != c.n || l.Max() != c.max {
			t.Errorf("after %vs: %d times, max %v; want %d, %v", c.at, l.Count(), l.Max(), c.n, c.max)
		}
	}
	s.record(at(1003.2), time.Second)
	if l := s.sum(at(1004)); l.Count() != 1 {
		t.Errorf("after a long silence: %d times", l.Count())
	}
	s.record(at(1000), time.Second) // a clock that goes back does not lose it
	if l := s.sum(at(1004)); l.Count() != 2 {
		t.Errorf("%d times", l.Count())
	}
}
