package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The bucket numbers are spoken on the channel: they must not change.
func TestLatencyBucketsAreStable(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, 999: 0, time.Microsecond: 1, 7 * time.Microsecond: 7, 8 * time.Microsecond: 8,
		15 * time.Microsecond: 15, 16 * time.Microsecond: 16, 17 * time.Microsecond: 16, 31 * time.Microsecond: 23,
		100 * time.Microsecond: 36, time.Millisecond: 63, 20 * time.Millisecond: 97, time.Second: 143,
		67 * time.Second: 191, time.Hour: 191, 1<<63 - 1: 191,
	} {
		if got := latencyBucket(d); got != want {
			t.Errorf("%v is in bucket %d, want %d", d, got, want)
		}
	}
}

func TestLatencyBucketsHoldTheirValues(t *testing.T) {
	last := time.Duration(-1)
	for i := range latencyBuckets {
		v := latencyValue(i)
		if latencyBucket(v) != i || v <= last {
			t.Errorf("the value of bucket %d is %v, of bucket %d", i, v, latencyBucket(v))
		}
		last = v
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		d := time.Duration(r.Int64N(int64(time.Microsecond) << r.IntN(26)))
		v := latencyValue(latencyBucket(d))
		if off := (v - d).Abs(); off > d/16+time.Microsecond && d < 67*time.Second {
			t.Fatalf("%v is shown as %v", d, v)
		}
	}
}

func TestLatencyQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 10, 99, 1000} {
		var l Latency
		var all []time.Duration
		for range n {
			d := time.Duration(r.ExpFloat64() * float64(3*time.Millisecond))
			all = append(all, d)
			l.record(d)
		}
		slices.Sort(all)
		last := time.Duration(0)
		for _, q := range []float64{0, 0.5, 0.9, 0.95, 0.99, 1} {
			got, ok := l.Quantile(q)
			rank := min(max(int(q*float64(n)+0.5), 1), n)
			want := all[rank-1]
			if off := (got - want).Abs(); !ok || off > want/16+time.Microsecond {
				t.Errorf("%d times: quantile %v is %v, want %v", n, q, got, want)
			}
			if got < last || got > l.Max() {
				t.Errorf("%d times: quantile %v is %v, after %v, max %v", n, q, got, last, l.Max())
			}
			last = got
		}
		if l.Max() != all[n-1] || l.Count() != uint64(n) {
			t.Errorf("max %v, count %d; want %v, %d", l.Max(), l.Count(), all[n-1], n)
		}
	}
}

func TestLatencyEmpty(t *testing.T) {
	for name, l := range map[string]*Latency{"zero": {}, "nil": nil} {
		if d, ok := l.Quantile(0.5); ok || d != 0 {
			t.Errorf("%s: quantile %v, %v", name, d, ok)
		}
		if l.Count() != 0 || l.Max() != 0 || l.Since(nil).Count() != 0 || l.Since(&Latency{}).Count() != 0 {
			t.Errorf("%s: not empty", name)
		}
	}
}

func TestLatencySinceAndMerge(t *testing.T) {
	var l Latency
	l.record(time.Second)
	l.record(time.Millisecond)
	old := l
	for range 10 {
		l.record(2 * time.Millisecond)
	}
	d := l.Since(&old)
	if m, ok := d.Quantile(0.5); !ok || d.Count() != 10 || (m-2*time.Millisecond).Abs() > time.Millisecond/8 {
		t.Errorf("since: %d times, median %v", d.Count(), m)
	}
	if d.Max() > 3*time.Millisecond {
		t.Errorf("since: max %v is from before", d.Max())
	}
	whole := l.Since(nil)
	whole.record(time.Minute)
	if l.Count() != 12 {
		t.Error("Since(nil) is not a copy")
	}
	// A worker that was replaced starts from nothing: fewer than before.
	if n := old.Since(&l).Count(); n != 0 {
		t.Errorf("since a later state: %d", n)
	}

	sum := old
	sum.Merge(d)
	sum.Merge(nil)
	if sum.counts != l.counts || sum.Count() != l.Count() || sum.Max() != time.Second {
		t.Errorf("merged: %d times, max %v", sum.Count(), sum.Max())
	}
}

func TestLatencyTakesNoBadBucket(t *testing.T) {
	var l Latency
	for _, i := range []uint64{latencyBuckets, 1 << 32, 1<<64 - 1} {
		l.addBucket(i, 5)
	}
	if l.Count() != 0 {
		t.Errorf("%d counted", l.Count())
	}
}
