//go:build mustertest

package engine

import (
	"os"
	"time"
)

// testPanicPoint lets the loop panic soon after the start, in test builds only:
// MUSTER_TEST_PANIC=loop, or =task for another goroutine of the cluster.
func testPanicPoint(l *loop) {
	const soon = 300 * time.Millisecond
	switch os.Getenv("MUSTER_TEST_PANIC") {
	case "loop":
		l.timers.at(l.now().Add(soon), func(time.Time) { panic("test panic in the loop") })
	case "task":
		l.spawnTask(func() {
			time.Sleep(soon)
			panic("test panic in a goroutine")
		})
	}
}
