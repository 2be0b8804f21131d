//go:build linux

package cluster

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// pathsEnv has the workers of a test build print the path of each request of
// the page, so that a test sees who read it, and how often.
const pathsEnv = "MUSTER_TEST_PATHS=1"

// inPause sends one request on each of n connections while a worker is stopped.
func inPause(t *testing.T, addr string, n int) []*client {
	t.Helper()
	cs := make([]*client, n)
	for i := range cs {
		cs[i] = mustDial(t, addr)
		if err := cs[i].send(fmt.Sprintf("/first/%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	return cs
}

// answeredOnce reads the answers to inPause, sends 50 more requests on each
// connection, and checks that one worker answered each connection, and that
// each first request was read once. It returns how many each worker answered.
func answeredOnce(t *testing.T, p *run, cs []*client) map[int]int {
	t.Helper()
	by := map[int]int{}
	for i, c := range cs {
		if body, err := c.receive(); err != nil || body != page {
			t.Fatalf("connection %d: %q, %v", i, body, err)
		}
		by[c.worker]++
	}
	for range 50 {
		for i, c := range cs {
			if body, err := c.ask("/whoami"); err != nil || !strings.Contains(body, fmt.Sprintf(`"id":%d,`, c.worker)) {
				t.Fatalf("connection %d of worker %d: %q, %v", i, c.worker, body, err)
			}
		}
	}
	for i, c := range cs {
		if err := c.nothingMore(); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
	}
	reads := func(events []engine.Event) map[string]int {
		n := map[string]int{}
		for _, e := range kit.OfKind(events, engine.KindOutput) {
			n[e.Detail.(engine.OutputDetail).Text]++
		}
		return n
	}
	p.Await("the path of every request", func(ev []engine.Event) bool { return len(reads(ev)) >= len(cs) })
	for path, n := range reads(p.SoFar()) {
		if n != 1 {
			t.Errorf("%s was read %d times", path, n)
		}
	}
	return by
}

// | 8 | SIGSTOP a worker, 20 connections, SIGCONT | each answered once, by one
// worker only (50 keep-alive requests on each show one id) |
func TestCheck08PausedWorker(t *testing.T) {
	t.Parallel()
	p := startMuster(t, []string{pathsEnv}, nil, "--workers", "4", "--addr", "127.0.0.1:0", "--stall", "10s", "--policy", "rr")
	victim := p.AwaitKind(4, engine.KindListening)[1]
	stop(t, victim.PID)
	cs := inPause(t, p.Addr(), 20)
	<-time.After(700 * time.Millisecond) // a pause shorter than any rule about it
	if err := syscall.Kill(victim.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	by := answeredOnce(t, p, cs)
	if by[victim.Worker] == 0 {
		t.Errorf("nothing was handed to the stopped worker %d, so nothing was checked: %v", victim.Worker, by)
	}
	if n := len(kit.OfKind(p.SoFar(), engine.KindExit)); n != 0 {
		t.Errorf("%d workers exited, want none", n)
	}
}

// | 9 | SIGSTOP a worker, 20 connections, wait past --stall | worker killed and
// replaced; all 20 answered once |
func TestCheck09StalledWorker(t *testing.T) {
	t.Parallel()
	const stall = 2 * time.Second
	p := startMuster(t, []string{pathsEnv}, nil, "--workers", "4", "--addr", "127.0.0.1:0", "--stall", stall.String(), "--policy", "rr")
	victim := p.AwaitKind(4, engine.KindListening)[1]
	stop(t, victim.PID)
	began := time.Now()
	cs := inPause(t, p.Addr(), 20)
	p.Await("a replacement that listens", func(ev []engine.Event) bool { return len(kit.OfKind(ev, engine.KindListening)) == 5 })
	if took := time.Since(began); took < stall {
		t.Errorf("replaced after %v, before --stall %v", took, stall)
	}
	by := answeredOnce(t, p, cs)
	if by[victim.Worker] > 0 {
		t.Errorf("the dead worker %d answered: %v", victim.Worker, by)
	}

	events := p.SoFar()
	kills := kit.OfKind(events, engine.KindKill)
	if len(kills) != 1 || kills[0].Worker != victim.Worker || kills[0].By != engine.BySupervisor ||
		kills[0].Detail.(engine.KillDetail).Signal != "SIGKILL" || len(kit.Of(events, victim.Worker, engine.KindStall)) != 1 {
		t.Errorf("want one stall and one SIGKILL by the supervisor to worker %d: %+v", victim.Worker, kills)
	}
	exits := kit.OfKind(events, engine.KindExit)
	if len(exits) != 1 || exits[0].Worker != victim.Worker {
		t.Fatalf("exits %+v, want that of worker %d alone", exits, victim.Worker)
	}
	if d := exits[0].Detail.(engine.ExitDetail); d.String() != "SIGKILL" || d.Voluntary || d.DealtAgain == 0 {
		t.Errorf("exit %+v, want SIGKILL, not voluntary, hand-offs dealt again", d)
	}
	forks := kit.OfKind(events, engine.KindFork)
	if last := forks[len(forks)-1]; len(forks) != 5 || last.Detail.(engine.ForkDetail).Replaces != victim.Worker || last.Slot != victim.Slot {
		t.Errorf("forks %+v, want the fifth to replace worker %d in its slot", forks, victim.Worker)
	}
}
