package trace

import (
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// feed gives a sieve n connections a second, evenly, and returns how many were
// kept in each second.
func feed(s *Sieve, from time.Time, perSecond, seconds int) []int {
	kept := make([]int, seconds)
	for sec := range seconds {
		for i := range perSecond {
			at := from.Add(time.Duration(sec)*time.Second + time.Duration(i)*time.Second/time.Duration(perSecond))
			if s.Keep(at) {
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
		{"200", 200, 10, 20, 20, 40, 4 * keptPerSecond},
		{"8000: the burst is bounded too", 8000, 400, 20, 20, 40, 7 * keptPerSecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Sieve
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
	var s Sieve
	feed(&s, epoch, 80, 2)
	seen := make([]int, 2)
	for i := range 80 {
		if s.Keep(epoch.Add(2*time.Second + time.Duration(i)*time.Second/80)) {
			seen[i%2]++
		}
	}
	if s.n != 4 || seen[0] < 5 || seen[1] < 5 {
		t.Errorf("one in %d, kept %v", s.n, seen)
	}
}

// After a busy time all are kept again, one second later.
func TestSieveOpensAgain(t *testing.T) {
	var s Sieve
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
	if !s.Keep(quiet.Add(1100 * time.Millisecond)) {
		t.Error("the first connection after it is not kept")
	}
}
