package trace

import "time"

// seconds is how many a Span covers.
const seconds = 10

// Span holds a value for each of the last 10 s, such as the times measured in
// that second. Its zero value, and that of each second, is ready.
type Span[T any] struct {
	each   [seconds]T
	newest int64 // the second since began that was last asked for
	began  time.Time
}

// Second is the value of the current second, to be written to.
func (s *Span[T]) Second(now time.Time) *T {
	if s.began.IsZero() {
		s.began = now
	}
	sec := max(int64(now.Sub(s.began)/time.Second), s.newest)
	for i := s.newest + 1; i <= min(sec, s.newest+seconds); i++ {
		s.each[i%seconds] = *new(T)
	}
	s.newest = sec
	return &s.each[sec%seconds]
}

// All returns the values of the seconds until now, in no order.
func (s *Span[T]) All(now time.Time) []T {
	s.Second(now)
	return s.each[:]
}
