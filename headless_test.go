//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

var addressOf = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// get asks muster once, on a connection of its own.
func get(t *testing.T, url string) string {
	t.Helper()
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHeadlessServesAndStops(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, "--headless", "--addr", "127.0.0.1:0", "--workers", "2")
			at := addressOf.FindString(p.waitFor(2, " listening ")[0])
			if got := get(t, "http://"+at+"/"); got != "An example of clusters\n" {
				t.Errorf("the answer is %q", got)
			}
			p.signal(sig)
			if code := p.code(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			count := map[string]int{}
			for _, line := range p.lines {
				count[strings.Fields(line)[3]]++
			}
			for _, kind := range []string{"fork", "online", "listening", "disconnect", "exit"} {
				if count[kind] != 2 {
					t.Errorf("%d lines of kind %s for 2 workers", count[kind], kind)
				}
			}
			if p.stderr.Len() > 0 {
				t.Errorf("stderr: %s", p.stderr.String())
			}
		})
	}
}

func TestSecondSignalEndsHeadlessAtOnce(t *testing.T) {
	t.Parallel()
	for sig, want := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGHUP: 129} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, "--headless", "--addr", "127.0.0.1:0", "--workers", "1", "--grace", "0")
			at := addressOf.FindString(p.waitFor(1, " listening ")[0])
			held := hold(t, at)
			defer held.Close()
			first := syscall.SIGTERM
			if sig == first {
				first = syscall.SIGINT // the same again is not a second signal so soon
			}
			p.signal(first)
			p.waitFor(1, " leave ")
			p.signal(sig)
			if code := p.code(); code != want {
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
		p := start(t, nil, "--headless", "--addr", "127.0.0.1:0", "--workers", "1", "--grace", "0")
		at := addressOf.FindString(p.waitFor(1, " listening ")[0])
		held := hold(t, at)
		p.signal(syscall.SIGTERM)
		p.waitFor(1, " leave ")
		p.signal(syscall.SIGTERM)
		held.Close() // a graceful stop waits for it, without a limit
		switch code := p.code(); {
		case code == 0:
			return
		case code != 143 || try == 5:
			t.Fatalf("exit code %d in try %d, want 0", code, try)
		}
	}
}

// hold opens a connection that a worker is busy with for a minute: it has
// answered one request on it and has the next one.
func hold(t *testing.T, at string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) {
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, at); err != nil {
			t.Fatal(err)
		}
	}
	ask("/")
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Fatal(err)
	}
	ask("/slow?ms=60000")
	return c
}

func TestJSONIsOneEventALine(t *testing.T) {
	t.Parallel()
	p := start(t, []string{"NODE_CLUSTER_SCHED_POLICY=none"}, "--json", "--addr", "127.0.0.1:0", "--workers", "2")
	p.waitFor(2, `"kind":"listening"`)
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	var kinds []engine.Kind
	for i, line := range p.lines {
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
	p := start(t, nil, "--plain", "--addr", "127.0.0.1:0", "--workers", "2")
	started := p.waitFor(2, "started")
	want := []string{fmt.Sprintf("Master with Process ID : %d is running", p.cmd.Process.Pid)}
	want = append(want, started...)
	var pids []int
	testkit.Eventually(t, patience, func() bool { pids = p.workers(); return len(pids) == 2 }, "two workers") // they may not have begun their program
	for i, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		died := fmt.Sprintf("worker with Process ID : %d died", pid)
		p.waitFor(1, died)
		want = append(want, died)
		if i == 0 && len(p.matching("started")) != 2 {
			t.Error("a dead worker was replaced")
		}
	}
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, want 0 when the last worker has gone", code)
	}
	if !slices.Equal(p.lines, want) {
		t.Errorf("stdout is\n%s\nwant\n%s", strings.Join(p.lines, "\n"), strings.Join(want, "\n"))
	}
	if p.stderr.Len() > 0 {
		t.Errorf("stderr: %s", p.stderr.String())
	}
}

// muster --headless | head: when nobody reads any more, the cluster stops.
func TestBrokenPipeStops(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--headless", "--addr", "127.0.0.1:0", "--workers", "1")
	p.waitFor(1, " listening ")
	p.stdout.Close()
	for _, pid := range p.workers() { // something to print
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if got := p.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "broken pipe") {
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
	for deadline := time.Now().Add(patience); ; {
		p := start(t, nil, "--headless", "--addr", l.Addr().String())
		if code := p.code(); code != 1 {
			t.Fatalf("exit code %d, want 1", code)
		}
		if strings.Contains(p.stderr.String(), want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("stderr is %q, want %q", p.stderr.String(), want)
		}
	}
}

func TestCrashedWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "--headless", "--addr", "127.0.0.1:0", "--workers", "1")
	p.waitFor(1, " listening ")
	for _, pid := range p.workers() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.waitFor(1, "SIGKILL, not voluntary")
	p.waitFor(1, "replaces 1")
	p.waitFor(2, " listening ")
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}
