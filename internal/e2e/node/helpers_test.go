//go:build linux

package node

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// helpersOf waits until all helpers of a worker of helpers.js are up, and returns
// their numbers by kind.
func helpersOf(l *kit.Log, worker int) map[string]int {
	l.T.Helper()
	var of map[string]int
	l.Await(fmt.Sprintf("the helpers of worker %d", worker), func(events []engine.Event) bool {
		of = make(map[string]int)
		for _, e := range kit.OfKind(events, engine.KindOutput) {
			if f := strings.Fields(line(e)); e.Worker == worker && len(f) == 3 && f[0] == "helper" {
				of[f[1]], _ = strconv.Atoi(f[2])
			}
		}
		return len(of) == 5
	})
	l.T.Cleanup(func() {
		for _, pid := range of { // after a failure
			if l.T.Failed() && alive(pid) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return of
}

// alive tells whether a process lives; a zombie does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := strings.LastIndexByte(string(b), ')')
	return err == nil && i > 0 && !strings.ContainsRune("ZX", rune(b[i+2]))
}

// holder asks who holds a port.
func holder(addr string) int {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0
	}
	defer c.Close()
	b, _ := io.ReadAll(c)
	pid, _ := strconv.Atoi(string(b))
	return pid
}

// A helper that outlived its worker kept its port, and the next worker's could not
// start. However a worker ends, its helpers go, and the next one's come up.
func TestNodeHelpersOutlivedTheirWorker(t *testing.T) {
	t.Parallel()
	needNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().String()
	l.Close()
	_, number, _ := net.SplitHostPort(port)
	p := runMuster(t, muster{
		args: []string{"--json", "--workers", "1", "--kill-timeout", "500ms", "--grace", "1s"},
		env:  []string{"PORT=" + number},
	}, "node", "helpers.js")
	for worker, end := range []func(pid int){
		func(pid int) { signalTo(t, pid, syscall.SIGKILL) },
		func(int) { get(t, p.Addr(), "/exit") },
	} {
		worker++
		helpers := helpersOf(p.Log, worker)
		if pid := holder(port); pid != helpers["port"] {
			t.Errorf("process %d has the port, the helper of worker %d is %d", pid, worker, helpers["port"])
		}
		end(p.AwaitOf(worker, engine.KindFork).PID)
		p.AwaitOf(worker, engine.KindExit)
		for kind, pid := range helpers {
			testkit.Eventually(t, kit.Patience, func() bool { return !alive(pid) }, fmt.Sprintf("%s, %d, of worker %d has gone", kind, pid, worker))
		}
		d := p.AwaitOf(worker, engine.KindOrphans).Detail.(engine.OrphansDetail)
		if !strings.Contains(d.String(), fmt.Sprintf("(pid %d)", helpers["port"])) { // the name may be cut
			t.Errorf("told: %s", d)
		}
	}
	last := helpersOf(p.Log, 3)
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for kind, pid := range last {
		if alive(pid) {
			t.Errorf("%s, %d, lives when muster has ended", kind, pid)
		}
	}
}

func signalTo(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// The same by the API: a restart, whose new worker is up before the old one
// leaves, a kill, a disconnect.
func TestNodeHelpersOutlivedARestart(t *testing.T) {
	t.Parallel()
	c := start(t, "helpers.js", workers(1), env("PORT=0"), grace(500*time.Millisecond), func(o *scene) {
		o.Adopt, o.KillTimeout = engine.AdoptWorkers, 500*time.Millisecond
	})
	old := helpersOf(c.Log, 1)
	c.do(engine.Command{Op: engine.OpRestart, Worker: 1})
	next := helpersOf(c.Log, 2)
	c.AwaitOf(1, engine.KindExit)
	gone := func(of map[string]int) {
		t.Helper()
		for kind, pid := range of {
			if kind == "bare" {
				continue // without its mark and its parent, in a program that may start others
			}
			testkit.Eventually(t, kit.Patience, func() bool { return !alive(pid) }, kind+" has gone")
		}
	}
	gone(old)
	for kind, pid := range next {
		if !alive(pid) {
			t.Errorf("the helper %s of the new worker was ended", kind)
		}
	}
	c.do(engine.Command{Op: engine.OpKill, Worker: 2})
	c.AwaitOf(2, engine.KindExit)
	gone(next)
	_ = syscall.Kill(old["bare"], syscall.SIGKILL)
	_ = syscall.Kill(next["bare"], syscall.SIGKILL)
}
