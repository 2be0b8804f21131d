package load

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency says how long answers took. A percentile is at most 0.1 % or 1 us
// too high, Max is exact. All are 0 if there was no answer.
type Latency struct {
	P50, P90, P99, P999, Max time.Duration
	Over                     uint64 // answers that took more than 60 s; in the percentiles they count as Max
}

// What the histogram can tell apart, in microseconds.
const (
	histMin    = 1
	histMax    = 60_000_000
	histDigits = 3
)

// latencies is every latency of a run. It is not safe for concurrent use.
//
// All clients share one histogram behind the tally's lock: it takes 139 KB, so
// one each would take 36 MB for 256 clients, and recording takes nanoseconds.
type latencies struct {
	hist *hdrhistogram.Histogram
	over uint64
	max  time.Duration
}

func newLatencies() latencies {
	return latencies{hist: hdrhistogram.New(histMin, histMax, histDigits)}
}

func (l *latencies) add(d time.Duration) {
	d = max(d, 0)
	l.max = max(l.max, d)
	us := int64((d + time.Microsecond - 1) / time.Microsecond)
	if l.hist.RecordValue(us) != nil {
		l.over++
	}
}

func (l *latencies) summary() Latency {
	return Latency{
		P50:  l.quantile(0.50),
		P90:  l.quantile(0.90),
		P99:  l.quantile(0.99),
		P999: l.quantile(0.999),
		Max:  l.max,
		Over: l.over,
	}
}

// quantile is the latency of rank q among all, including those over the
// histogram's end, which have the last ranks.
func (l *latencies) quantile(q float64) time.Duration {
	inside := l.hist.TotalCount()
	rank := int64(math.Ceil(q * float64(inside+int64(l.over))))
	switch {
	case rank == 0:
		return 0
	case rank > inside:
		return l.max
	}
	us := l.hist.ValueAtPercentile(100 * float64(rank) / float64(inside)) // this rounds to a rank
	return min(time.Duration(us)*time.Microsecond, l.max)
}
