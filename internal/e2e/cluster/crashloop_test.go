//go:build linux

package cluster

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// | 7 | m with a program of workers that exits at once (a test-only worker mode)
// | at most 6 forks per slot in 20 s, then stopped, reason shown; P's CPU under
// 0.5 s |
func TestCheck07CrashLoop(t *testing.T) {
	t.Parallel()
	const workers = 4
	p := startMuster(t, []string{"MUSTER_TEST_WORKER=exit"}, nil, "--workers", "4", "--addr", "127.0.0.1:0")
	stops := p.AwaitKind(workers, engine.KindStopped)
	for _, e := range stops {
		d := e.Detail.(engine.StoppedDetail)
		if d.Text != "Error: this worker ends at once" || d.Deaths == 0 {
			t.Errorf("slot %d stopped with %+v, want the line the worker wrote", e.Slot, d)
		}
	}
	s, err := stat(p.PID)
	if err != nil {
		t.Fatal(err)
	}
	if s.cpu >= 500*time.Millisecond && !testkit.Race { // the race detector costs several times that
		t.Errorf("the primary used %v of CPU", s.cpu)
	}

	// The longest pause the rules can have made by now is 0.1 s << 4.
	<-time.After(2 * time.Second)
	forks := map[int]int{}
	events := p.SoFar()
	for _, e := range kit.OfKind(events, engine.KindFork) {
		forks[e.Slot]++
	}
	for slot := range workers {
		if n := forks[slot]; n == 0 || n > 6 {
			t.Errorf("slot %d: %d forks, want at most 6", slot, n)
		}
	}
	if last := events[len(events)-1]; last.Kind != engine.KindStopped {
		t.Errorf("something happened after the last slot had stopped: %+v", last)
	}
	for _, e := range kit.OfKind(events, engine.KindExit) {
		if d := e.Detail.(engine.ExitDetail); !strings.HasPrefix(d.String(), "code 3") {
			t.Errorf("exit %+v, want code 3", d)
		}
	}
}
