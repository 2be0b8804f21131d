//go:build linux

package cluster

import (
	"math"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// usage is the CPU time a process has had, and when that was looked at.
type usage struct {
	cpu time.Duration
	at  time.Time
}

func usageOf(t *testing.T, pid int) usage {
	t.Helper()
	s, err := stat(pid)
	if err != nil {
		t.Fatal(err)
	}
	return usage{s.cpu, time.Now()}
}

// since is the use between two looks, in percent of one core.
func (u usage) since(before usage) float64 {
	return 100 * float64(u.cpu-before.cpu) / float64(u.at.Sub(before.at))
}

// nextTick waits for the next sample of the primary.
func (p *run) nextTick(after uint64) *engine.Snapshot {
	p.T.Helper()
	var s *engine.Snapshot
	if !testkit.Within(kit.Patience, func() bool { s = p.do("snapshot").Snapshot; return s.Tick > after }) {
		p.T.Fatalf("no sample after %d", after)
	}
	return s
}

// | 12 | `U/burn?ms=6000`, compare the shown CPU with /proc/PID/stat | within 5
// points; an idle worker under 1 |
func TestCheck12CPU(t *testing.T) { // alone: it wants a CPU
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedRR, Grace: time.Second})
	p.AwaitKind(2, engine.KindListening)
	c := mustDial(t, p.Addr())
	if _, err := c.ask("/"); err != nil {
		t.Fatal(err)
	}
	if err := c.send("/burn?ms=6000"); err != nil {
		t.Fatal(err)
	}
	burning, idle := c.worker, 3-c.worker

	// The first sample holds the second in which the work began.
	s := p.nextTick(p.nextTick(p.do("snapshot").Snapshot.Tick).Tick)
	pid := map[int]int{}
	begin := map[int]usage{}
	for _, id := range []int{burning, idle} {
		pid[id] = s.ByID(id).PID
		begin[id] = usageOf(t, pid[id])
	}
	const samples = 3
	shown := map[int]float64{}
	for range samples {
		s = p.nextTick(s.Tick)
		for id := range begin {
			cpu := s.ByID(id).CPU
			if cpu == nil {
				t.Fatalf("worker %d has no CPU in sample %d", id, s.Tick)
			}
			shown[id] += *cpu / samples
		}
	}
	for id, b := range begin {
		if real := usageOf(t, pid[id]).since(b); math.Abs(shown[id]-real) > 5 {
			t.Errorf("worker %d: shown %.1f %%, /proc says %.1f %%", id, shown[id], real)
		}
	}
	t.Logf("shown: %.1f %% and %.1f %%", shown[burning], shown[idle])
	if shown[burning] <= 5 { // a busy machine leaves it little
		t.Errorf("the worker that computes is shown with %.1f %%", shown[burning])
	}
	if shown[idle] >= 1 {
		t.Errorf("the idle worker is shown with %.1f %%", shown[idle])
	}
}
