package engine

import "time"

// rate is how much may come: per second, and at once.
type rate struct{ perSec, atOnce float64 }

// bucket is a token bucket: what may still come at a rate. The zero value is
// full. Pure: the caller passes the time, which may not go back.
type bucket struct {
	have float64
	at   time.Time // when have was right; zero = full
}

// take takes n out of the bucket, even if it holds less: then it returns how
// long the bucket will be empty. The debt is never more than a full bucket.
func (b *bucket) take(r rate, n float64, now time.Time) time.Duration {
	if b.at.IsZero() {
		b.have = r.atOnce
	} else {
		b.have = min(b.have+max(now.Sub(b.at), 0).Seconds()*r.perSec, r.atOnce)
	}
	b.at = now
	b.have = max(b.have-n, -r.atOnce)
	if b.have >= 0 {
		return 0
	}
	return time.Duration(-b.have / r.perSec * float64(time.Second))
}

// spend takes one out if there is one.
func (b *bucket) spend(r rate, now time.Time) bool {
	b.take(r, 0, now)
	if b.have < 1 {
		return false
	}
	b.have--
	return true
}

// shift moves its time by gap: the primary itself stood still.
func (b *bucket) shift(gap time.Duration) {
	if !b.at.IsZero() {
		b.at = b.at.Add(gap)
	}
}
