//go:build linux

package kit

import (
	"fmt"
	"slices"
	"testing"

	"muster/engine"
)

// lifeOrder is the order of a worker's life.
var lifeOrder = []engine.Kind{
	engine.KindFork, engine.KindOnline, engine.KindListening, engine.KindLeave, engine.KindDisconnect, engine.KindExit,
}

// CheckLives checks that events, all of a run, are numbered without a gap, and
// that each worker's events came in the order of a life, each once, listening
// once for each server. complete: every life must have ended.
func CheckLives(t testing.TB, events []engine.Event, complete bool) {
	t.Helper()
	reached := map[int]int{} // worker: 1 + index of the last
	listens := map[string]bool{}
	for i, e := range events {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d has seq %d", i+1, e.Seq)
			return
		}
		at := slices.Index(lifeOrder, e.Kind)
		if at < 0 || e.Worker == 0 {
			continue
		}
		server := ""
		if d, ok := e.Detail.(engine.ListeningDetail); ok {
			server = fmt.Sprint(e.Worker, d.Address, d.Port, d.AddressType)
		}
		switch was := reached[e.Worker]; {
		case server != "" && at+1 == was && !listens[server]:
		case at < was:
			t.Errorf("worker %d: %s after %s (seq %d)", e.Worker, e.Kind, lifeOrder[was-1], e.Seq)
		case was == 0 && e.Kind == engine.KindExit && e.PID == 0: // the worker never had a process
		case was == 0 && at != 0:
			t.Errorf("worker %d: %s before its fork (seq %d)", e.Worker, e.Kind, e.Seq)
		case e.Kind == engine.KindExit && lifeOrder[was-1] != engine.KindDisconnect:
			t.Errorf("worker %d: exit without disconnect (seq %d)", e.Worker, e.Seq)
		}
		listens[server] = true
		reached[e.Worker] = at + 1
	}
	for id, at := range reached {
		if complete && at != len(lifeOrder) {
			t.Errorf("worker %d: its last event is %s", id, lifeOrder[at-1])
		}
	}
}
