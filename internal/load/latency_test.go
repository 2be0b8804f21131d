package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Against the true percentiles of the same values.
func TestPercentiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	l := newLatencies()
	var all []time.Duration
	for range 5000 {
		d := time.Duration(math.Exp(rng.Float64()*20)) * time.Nanosecond
		all = append(all, d)
		l.add(d)
	}
	slices.Sort(all)
	s := l.summary()
	for _, q := range []struct {
		name string
		got  time.Duration
		rank int
	}{{"p50", s.P50, 2500}, {"p90", s.P90, 4500}, {"p99", s.P99, 4950}, {"p99.9", s.P999, 4995}, {"max", s.Max, 5000}} {
		want := all[q.rank-1]
		if q.got < want || float64(q.got) > float64(want)*1.001+1000 {
			t.Errorf("%s: %d, want %d", q.name, q.got, want)
		}
	}
	if s.Max != all[4999] || s.Over != 0 {
		t.Errorf("max %d, %d over; want %d, 0", s.Max, s.Over, all[4999])
	}
}

// What is longer than the histogram can hold is counted and keeps its ranks.
func TestLatencyBeyondTheHistogram(t *testing.T) {
	l := newLatencies()
	for range 9 {
		l.add(time.Millisecond)
	}
	l.add(2 * time.Hour)
	want := Latency{P50: time.Millisecond, P90: time.Millisecond, P99: 2 * time.Hour, P999: 2 * time.Hour, Max: 2 * time.Hour, Over: 1}
	if got := l.summary(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	only := newLatencies()
	only.add(math.MaxInt64 - time.Microsecond)
	if got := only.summary(); got.P50 != got.Max || got.Over != 1 {
		t.Errorf("a single one: %+v", got)
	}
	negative := newLatencies()
	negative.add(-1)
	if got := negative.summary(); got != (Latency{}) {
		t.Errorf("a clock that went back: %+v", got)
	}
	none := newLatencies()
	if got := none.summary(); got != (Latency{}) {
		t.Errorf("no answers: %+v", got)
	}
}

func BenchmarkSummary(b *testing.B) {
	l := newLatencies()
	for i := range 1000 {
		l.add(time.Duration(i) * time.Millisecond)
	}
	for b.Loop() {
		l.summary()
	}
}

// What a request costs in counting, from all processors at once.
func BenchmarkTally(b *testing.B) {
	t := newTally(time.Now())
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			t.begin(false)
			t.answered(time.Millisecond, true, "1")
		}
	})
}
