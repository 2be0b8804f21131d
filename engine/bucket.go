package engine

import "time"

// rate is how much may come: a second, and at once.
type rate struct{ perSec, atOnce float64 }

// bucket is a token bucket: what may still come at a rate. The zero value is
// full. Pure: the time is the caller's, and may not go back.
type bucket struct {
	have float64
	at   time.Time // have is of then; zero = full
}

// take takes n out of it, also what it does not have: then it returns how long
// it will be empty. The debt is never more than what it holds when full.
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

// spend takes one out if it is there.
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
