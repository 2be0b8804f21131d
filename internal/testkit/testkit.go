// Package testkit is what tests need to see that nothing is left behind:
// processes, descriptors, and a way to wait without sleeping. Only tests
// import it.
package testkit

import (
	"testing"
	"time"
)

// A look costs what cond costs, and most of what is awaited comes at once: the
// time between two looks grows, from one to the other.
const (
	pollFirst = time.Millisecond
	pollMost  = 10 * time.Millisecond
)

// Eventually waits until cond is true, and fails the test at once, saying msg,
// if it is not within d. It must be called from the test's own goroutine, as
// t.Fatal must.
func Eventually(t testing.TB, d time.Duration, cond func() bool, msg string) {
	t.Helper()
	if !Within(d, cond) {
		t.Fatalf("%s: not within %v", msg, d)
	}
}

// Within waits until cond is true, for at most d, and tells whether it was. It
// looks at least once, and once more at the end: on a busy machine the whole time
// may pass between two looks.
func Within(d time.Duration, cond func() bool) bool {
	return within(pollFirst, pollMost, d, cond)
}

// WithinEvery is Within for a look that costs much: between is the time between
// two of them.
func WithinEvery(between, d time.Duration, cond func() bool) bool {
	return within(between, between, d, cond)
}

func within(between, most, d time.Duration, cond func() bool) bool {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); <-time.After(between) {
		if cond() {
			return true
		}
		between = min(between+between/4, most)
	}
	return cond()
}

// Receive waits for what comes from a channel, for at most d; else the test ends.
func Receive[T any](t testing.TB, d time.Duration, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(d):
		t.Fatalf("nothing came in %v", d)
		panic("not reached")
	}
}
