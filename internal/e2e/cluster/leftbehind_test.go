//go:build linux

package cluster

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// | 6 | kill -9 P; after 1 s look for MUSTER_PRIMARY=P in every
// /proc/PID/environ | none; the same command starts again on the same port |
func TestCheck06KillPrimary(t *testing.T) {
	t.Parallel()
	addr := testkit.FreePort(t)
	args := []string{"--workers", "4", "--addr", addr}
	p := startMuster(t, nil, nil, args...)
	p.ends.killed = true
	up := p.AwaitKind(4, engine.KindListening)
	busy(t, addr)
	stop(t, up[0].PID) // one that cannot notice anything
	if n := len(testkit.WithPrimary(p.PID)); n != 4 {
		t.Fatalf("%d processes carry the mark, want the 4 workers", n)
	}
	p.Signal(syscall.SIGKILL)
	p.Code()
	kit.NoneLeft(t, p.PID, kit.Promised)

	again := startMuster(t, nil, nil, args...)
	again.AwaitKind(4, engine.KindListening)
	if got := get(t, addr, "/"); got != page {
		t.Errorf("the answer is %q", got)
	}
}

// busy keeps workers busy to the end of the test, or their own: one computes,
// one has a kept connection.
func busy(t *testing.T, addr string) {
	t.Helper()
	if err := mustDial(t, addr).send("/burn?ms=60000"); err != nil {
		t.Fatal(err)
	}
	if _, err := mustDial(t, addr).ask("/"); err != nil {
		t.Fatal(err)
	}
}

// Point 6, without a terminal: however the primary exits, no worker lives, the
// port is free, and the text of a panic can be read.
func TestNothingLeftBehind(t *testing.T) {
	for name, end := range map[string]struct {
		signal syscall.Signal
		place  string // of a panic, in a test build
		code   int
		says   string
	}{
		"SIGTERM":         {signal: syscall.SIGTERM},
		"SIGINT":          {signal: syscall.SIGINT},
		"SIGHUP":          {signal: syscall.SIGHUP},
		"panic in loop":   {place: "loop", code: 1, says: "test panic in the loop"},
		"panic elsewhere": {place: "task", code: 1, says: "test panic in a goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := testkit.FreePort(t)
			p := startMuster(t, []string{"MUSTER_TEST_PANIC=" + end.place}, nil, "--workers", "3", "--addr", addr, "--grace", "1s")
			if end.signal != 0 {
				p.AwaitKind(3, engine.KindListening)
				busy(t, addr) // for longer than the grace
				p.Signal(end.signal)
			}
			p.ends.panics = end.place != ""
			if code := p.Code(); code != end.code {
				t.Errorf("exit code %d, want %d", code, end.code)
			}
			if left := testkit.WithPrimary(p.PID); end.place == "" && len(left) > 0 {
				t.Errorf("workers %v live when the primary has ended", left)
			}
			kit.NoneLeft(t, p.PID, kit.Promised)
			if !strings.Contains(p.Stderr(), end.says) {
				t.Errorf("stderr does not say %q", end.says)
			}
			l, err := net.Listen("tcp", addr)
			if err != nil {
				t.Fatalf("the port is not free: %v", err)
			}
			l.Close()
		})
	}
}

// A second signal does not wait for anything.
func TestNothingLeftBehindByTwoSignals(t *testing.T) {
	t.Parallel()
	addr := testkit.FreePort(t)
	p := startMuster(t, nil, nil, "--workers", "3", "--addr", addr, "--grace", "0")
	p.ends.killed = true
	up := p.AwaitKind(3, engine.KindListening)
	busy(t, addr)
	stop(t, up[2].PID)
	p.Signal(syscall.SIGTERM)
	p.AwaitKind(3, engine.KindLeave)
	asked := time.Now()
	p.Signal(syscall.SIGINT) // another one: the same is not a second signal so soon
	if code := p.Code(); code != 128+int(syscall.SIGINT) {
		t.Errorf("exit code %d, want 130", code)
	}
	if took := time.Since(asked); took > 4500*time.Millisecond { // an end at once may take 5 s
		t.Errorf("ended %v after the second signal", took)
	}
	kit.NoneLeft(t, p.PID, kit.Promised)
}
