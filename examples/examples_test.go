//go:build linux

// Package examples tests the programs in the folders below it as their users
// run them.
package examples

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/testkit"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// bin is where TestMain has put the programs.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "muster-examples")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	args := []string{"build", "-o", dir + "/"}
	if testkit.Race {
		args = append(args, "-race")
	}
	args = append(args, "./cluster", "./messages", "./dashboard", "./server")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// program is an example that runs. Its stdout and stderr come line by line.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout chan string // closed at its end
	stderr bytes.Buffer
	ended  chan struct{}
}

// start starts an example with two workers, if it forks by CPUs. The end of the
// test ends it, and checks that nothing of it is left.
func start(t *testing.T, name string, env ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(filepath.Join(bin, name)), stdout: make(chan string, 100), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS=2", "GORACE=atexit_sleep_ms=0")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Check(t, p.pid())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it should have ended
		<-p.ended
		if p.stderr.Len() > 0 {
			t.Errorf("stderr of %s: %s", name, p.stderr.String())
		}
	})
	go func() { // ends with the process and its workers, which the cleanup ends
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.stdout <- lines.Text()
		}
		close(p.stdout)
		_ = p.cmd.Wait() // the code is read from ProcessState
		close(p.ended)
	}()
	return p
}

func (p *program) pid() int { return p.cmd.Process.Pid }

// line is the next line of stdout.
func (p *program) line() string {
	p.t.Helper()
	select {
	case s, ok := <-p.stdout:
		if !ok {
			p.t.Fatal("no more output")
		}
		return s
	case <-time.After(patience):
		p.t.Fatalf("no line within %v", patience)
	}
	return ""
}

// pidIn is the pid in the next line of stdout, which has this form.
func (p *program) pidIn(form string) int {
	p.t.Helper()
	s := p.line()
	m := regexp.MustCompile("^" + strings.Replace(regexp.QuoteMeta(form), "N", `(\d+)`, 1) + "$").FindStringSubmatch(s)
	if m == nil {
		p.t.Fatalf("line %q, want %q", s, form)
	}
	pid, err := strconv.Atoi(m[1])
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// end waits for the end and returns what stdout still had. It must end with 0.
func (p *program) end() (rest []string) {
	p.t.Helper()
	late := time.After(patience)
	for {
		select {
		case s, ok := <-p.stdout:
			if ok {
				rest = append(rest, s)
				continue
			}
			select {
			case <-p.ended:
			case <-late:
				p.t.Fatal("it does not end")
			}
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				p.t.Errorf("it has ended with %v, want 0", p.cmd.ProcessState)
			}
			return rest
		case <-late:
			p.t.Fatal("it does not end")
		}
	}
}

func (p *program) signal(pid int, sig syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		p.t.Fatalf("%v to %d: %v", sig, pid, err)
	}
}

// workers waits until there are n workers, sorted, other than those of but.
func (p *program) workers(n int, but ...int) []int {
	p.t.Helper()
	var pids []int
	testkit.Eventually(p.t, patience, func() bool {
		pids = testkit.WithPrimary(p.pid())
		gone := !slices.ContainsFunc(pids, func(pid int) bool { return slices.Contains(but, pid) })
		return len(pids) == n && gone
	}, fmt.Sprintf("%d workers", n))
	slices.Sort(pids)
	return pids
}

// freeAddr is an address nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// get is the answer of a program that has started, or is about to listen.
func get(t *testing.T, addr string) (body string) {
	t.Helper()
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	testkit.Eventually(t, patience, func() bool {
		res, err := client.Get("http://" + addr)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		body = string(b)
		return err == nil && res.StatusCode == http.StatusOK
	}, "an answer of "+addr)
	return body
}

// mustBeFree checks that nobody listens on an address any more.
func mustBeFree(t *testing.T, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Errorf("the port is not free: %v", err)
		return
	}
	ln.Close()
}

func TestCluster(t *testing.T) {
	addr := freeAddr(t)
	p := start(t, "cluster", "ADDR="+addr)
	if pid := p.pidIn("Master with Process ID : N is running"); pid != p.pid() {
		t.Errorf("the master's pid is %d, want %d", pid, p.pid())
	}
	var started []int
	for range 2 {
		started = append(started, p.pidIn("Worker with Process ID : N started"))
	}
	slices.Sort(started)
	if got := p.workers(2); !slices.Equal(got, started) {
		t.Errorf("processes %v, lines of %v", got, started)
	}
	const page = "An example of clusters\n"
	if got := get(t, addr); got != page {
		t.Errorf("the answer is %q", got)
	}

	p.signal(started[0], syscall.SIGKILL)
	if pid := p.pidIn("worker with Process ID : N died"); pid != started[0] {
		t.Errorf("%d died, want %d", pid, started[0])
	}
	for range 4 { // the other one
		if got := get(t, addr); got != page {
			t.Errorf("the answer after a death is %q", got)
		}
	}
	select { // a replacement would be there by now
	case line := <-p.stdout:
		t.Errorf("after a death: %q", line)
	case <-time.After(time.Second):
	}
	p.signal(p.pid(), syscall.SIGTERM)
	want := []string{fmt.Sprintf("worker with Process ID : %d died", started[1])}
	if rest := p.end(); !slices.Equal(rest, want) {
		t.Errorf("at the end %q, want %q: it forks nothing again", rest, want)
	}
	mustBeFree(t, addr)
}

// With its last worker the program ends, as in Node.
func TestClusterEndsWithItsWorkers(t *testing.T) {
	p := start(t, "cluster", "ADDR="+freeAddr(t))
	p.line()
	started := []int{p.pidIn("Worker with Process ID : N started"), p.pidIn("Worker with Process ID : N started")}
	for _, pid := range started {
		p.signal(pid, syscall.SIGKILL)
	}
	if rest := p.end(); len(rest) != 2 {
		t.Errorf("the last lines are %q, want one for each worker", rest)
	}
}

func TestServer(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			addr := freeAddr(t)
			p := start(t, "server", "ADDR="+addr)
			before := p.workers(2)
			seen := map[string]bool{}
			for range 4 { // dealt in turn once both listen
				seen[get(t, addr)] = true
			}
			for body := range seen {
				if body != "hello from worker 1\n" && body != "hello from worker 2\n" {
					t.Errorf("the answer is %q", body)
				}
			}
			p.signal(before[0], syscall.SIGKILL)
			after := p.workers(2, before[0])
			if slices.Contains(after, before[0]) || !slices.Contains(after, before[1]) {
				t.Errorf("workers %v, then %v: want the one that was killed replaced", before, after)
			}
			get(t, addr)
			p.signal(p.pid(), sig)
			if rest := p.end(); len(rest) > 0 {
				t.Errorf("output %q", rest)
			}
			mustBeFree(t, addr)
		})
	}
}

func TestMessages(t *testing.T) {
	p := start(t, "messages")
	want := []string{
		"worker 1: the square of 7 is 49",
		"worker 1: the square of 12 is 144",
		"on a connection: worker 1 at your service",
		"on a socket that listens: worker 1 at your service",
	}
	if got := p.end(); !slices.Equal(got, want) {
		t.Errorf("output %q, want %q", got, want)
	}
}
