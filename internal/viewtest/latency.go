package viewtest

import (
	"fmt"
	"time"

	"muster/engine"
)

// Record counts one time in l.
func Record(l *engine.Latency, d time.Duration) { RecordN(l, d, 1) }

// RecordN counts a time n times in l, by its JSON form: only an engine measures.
func RecordN(l *engine.Latency, d time.Duration, n uint64) {
	const last = 191
	bucket := 0
	for bucket < last && bucketBegins(bucket+1) <= max(d.Microseconds(), 0) {
		bucket++
	}
	var one engine.Latency
	if err := one.UnmarshalJSON(fmt.Appendf(nil, `{"max_ns":%d,"buckets":[[%d,%d]]}`, d, bucket, n)); err != nil {
		panic(err) // docs/wire.md has the form
	}
	l.Merge(&one)
}

// bucketBegins is the first microsecond of a bucket.
func bucketBegins(bucket int) int64 {
	if bucket < 8 {
		return int64(bucket)
	}
	return int64(8+bucket%8) << (bucket/8 - 1)
}
