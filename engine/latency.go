package engine

import (
	"math/bits"
	"time"
)

// Answer times are counted in buckets of microseconds: exact below 8, then
// eight to each power of two (a bucket is at most 12.5 % wide), up to about
// 67 s. The same index is used on the channel, so it must not change.
const (
	latencySub     = 8
	latencyBuckets = latencySub * 24
)

// Latency is a histogram of times. A *Latency in a Snapshot is never changed.
// The zero value is empty and can take others by Merge, which is not safe for
// concurrent use.
type Latency struct {
	counts [latencyBuckets]uint64
	n      uint64
	max    time.Duration
}

// latencyBucket is the index of the bucket that holds d.
func latencyBucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < latencySub {
		return int(us)
	}
	e := bits.Len64(us) - 4 // 8..15 -> 0
	i := latencySub*(e+1) + int(us>>e) - latencySub
	return min(i, latencyBuckets-1)
}

// latencyValue is the middle of bucket i.
func latencyValue(i int) time.Duration {
	if i < latencySub {
		return time.Duration(i) * time.Microsecond
	}
	e := i/latencySub - 1
	lo := uint64(latencySub+i%latencySub) << e
	return time.Duration(lo)*time.Microsecond + time.Duration(uint64(1)<<e)*time.Microsecond/2
}

// record counts one time.
func (l *Latency) record(d time.Duration) {
	l.counts[latencyBucket(d)]++
	l.n++
	l.max = max(l.max, d)
}

// addBucket counts n times of bucket i. i comes from a worker's report, so it
// may be any number; addBucket counts nothing if there is no such bucket.
func (l *Latency) addBucket(i, n uint64) {
	if i >= latencyBuckets {
		return
	}
	l.counts[i] += n
	l.n += n
	l.max = max(l.max, latencyValue(int(i)))
}

// Count is how many times were recorded.
func (l *Latency) Count() uint64 {
	if l == nil {
		return 0
	}
	return l.n
}

// Quantile is the time below which the fraction q (0 to 1) of the recorded
// times lie, to within half a bucket. ok is false if nothing was recorded.
func (l *Latency) Quantile(q float64) (d time.Duration, ok bool) {
	if l.Count() == 0 {
		return 0, false
	}
	rank := uint64(q*float64(l.n) + 0.5)
	rank = min(max(rank, 1), l.n)
	var seen uint64
	for i, c := range l.counts {
		seen += c
		if seen >= rank {
			return min(latencyValue(i), l.max), true
		}
	}
	return l.max, true
}

// Max is the longest recorded time, as exactly as it was recorded or reported.
func (l *Latency) Max() time.Duration {
	if l == nil {
		return 0
	}
	return l.max
}

// Since is what was recorded after old, an earlier state of the same histogram
// (nil = empty). Its Max is the top of its highest bucket, unless that bucket
// holds the overall maximum.
func (l *Latency) Since(old *Latency) *Latency {
	if l == nil {
		return &Latency{}
	}
	if old == nil {
		c := *l
		return &c
	}
	var d Latency
	for i := range l.counts {
		if n := l.counts[i] - min(old.counts[i], l.counts[i]); n > 0 {
			d.addBucket(uint64(i), n)
		}
	}
	d.max = min(d.max, l.max)
	return &d
}

// Merge adds what other holds.
func (l *Latency) Merge(other *Latency) {
	if other == nil {
		return
	}
	for i, n := range other.counts {
		l.counts[i] += n
	}
	l.n += other.n
	l.max = max(l.max, other.max)
}
