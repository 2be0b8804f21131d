//go:build linux

package cluster

import (
	"slices"

	"muster/engine"
)

// ofKind are the events of one kind.
func ofKind(events []engine.Event, kind engine.Kind) (found []engine.Event) {
	for _, e := range events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// of are the events of one worker and kind.
func of(events []engine.Event, worker int, kind engine.Kind) (found []engine.Event) {
	for _, e := range events {
		if e.Kind == kind && e.Worker == worker {
			found = append(found, e)
		}
	}
	return found
}

// listening are the workers that can take connections, by their listening
// events, the longest first.
func listening(events []engine.Event) (up []engine.Event) {
	for _, e := range events {
		switch e.Kind {
		case engine.KindListening:
			up = append(up, e)
		case engine.KindLeave, engine.KindDisconnect, engine.KindExit:
			up = slices.DeleteFunc(up, func(l engine.Event) bool { return l.Worker == e.Worker })
		}
	}
	return up
}

// slotsUp tells whether n slots have a worker that listens.
func slotsUp(n int) func([]engine.Event) bool {
	return func(events []engine.Event) bool {
		up := map[int]bool{}
		for _, e := range listening(events) {
			up[e.Slot] = true
		}
		return len(up) == n
	}
}
