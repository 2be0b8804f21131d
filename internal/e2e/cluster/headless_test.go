//go:build linux

package cluster

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

var addressOf = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// startOn runs the binary with options of the test's own on an address.
func startOn(t *testing.T, addr string, env []string, args ...string) *kit.Process {
	t.Helper()
	cmd := exec.Command(muster, append(args, "--addr", addr)...)
	cmd.Env = append(os.Environ(), env...)
	return kit.Start(t, cmd, nil)
}

// printed waits until n lines hold a text, and returns those.
func printed(p *kit.Process, n int, text string) (found []string) {
	p.T.Helper()
	p.AwaitText(n, text)
	for _, line := range linesOf(p) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

func linesOf(p *kit.Process) []string {
	return strings.Split(strings.TrimSuffix(p.Stdout(), "\n"), "\n")
}

func TestHeadlessServesAndStops(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := startOn(t, "127.0.0.1:0", nil, "--headless", "--workers", "2")
			at := addressOf.FindString(printed(p, 2, " listening ")[0])
			if got := get(t, at, "/"); got != "An example of clusters\n" {
				t.Errorf("the answer is %q", got)
			}
			p.Signal(sig)
			if code := p.Code(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			count := map[string]int{}
			for _, line := range linesOf(p) {
				count[strings.Fields(line)[3]]++
			}
			for _, kind := range []string{"fork", "online", "listening", "disconnect", "exit"} {
				if count[kind] != 2 {
					t.Errorf("%d lines of kind %s for 2 workers", count[kind], kind)
				}
			}
			if p.Stderr() != "" {
				t.Errorf("stderr: %s", p.Stderr())
			}
		})
	}
}

func TestSecondSignalEndsHeadlessAtOnce(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := startOn(t, "127.0.0.1:0", nil, "--headless", "--workers", "1", "--grace", "0")
			at := addressOf.FindString(printed(p, 1, " listening ")[0])
			held := hold(t, at)
			defer held.conn.Close()
			first := syscall.SIGTERM
			if sig == first {
				first = syscall.SIGINT // the same again is not a second signal so soon
			}
			p.Signal(first)
			p.AwaitText(1, " leave ")
			p.Signal(sig)
			if code := p.Code(); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
		})
	}
}

// GNU timeout sends SIGTERM to the program and to its group, and the second one
// ended the workers at once. On a busy machine more time than counts as one may
// pass between two signals of a test, so it tries again.
func TestTwoSIGTERMsOfTimeoutEndedTheWorkersAtOnce(t *testing.T) {
	t.Parallel()
	for try := 1; ; try++ {
		p := startOn(t, "127.0.0.1:0", nil, "--headless", "--workers", "1", "--grace", "0")
		at := addressOf.FindString(printed(p, 1, " listening ")[0])
		held := hold(t, at)
		p.Signal(syscall.SIGTERM)
		p.AwaitText(1, " leave ")
		p.Signal(syscall.SIGTERM)
		held.conn.Close() // a graceful stop waits for it, without a limit
		switch code := p.Code(); {
		case code == 0:
			return
		case code != 143 || try == 5:
			t.Fatalf("exit code %d in try %d, want 0", code, try)
		}
	}
}

// hold opens a connection that a worker is busy with for a minute: it has
// answered one request on it and has the next one.
func hold(t *testing.T, at string) *client {
	t.Helper()
	c := mustDial(t, at)
	if _, err := c.ask("/"); err != nil {
		t.Fatal(err)
	}
	if err := c.send("/slow?ms=60000"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJSONIsOneEventALine(t *testing.T) {
	t.Parallel()
	p := startOn(t, "127.0.0.1:0", []string{"NODE_CLUSTER_SCHED_POLICY=none"}, "--json", "--workers", "2")
	p.AwaitText(2, `"kind":"listening"`)
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	var kinds []engine.Kind
	for i, line := range linesOf(p) {
		var e engine.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("line %d: %v: %s", i+1, err, line)
		}
		if e.Seq != uint64(i+1) {
			t.Errorf("line %d has seq %d", i+1, e.Seq)
		}
		kinds = append(kinds, e.Kind)
		if d, ok := e.Detail.(engine.SetupDetail); ok && d.Policy != engine.SchedNone {
			t.Errorf("NODE_CLUSTER_SCHED_POLICY=none gave policy %v", d.Policy)
		}
	}
	for _, k := range []engine.Kind{engine.KindSetup, engine.KindFork, engine.KindOnline, engine.KindListening, engine.KindDisconnect, engine.KindExit} {
		if !slices.Contains(kinds, k) {
			t.Errorf("no event of kind %s", k)
		}
	}
}

// --plain is the classic example program: its lines, and nobody is replaced.
func TestPlainIsTheExampleProgram(t *testing.T) {
	t.Parallel()
	p := startOn(t, "127.0.0.1:0", nil, "--plain", "--workers", "2")
	started := printed(p, 2, "started")
	want := []string{fmt.Sprintf("Master with Process ID : %d is running", p.PID)}
	want = append(want, started...)
	var pids []int
	testkit.Eventually(t, kit.Patience, func() bool { pids = testkit.WithPrimary(p.PID); return len(pids) == 2 }, "two workers") // they may not have begun their program
	for i, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		died := fmt.Sprintf("worker with Process ID : %d died", pid)
		p.AwaitText(1, died)
		want = append(want, died)
		if i == 0 && strings.Count(p.Stdout(), "started") != 2 {
			t.Error("a dead worker was replaced")
		}
	}
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d, want 0 when the last worker has gone", code)
	}
	if !slices.Equal(linesOf(p), want) {
		t.Errorf("stdout is\n%s\nwant\n%s", strings.Join(linesOf(p), "\n"), strings.Join(want, "\n"))
	}
	if p.Stderr() != "" {
		t.Errorf("stderr: %s", p.Stderr())
	}
}

// muster --headless | head: when nobody reads any more, the cluster stops.
func TestBrokenPipeStops(t *testing.T) {
	t.Parallel()
	p := startOn(t, "127.0.0.1:0", nil, "--headless", "--workers", "1")
	p.AwaitText(1, " listening ")
	p.CloseStdout()
	for _, pid := range testkit.WithPrimary(p.PID) { // something to print
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.Code(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if got := p.Stderr(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "broken pipe") {
		t.Errorf("stderr is %q, want one line", got)
	}
}

// The search for the process is a courtesy and gives up after a while: on a
// busy machine it may take a second try.
func TestTakenPortNamesItsHolder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := fmt.Sprintf("%s is in use by pid %d (", l.Addr(), os.Getpid())
	for deadline := time.Now().Add(kit.Patience); ; {
		p := startOn(t, l.Addr().String(), nil, "--headless")
		if code := p.Code(); code != 1 {
			t.Fatalf("exit code %d, want 1", code)
		}
		if strings.Contains(p.Stderr(), want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("stderr is %q, want %q", p.Stderr(), want)
		}
	}
}

func TestCrashedWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	p := startOn(t, "127.0.0.1:0", nil, "--headless", "--workers", "1")
	p.AwaitText(1, " listening ")
	for _, pid := range testkit.WithPrimary(p.PID) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.AwaitText(1, "SIGKILL, not voluntary")
	p.AwaitText(1, "replaces 1")
	p.AwaitText(2, " listening ")
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
