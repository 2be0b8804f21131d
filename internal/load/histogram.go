package load

import (
	"math"
	"math/bits"
	"time"
)

// histogram counts durations in buckets whose width is a fixed part of their
// value: 32 to every power of two. One per client, so it needs no lock.
type histogram struct {
	count   uint64
	max     time.Duration
	buckets [histBuckets]uint64
}

const (
	subBits     = 5
	subCount    = 1 << subBits
	histBuckets = subCount * (40 - subBits + 1) // up to 2^40 ns, 18 minutes; the last holds what is longer
)

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.count++
	h.max = max(h.max, d)
	h.buckets[min(bucketOf(uint64(d)), histBuckets-1)]++
}

func (h *histogram) merge(o *histogram) {
	h.count += o.count
	h.max = max(h.max, o.max)
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
}

func (h *histogram) summary() Latency {
	return Latency{P50: h.quantile(0.50), P99: h.quantile(0.99), Max: h.max}
}

// quantile returns the upper end of the bucket that holds the value of rank q,
// but never more than the maximum.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.count)))
	var seen uint64
	for i, n := range h.buckets {
		seen += n
		if n > 0 && seen >= rank {
			if i == histBuckets-1 {
				return h.max
			}
			return min(bucketEnd(i), h.max)
		}
	}
	return 0
}

// bucketOf returns the bucket of v: v itself below 32, then 32 a power of two.
func bucketOf(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift<<subBits + int(v>>shift)
}

// bucketEnd returns the largest value of bucket i.
func bucketEnd(i int) time.Duration {
	if i < 2*subCount {
		return time.Duration(i)
	}
	shift := i>>subBits - 1
	return time.Duration((uint64(i-shift<<subBits)+1)<<shift - 1)
}
