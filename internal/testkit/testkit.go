// Package testkit is what tests need to see that nothing is left behind:
// processes, descriptors, and a way to wait without sleeping. Only tests
// import it.
package testkit

import (
	"testing"
	"time"
)

// poll is how often Eventually looks.
const poll = 2 * time.Millisecond

// Eventually waits until cond is true, and fails the test at once, saying msg,
// if it is not within d. It must be called from the test's own goroutine, as
// t.Fatal must.
func Eventually(t testing.TB, d time.Duration, cond func() bool, msg string) {
	t.Helper()
	if !within(d, cond) {
		t.Fatalf("%s: not within %v", msg, d)
	}
}

// within looks at least once, and once more at the end: on a busy machine the
// whole time may pass between two looks.
func within(d time.Duration, cond func() bool) bool {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); <-tick.C {
		if cond() {
			return true
		}
	}
	return cond()
}
