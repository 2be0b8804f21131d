package trace

import (
	"testing"
	"time"
)

func TestSpanHoldsTheLastTenSeconds(t *testing.T) {
	at := func(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }
	var s Span[int]
	expect := func(now float64, want int) {
		t.Helper()
		n := 0
		for _, sec := range s.All(at(now)) {
			n += sec
		}
		if n != want {
			t.Errorf("after %vs: %d, want %d", now, n, want)
		}
	}
	for _, now := range []float64{0, 0.9, 4, 9.5} {
		*s.Second(at(now))++
	}
	expect(9.6, 4)
	expect(10, 2) // the first second has gone
	expect(13.9, 2)
	expect(14, 1)
	expect(19.9, 0)
	expect(500, 0)
	*s.Second(at(1003.2))++
	expect(1004, 1) // after a long silence
	*s.Second(at(1000))++
	expect(1004, 2) // a clock that goes back does not lose it
}
