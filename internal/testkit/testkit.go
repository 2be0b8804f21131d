// Package testkit is what tests need to see that nothing is left behind:
// processes, descriptors, and a way to wait without sleeping. Only tests
// import it.
package testkit

import (
	"testing"
	"time"
)

// The pause between two calls of cond grows from the first value to the second:
// most conditions become true at once, and each call costs something.
const (
	pollFirst = time.Millisecond
	pollMost  = 10 * time.Millisecond
)

// Eventually waits until cond is true, and ends the test with msg if it is not
// true within d. It must be called from the test's own goroutine, as t.Fatal
// must.
func Eventually(t testing.TB, d time.Duration, cond func() bool, msg string) {
	t.Helper()
	if !Within(d, cond) {
		t.Fatalf("%s: not within %v", msg, d)
	}
}

// Within waits until cond is true, for at most d, and tells whether it became
// true. It calls cond at least once, and once more at the end: on a busy
// machine the whole time may pass between two calls.
func Within(d time.Duration, cond func() bool) bool {
	return within(pollFirst, pollMost, d, cond)
}

// WithinEvery is Within for an expensive cond: between is the time between two
// calls.
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

// Receive waits at most d for a value from a channel, and ends the test if none
// comes.
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
