//go:build linux

package screen

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// piped is a muster whose output is a pipe.
type piped struct {
	*kit.Process
	addr string
}

// openPiped starts muster without a terminal, on an address nobody had a
// moment ago: not every form of output tells which one port 0 became.
func openPiped(t *testing.T, env []string, args ...string) *piped {
	t.Helper()
	p := &piped{addr: testkit.FreePort(t)}
	cmd := exec.Command(muster, append(args, "--addr", p.addr)...)
	cmd.Env = environment(env...)
	p.Process = kit.Start(t, cmd, nil)
	t.Cleanup(func() { sane(t, p.Stderr()) })
	return p
}

// attack sends every hostile path, and a line of a megabyte.
func (p *piped) attack() {
	p.T.Helper()
	for i := range hostileTexts {
		request(p.T, p.addr, hostileTexts[i].target(), true).Close()
	}
	longLine(p.T, p.PID)
}

// stop asks muster to end and checks that it does so in order.
func (p *piped) stop() {
	p.T.Helper()
	p.Signal(syscall.SIGTERM)
	if code := p.Code(); code != 0 {
		p.T.Errorf("exit code %d", code)
	}
	if errs := p.Stderr(); errs != "" {
		p.T.Errorf("on stderr: %q", errs)
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
	p.AwaitText(1, " listening ")
	p.attack()
	p.AwaitText(1, afterLong)
	p.stop()

	if why := textProblem(p.Stdout()); why != "" {
		t.Error(why)
	}
	lines := strings.Split(strings.TrimSuffix(p.Stdout(), "\n"), "\n")
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
	p.AwaitText(1, `"listening"`)
	p.attack()
	p.AwaitText(1, afterLong)
	p.stop()

	if why := textProblem(p.Stdout()); why != "" {
		t.Error(why)
	}
	var texts []string
	for line := range strings.Lines(p.Stdout()) {
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
	p.AwaitText(2, "started\n")
	p.attack()
	p.stop()
	page := regexp.MustCompile(`^Master with Process ID : \d+ is running\n(?:Worker with Process ID : \d+ started\n){2}(?:worker with Process ID : \d+ died\n){2}$`)
	if !page.MatchString(p.Stdout()) {
		t.Errorf("not the page's lines: %q", p.Stdout())
	}
}
