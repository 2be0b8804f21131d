//go:build linux

package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/testkit"
)

// piped is a muster whose output is a pipe.
type piped struct {
	t      *testing.T
	cmd    *exec.Cmd
	pid    int
	addr   string
	exited chan struct{} // closed when all is read and the process waited for

	mu  sync.Mutex
	out bytes.Buffer
	err bytes.Buffer
}

// openPiped starts muster without a terminal, on an address nobody had a
// moment ago: not every form of output tells which one port 0 became.
func openPiped(t *testing.T, env []string, args ...string) *piped {
	t.Helper()
	p := &piped{t: t, addr: testkit.FreePort(t), exited: make(chan struct{})}
	p.cmd = exec.Command(muster, append(args, "--addr", p.addr)...)
	p.cmd.Env = environment(env...)
	p.cmd.Stdout, p.cmd.Stderr = writer{p, &p.out}, writer{p, &p.err}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = p.cmd.Process.Pid
	go func() { // ends with the process, which the cleanup ends
		_ = p.cmd.Wait() // the code is read from ProcessState
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		noneLeft(t, p.pid, promised)
		sane(t, p.err.String())
		if t.Failed() {
			t.Logf("stdout %.20000q\nstderr %.2000q", p.out.String(), p.err.String())
		}
	})
	return p
}

// writer is a buffer under p's lock.
type writer struct {
	p *piped
	b *bytes.Buffer
}

func (w writer) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.b.Write(b)
}

func (p *piped) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// await waits until the output has n times a text.
func (p *piped) await(n int, text string) {
	p.t.Helper()
	if !testkit.Within(patience, func() bool { return strings.Count(p.output(), text) >= n }) {
		p.t.Fatalf("never saw %d times %q", n, text)
	}
}

// attack sends every hostile path, and a line of a megabyte.
func (p *piped) attack() {
	p.t.Helper()
	for i := range hostileTexts {
		request(p.t, p.addr, hostileTexts[i].target(), true).Close()
	}
	longLine(p.t, p.pid)
}

// stop asks muster to end and checks that it does so in order.
func (p *piped) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("muster does not end")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("exit code %d", code)
	}
	if errs := p.err.String(); errs != "" {
		p.t.Errorf("on stderr: %q", errs)
	}
}

const (
	longLength = 1 << 20
	longMark   = "long line: "
	longKept   = 4 << 10 // as much of a line as the engine keeps
	afterLong  = "after the long line"
)

// longLine has a worker of primary print a line of a megabyte: it is too long
// for the environment and for a request, so it is written to the worker's own
// stdout from outside.
func longLine(t *testing.T, primary int) {
	t.Helper()
	workers := testkit.WithPrimary(primary)
	if len(workers) == 0 {
		t.Fatal("no worker to print the long line")
	}
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/1", workers[0]), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, longMark+strings.Repeat("x\x1b]0;owned", longLength/10)+"\n"+afterLong+"\n"); err != nil {
		t.Fatal(err)
	}
}

// | 15 | hostile text (escape sequences, C1, bidi, CR, 1 MB line, invalid
// UTF-8) in worker output and request path | rendered visible, one line, right
// width; in dashboard, plain and JSON |
//
// This is the part about lines for people.
func TestCheck15HostileTextInLines(t *testing.T) {
	t.Parallel()
	p := openPiped(t, []string{hostileOutput(), pathsPrinted}, "--headless", "--workers", "1")
	p.await(1, " listening ")
	p.attack()
	p.await(1, afterLong)
	p.stop()

	if why := textProblem(p.output()); why != "" {
		t.Error(why)
	}
	lines := strings.Split(strings.TrimSuffix(p.output(), "\n"), "\n")
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +(?:\d+|-)  [a-z_]+ `)
	for i := range lines {
		if !stamp.MatchString(lines[i]) {
			t.Errorf("line %d is not an event of its own: %q", i, lines[i])
		}
		if strings.Contains(lines[i], longMark) && len(lines[i]) > 2*longKept {
			t.Errorf("%d bytes were printed of the long line", len(lines[i]))
		}
		lines[i] = spaced(lines[i])
	}
	for i := range hostileTexts {
		h := &hostileTexts[i]
		once(t, lines, " stdout "+spaced(h.shown("out")))
		once(t, lines, " stdout path /"+spaced(h.shown("req")))
	}
	once(t, lines, " stdout "+longMark)
}

// once checks that exactly one line has a text.
func once(t *testing.T, lines []string, text string) {
	t.Helper()
	n := 0
	for _, l := range lines {
		if strings.Contains(l, text) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d lines with %q, want 1", n, text)
	}
}

// The part about JSON: escaped, and nothing lost but what is no text at all.
func TestCheck15HostileTextInJSON(t *testing.T) {
	t.Parallel()
	p := openPiped(t, []string{hostileOutput(), pathsPrinted}, "--json", "--workers", "1")
	p.await(1, `"listening"`)
	p.attack()
	p.await(1, afterLong)
	p.stop()

	if why := textProblem(p.output()); why != "" {
		t.Error(why)
	}
	var texts []string
	for line := range strings.Lines(p.output()) {
		var e struct {
			Kind   string
			Detail struct{ Text string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if e.Kind == "output" {
			texts = append(texts, e.Detail.Text+"\n")
		}
		if len(line) > 6*longKept+200 { // every byte escaped
			t.Errorf("an event of %d bytes", len(line))
		}
	}
	for i := range hostileTexts {
		h := &hostileTexts[i]
		once(t, texts, h.text("out")+"\n")
		once(t, texts, "path /"+h.text("req")+"\n")
	}
	once(t, texts, longMark)
}

// The part about the page's own lines: what workers print is not among them.
func TestCheck15HostileTextInPlain(t *testing.T) {
	t.Parallel()
	p := openPiped(t, []string{hostileOutput(), pathsPrinted}, "--plain", "--workers", "2")
	p.await(2, "started\n")
	p.attack()
	p.stop()
	page := regexp.MustCompile(`^Master with Process ID : \d+ is running\n(?:Worker with Process ID : \d+ started\n){2}(?:worker with Process ID : \d+ died\n){2}$`)
	if !page.MatchString(p.output()) {
		t.Errorf("not the page's lines: %q", p.output())
	}
}
