package engine

import (
	"strings"
	"time"
)

// The rules of restarts, per slot.
const (
	wellAfter   = time.Second            // a worker that has listened this long is replaced at once
	retryFirst  = 100 * time.Millisecond // otherwise after this, doubling
	retryMax    = 30 * time.Second
	deathsMax   = 5                // this many deaths in a row without listening stop the slot
	forgetAfter = 10 * time.Second // this much listening clears the count
)

// record is what a slot remembers of the workers that died in it.
type record struct {
	quick  int // deaths in a row of workers that had not listened for wellAfter
	deaths int // deaths in a row of workers that never listened
}

// verdict is what becomes of a slot after a death.
type verdict struct {
	stop   bool
	after  time.Duration // fork after this; 0 = at once
	deaths int           // for the screen: "2 of 5"; 0 if this death does not count
}

// died decides what becomes of the slot of a worker that has died without
// being told to. listened is how long it had listened; negative = it never did.
func (r record) died(listened time.Duration) (record, verdict) {
	if listened >= forgetAfter {
		r = record{}
	}
	if listened >= 0 {
		r.deaths = 0
	} else {
		r.deaths++
	}
	if listened >= wellAfter {
		return r, verdict{}
	}
	r.quick++
	v := verdict{deaths: r.deaths}
	if r.deaths >= deathsMax {
		v.stop = true
		return r, v
	}
	v.after = retryMax
	if r.quick <= 9 { // 0.1 s << 9 is past retryMax
		v.after = min(retryFirst<<(r.quick-1), retryMax)
	}
	return r, v
}

// telling picks the most telling of a dead worker's last lines of stderr:
// runtimes print a stack after the reason, so it is seldom the last line. It
// returns "" if there is none.
func telling(lines []string) string {
	for _, l := range lines {
		t := strings.TrimSpace(l)
		if strings.HasPrefix(t, "panic: ") || strings.HasPrefix(t, "fatal error: ") {
			return t
		}
		// "Error: Cannot find module", "TypeError: x", "Error [ERR_X]: y"
		if word, _, ok := strings.Cut(t, ":"); ok {
			name, _, _ := strings.Cut(word, " ")
			if strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Exception") {
				return t
			}
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if t := strings.TrimSpace(lines[i]); t != "" {
			return t
		}
	}
	return ""
}
