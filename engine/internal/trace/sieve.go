package trace

import "time"

// keptPerSecond is how many connections a second are kept. Above that nobody
// could follow them, and one in N stands for all.
const keptPerSecond = 20

// Sieve decides which connections are kept: all of them up to keptPerSecond a
// second, above that one in N, with N chosen anew each second. Which of N
// connections is kept is random: with every Nth, workers that take turns would
// not all be seen. The random numbers are the same in each run. The zero value
// is ready.
type Sieve struct {
	lot   uint32
	place int       // of the next connection among the N
	pick  int       // the place that is kept
	began time.Time // of this second
	count int       // connections in it
	kept  int       // of these
	n     int       // one in n; 0 = 1
	rate  float64   // of the second before
}

// roll begins a new second if the last one is over.
func (s *Sieve) roll(now time.Time) {
	if s.began.IsZero() {
		s.began = now
	}
	past := now.Sub(s.began)
	if past < time.Second {
		return
	}
	s.rate = float64(s.count) / past.Seconds()
	s.n = max(int(s.rate+keptPerSecond-1)/keptPerSecond, 1)
	s.began, s.count, s.kept = now, 0, 0
	s.deal()
}

// Rate is how many connections came in the last second, and N: one in N is
// kept.
func (s *Sieve) Rate(now time.Time) (rate float64, oneIn int) {
	s.roll(now)
	return s.rate, max(s.n, 1)
}

// deal begins the next group of N connections.
func (s *Sieve) deal() {
	// xorshift32 (Marsaglia, 2003)
	if s.lot == 0 {
		s.lot = 2463534242
	}
	s.lot ^= s.lot << 13
	s.lot ^= s.lot >> 17
	s.lot ^= s.lot << 5
	s.place, s.pick = 0, int(s.lot%uint32(max(s.n, 1)))
}

// Keep counts a connection and tells whether it is kept. N grows fourfold as
// soon as twice keptPerSecond connections are kept: a burst does not wait for
// the second to be over.
func (s *Sieve) Keep(now time.Time) bool {
	s.roll(now)
	s.n = max(s.n, 1)
	s.count++
	if s.place >= s.n {
		s.deal()
	}
	s.place++
	if s.place-1 != s.pick {
		return false
	}
	s.kept++
	if s.kept >= 2*keptPerSecond {
		s.n *= 4
		s.kept = keptPerSecond
		s.deal()
	}
	return true
}
