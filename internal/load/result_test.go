package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestResultString(t *testing.T) {
	r := Result{
		Counts:  Counts{Sent: 100, OK: 94, Refused: 1, Reset: 2, TimedOut: 0, Cut: 3, Wrong: 0},
		Elapsed: 2 * time.Second,
		Latency: Latency{P50: 1234567, P99: 45678901, Max: 100 * time.Millisecond},
	}
	want := "sent 100, ok 94, refused 1, reset 2, timed out 0, cut 3, wrong 0 in 2s (50/s), p50 1.23ms, p99 45.7ms, max 100ms"
	if got := r.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Failed() != 6 {
		t.Errorf("failed %d, want 6", r.Failed())
	}
	if got, want := (Result{}).String(), "sent 0, ok 0, refused 0, reset 0, timed out 0, cut 0, wrong 0 in 0s"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestBuckets(t *testing.T) {
	last := -1
	for _, v := range []uint64{0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 1e6, 1e9, 1e12 - 1} {
		i := bucketOf(v)
		if i < last || i >= histBuckets {
			t.Fatalf("bucket of %d is %d, of the one before %d", v, i, last)
		}
		last = i
		end := bucketEnd(i)
		if uint64(end) < v || float64(end) > float64(v)*1.032 {
			t.Errorf("%d is in a bucket that ends at %d", v, end)
		}
		if bucketOf(uint64(end)) != i || bucketOf(uint64(end)+1) != i+1 {
			t.Errorf("bucket %d does not end at %d", i, end)
		}
	}
	if bucketOf(math.MaxInt64) < histBuckets {
		t.Error("the longest time is not past the last bucket")
	}
}

// Against the true percentiles of the same values.
func TestQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var a, b histogram
	var all []time.Duration
	for i := range 5000 {
		d := time.Duration(math.Exp(rng.Float64()*20)) * time.Nanosecond
		all = append(all, d)
		if i%2 == 0 {
			a.add(d)
		} else {
			b.add(d)
		}
	}
	a.merge(&b)
	slices.Sort(all)
	l := a.summary()
	for _, q := range []struct {
		got  time.Duration
		rank int
	}{{l.P50, 2500}, {l.P99, 4950}, {l.Max, 5000}} {
		want := all[q.rank-1]
		if q.got < want || float64(q.got) > float64(want)*1.032 {
			t.Errorf("rank %d: %d, want %d", q.rank, q.got, want)
		}
	}
	if l.Max != all[4999] {
		t.Errorf("max %d, want %d", l.Max, all[4999])
	}

	var odd histogram
	odd.add(-1)
	odd.add(math.MaxInt64)
	if got := odd.summary(); got != (Latency{P50: 0, P99: math.MaxInt64, Max: math.MaxInt64}) {
		t.Errorf("extremes: %+v", got)
	}
	if got := new(histogram).summary(); got != (Latency{}) {
		t.Errorf("no answers: %+v", got)
	}
}
