//go:build linux

package node

import (
	"bufio"
	"bytes"
	"fmt"
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

const page = "An example of clusters\n"

// The lesson's program takes its worker branch, its lines are in the log, and
// nobody forks a second cluster.
func TestNodeSeedUnderMuster(t *testing.T) {
	t.Parallel()
	c := start(t, "node "+seed, workers(3), env("PORT=0"))
	up := c.AwaitKind(3, engine.KindListening)
	for range 6 {
		if got := get(t, c.Addr(), "/"); got != page {
			t.Fatalf("the answer is %q", got)
		}
	}
	for _, e := range up {
		want := fmt.Sprintf("Worker with Process ID : %d started", e.PID)
		if got := c.AwaitLines(1, want); got[0].Worker != e.Worker || line(got[0]) != want {
			t.Errorf("%q comes from worker %d, want %d", line(got[0]), got[0].Worker, e.Worker)
		}
	}
	for _, e := range kit.OfKind(c.SoFar(), engine.KindOutput) {
		if strings.Contains(line(e), "Master") {
			t.Errorf("a worker thinks it is a primary: %q", line(e))
		}
	}
}

// Under plain node it is the program of the page.
func TestNodeSeedAlone(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	addr := testkit.FreePort(t)
	cmd := exec.Command(node, seed)
	cmd.Env = append(os.Environ(), "PORT="+port(addr))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1024)
	go func() { // ends with the program
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // its workers leave when their channel ends
		for range lines {
		}
		_ = cmd.Wait() // killed
	})
	next := func() string {
		t.Helper()
		select {
		case s, ok := <-lines:
			if !ok {
				t.Fatalf("it ended: %s", stderr.Bytes())
			}
			return s
		case <-time.After(kit.Patience):
			t.Fatal("no more lines")
		}
		return ""
	}
	if got, want := next(), fmt.Sprintf("Master with Process ID : %d is running", cmd.Process.Pid); got != want {
		t.Fatalf("the first line is %q, want %q", got, want)
	}
	started := regexp.MustCompile(`^Worker with Process ID : (\d+) started$`)
	var pids []int
	for range cpus(t, node) {
		s := next()
		m := started.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("%q is not the line of a worker", s)
		}
		pids = append(pids, atoi(t, m[1]))
	}
	waitServed(t, addr)
	if got := get(t, addr, "/"); got != page {
		t.Errorf("the answer is %q", got)
	}
	if err := syscall.Kill(pids[0], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got, want := next(), fmt.Sprintf("worker with Process ID : %d died", pids[0]); got != want {
		t.Errorf("after the kill: %q, want %q", got, want)
	}
	if slices.Contains(pids, cmd.Process.Pid) {
		t.Error("the primary is a worker too")
	}
}

func cpus(t *testing.T, node string) int {
	t.Helper()
	out, err := exec.Command(node, "-p", "os.cpus().length").Output()
	if err != nil {
		t.Fatal(err)
	}
	return atoi(t, strings.TrimSpace(string(out)))
}

// --plain prints the page's own lines.
func TestNodeSeedPlain(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	b := runMuster(t, muster{args: []string{"--plain", "--workers", "2"}, env: []string{"PORT=0"}}, node, seed)
	b.AwaitText(2, "started")
	b.Signal(syscall.SIGTERM)
	if code := b.Code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	text := b.Stdout()
	want := regexp.MustCompile(`\AMaster with Process ID : (\d+) is running\n` +
		`(Worker with Process ID : \d+ started\n){2}(worker with Process ID : \d+ died\n){2}\z`)
	m := want.FindStringSubmatch(text)
	if m == nil || m[1] != fmt.Sprint(b.PID) {
		t.Errorf("it printed:\n%s", text)
	}
}
