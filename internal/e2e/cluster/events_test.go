//go:build linux

package cluster

import (
	"muster/engine"
	"muster/internal/e2e/kit"
)

// slotsUp tells whether n slots have a worker that listens.
func slotsUp(n int) func([]engine.Event) bool {
	return func(events []engine.Event) bool {
		up := map[int]bool{}
		for _, e := range kit.Listening(events) {
			up[e.Slot] = true
		}
		return len(up) == n
	}
}
