//go:build linux

package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// Ways for a shell to leave something behind; each says its number. Only
// SIGKILL ends them.
const (
	leavesChild  = `sh -c 'trap "" TERM; echo helper $$; exec sleep 600 3>&-' &`
	leavesDaemon = `setsid sh -c 'trap "" TERM; (sleep 600 3>&- & echo helper $!)';`
	leavesBare   = `env -i setsid sh -c 'trap "" TERM; echo helper $$; exec sleep 600 3>&-' &`
	thenWaits    = `echo up; read x <&3`
)

// startShell runs muster with a shell as the workers.
func startShell(t *testing.T, env []string, script string, args ...string) *run {
	t.Helper()
	cmd := exec.Command(muster, append(append([]string{"run", "--json"}, args...), "--", "/bin/sh", "-c", script)...)
	cmd.Env = append(os.Environ(), env...)
	return start(t, cmd)
}

// helpers waits until n lines "helper PID" and the line up came of each of some
// workers, and returns the numbers.
func (p *run) helpers(workers, n int) (pids []int) {
	p.T.Helper()
	p.Await(fmt.Sprintf("%d helpers of %d workers", n, workers), func(events []engine.Event) bool {
		var up int
		up, pids = helpersIn(events)
		return up >= workers && len(pids) >= workers*n
	})
	p.T.Cleanup(func() {
		for _, pid := range pids {
			if !testkit.Within(kit.Promised, func() bool { return !lives(pid) }) {
				p.T.Errorf("helper %d is left", pid)
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return pids
}

func helpersIn(events []engine.Event) (up int, pids []int) {
	for _, e := range kit.OfKind(events, engine.KindOutput) {
		text := e.Detail.(engine.OutputDetail).Text
		if text == "up" {
			up++
		}
		if pid, err := strconv.Atoi(strings.TrimPrefix(text, "helper ")); err == nil {
			pids = append(pids, pid)
		}
	}
	return up, pids
}

// status is the letter of a process's state and its parent; 0 if it is gone.
func status(pid int) (state byte, parent int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := strings.LastIndexByte(string(b), ')')
	if err != nil || i < 0 {
		return 0, 0
	}
	f := strings.Fields(string(b[i+1:]))
	parent, _ = strconv.Atoi(f[1])
	return f[0][0], parent
}

func lives(pid int) bool {
	s, _ := status(pid)
	return s != 0 && s != 'Z' && s != 'X'
}

// However muster ends, what its workers have started ends before it, or with it.
func TestWhatWorkersStartedOutlivedMuster(t *testing.T) {
	for name, end := range map[string]struct {
		signals []syscall.Signal
		place   string // of a panic, in a test build, soon after the start
		kill    string // --kill-timeout
		code    int
	}{
		"stop":            {signals: []syscall.Signal{syscall.SIGTERM}, kill: "300ms"},
		"second signal":   {signals: []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, kill: "10m", code: 130},
		"panic in loop":   {place: "loop", kill: "10m", code: 1},
		"panic elsewhere": {place: "task", kill: "10m", code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startShell(t, []string{"MUSTER_TEST_PANIC=" + end.place}, leavesChild+leavesDaemon+leavesBare+thenWaits,
				"--workers", "2", "--kill-timeout", end.kill)
			p.ends.killed, p.ends.panics = len(end.signals) > 1, end.place != ""
			if end.place == "" {
				p.helpers(2, 3)
			}
			for _, sig := range end.signals {
				p.Signal(sig)
				if sig == syscall.SIGTERM {
					p.AwaitKind(2, engine.KindLeave)
				}
			}
			if code := p.Code(); code != end.code {
				t.Errorf("exit code %d, want %d", code, end.code)
			}
			_, pids := helpersIn(p.SoFar())
			for _, pid := range pids {
				if lives(pid) {
					t.Errorf("helper %d lives when muster has ended", pid)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		})
	}
}

// Whoever wants them to live says so.
func TestKeepChildren(t *testing.T) {
	t.Parallel()
	p := startShell(t, nil, leavesChild+leavesDaemon+leavesBare+thenWaits, "--workers", "1", "--keep-children")
	pids := p.helpers(1, 3)
	worker := p.AwaitKind(1, engine.KindFork)[0].PID
	kill(t, worker)
	again := p.helpers(2, 3)
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, pid := range again {
		if !lives(pid) {
			t.Errorf("helper %d was ended", pid)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if len(again) != 6 || !slices.Equal(again[:3], pids) {
		t.Errorf("helpers %v, %v", pids, again)
	}
	if n := len(kit.OfKind(p.SoFar(), engine.KindOrphans)); n > 0 {
		t.Errorf("%d events tell of an end", n)
	}
}

// A process of the load, of a shell that became muster, of somebody who joins
// its namespace: muster ends what workers started and nothing else.
func TestStrangersWereEnded(t *testing.T) {
	t.Parallel()
	// The shell's child is muster's after the exec, and leaves an orphan to it.
	cmd := exec.Command("/bin/sh", "-c",
		`sh -c 'sleep 0.3; sleep 600 >/dev/null & echo helper $!; exec sleep 600' >"$2" 2>/dev/null & exec "$1" run --json --workers 1 -- sh -c 'sleep 600 3>&- & echo helper $!; echo up; read x <&3'`,
		"sh", muster, t.TempDir()+"/said")
	cmd.Env = os.Environ()
	said := cmd.Args[len(cmd.Args)-1]
	p := start(t, cmd)
	own := p.helpers(1, 1)
	var theirs int
	testkit.Eventually(t, kit.Patience, func() bool {
		b, _ := os.ReadFile(said)
		_, err := fmt.Sscanf(string(b), "helper %d", &theirs)
		return err == nil
	}, "the shell's child has one too")
	_, brother := status(theirs)
	if _, parent := status(brother); parent != p.PID {
		t.Fatalf("its parent %d is a child of %d, muster is %d", brother, parent, p.PID)
	}
	if err := syscall.Kill(brother, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, kit.Patience, func() bool { _, parent := status(theirs); return parent == p.PID }, "it is adopted")
	kill(t, p.AwaitKind(1, engine.KindFork)[0].PID)
	p.AwaitKind(1, engine.KindOrphans)
	p.helpers(2, 1)
	p.Signal(syscall.SIGTERM)
	p.Code()
	if !lives(theirs) {
		t.Error("what no worker has started was ended")
	}
	_ = syscall.Kill(theirs, syscall.SIGKILL)
	if lives(own[0]) {
		t.Error("what a worker has started lives")
	}
}

// As process 1 everything comes to muster whose parent has ended. It reaps
// that, and ends only what is its workers'.
func TestZombiesPiledUpWithProcess1(t *testing.T) {
	t.Parallel()
	const orphans = 20
	cmd := exec.Command("/bin/sh", "-c", `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`, "sh",
		muster, "run", "--json", "--workers", "1", "--kill-timeout", "300ms", "--", "/bin/sh", "-c",
		fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); (sh -c 'sleep 0.1; echo ended' 3>&- &); done;`, orphans)+
			`setsid sh -c 'trap "" TERM; exec sleep 601 3>&-' & `+thenWaits)
	cmd.Env = os.Environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if err := exec.Command("unshare", "--pid", "--mount", "--fork", "mount", "--make-rprivate", "/").Run(); err != nil {
		t.Skipf("no PID namespace of one's own here: %v", err)
	}
	p := start(t, cmd)
	ended := func(n int) {
		t.Helper()
		p.Await(fmt.Sprintf("%d orphans have ended", n), func(events []engine.Event) bool {
			have := 0
			for _, e := range kit.OfKind(events, engine.KindOutput) {
				if e.Detail.(engine.OutputDetail).Text == "ended" {
					have++
				}
			}
			return have >= n
		})
	}
	ended(orphans)
	testkit.Eventually(t, kit.Patience, func() bool { return len(childrenOf(p.PID, 'Z')) == 0 }, "the zombies of workers are reaped")

	// Somebody who joins, as docker exec does, has no mark. What was left lives
	// until it is killed, and then is reaped too.
	join := exec.Command("nsenter", "--target", strconv.Itoa(p.PID), "--pid", "--mount", "/bin/sh", "-c", `sleep 602 >/dev/null 2>&1 &`)
	if out, err := join.CombinedOutput(); err != nil {
		t.Fatalf("nsenter: %v: %s", err, out)
	}
	before := childrenOf(p.PID, 0)
	if len(before) != 2 {
		t.Fatalf("children %v, want the worker and what has joined", before)
	}
	worker := p.AwaitKind(1, engine.KindFork)[0]
	var hostPID, joined int
	for _, pid := range before {
		if strings.Contains(commandOf(pid), "602") {
			joined = pid
		} else {
			hostPID = pid
		}
	}
	kill(t, hostPID)
	p.Await("what the worker has left is killed", func(events []engine.Event) bool {
		for _, e := range kit.OfKind(events, engine.KindOrphans) {
			if e.Worker == worker.Worker && e.Detail.(engine.OrphansDetail).Signal == "SIGKILL" {
				return true
			}
		}
		return false
	})
	if !lives(joined) {
		t.Error("what has joined was ended")
	}
	kill(t, joined)
	testkit.Eventually(t, kit.Patience, func() bool { s, _ := status(joined); return s == 0 }, "it is reaped")
	ended(2 * orphans) // of the replacement
	testkit.Eventually(t, kit.Patience, func() bool { return len(childrenOf(p.PID, 'Z')) == 0 }, "nor are zombies left")
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// childrenOf lists the children of a process, those in a state if it is not 0.
func childrenOf(parent int, state byte) (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if s, p := status(pid); p == parent && (state == 0 || s == state) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func commandOf(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(b)
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}
