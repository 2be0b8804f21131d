//go:build linux

package cluster

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// leftBehind is how long after the primary's end a worker may live.
const leftBehind = time.Second

// finish ends a run that has not ended, and checks what every run must keep.
func (p *run) finish() {
	t := p.t
	t.Helper()
	if p.stdin != nil {
		p.stdin.Close()
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if it has ended
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Errorf("SIGTERM did not end muster in %v", patience)
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	p.noneLeft()
	p.reading.Wait()
	if !p.ends.killed && !p.ends.panics {
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		checkLives(t, p.events, true)
	} else {
		checkLives(t, p.events, false)
	}
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:", "goroutine "} {
		if !p.ends.panics && strings.Contains(p.text(), bad) {
			t.Errorf("the output has %q", bad)
		}
	}
	if len(p.odd) > 0 {
		t.Errorf("lines that are no event: %q", p.odd)
	}
	if t.Failed() {
		text := p.text()
		const tail = 20_000
		t.Logf("the last of its output:\n%s", text[max(0, len(text)-tail):])
	}
}

// noneLeft checks that no process of the cluster lives, which has ended just
// now.
func (p *run) noneLeft() {
	p.t.Helper()
	var left []int
	if !testkit.Within(leftBehind, func() bool { left = testkit.WithPrimary(p.pid); return len(left) == 0 }) {
		p.t.Errorf("workers %v live %v after their primary", left, leftBehind)
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// checkLives checks that the events are numbered without a gap, and that each
// worker's came in the order of a life, each once, listening once a server.
// complete: every life must
// have ended.
func checkLives(t *testing.T, events []engine.Event, complete bool) {
	t.Helper()
	order := []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening, engine.KindLeave, engine.KindDisconnect, engine.KindExit}
	reached := map[int]int{} // worker: 1 + index of the last
	listens := map[string]bool{}
	for i, e := range events {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d has seq %d", i+1, e.Seq)
			return
		}
		at := slices.Index(order, e.Kind)
		if at < 0 {
			continue
		}
		server := ""
		if d, ok := e.Detail.(engine.ListeningDetail); ok {
			server = fmt.Sprint(e.Worker, d.Address, d.Port, d.AddressType)
		}
		switch was := reached[e.Worker]; {
		case server != "" && at+1 == was && !listens[server]:
		case at < was:
			t.Errorf("worker %d: %s after %s (seq %d)", e.Worker, e.Kind, order[was-1], e.Seq)
		case was == 0 && at != 0:
			t.Errorf("worker %d: %s before its fork (seq %d)", e.Worker, e.Kind, e.Seq)
		case e.Kind == engine.KindExit && order[was-1] != engine.KindDisconnect:
			t.Errorf("worker %d: exit without disconnect (seq %d)", e.Worker, e.Seq)
		}
		listens[server] = true
		reached[e.Worker] = at + 1
	}
	for id, at := range reached {
		if complete && at != len(order) {
			t.Errorf("worker %d: its last event is %s", id, order[at-1])
		}
	}
}
