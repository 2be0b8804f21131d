//go:build unix

package quietterm_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// A terminal that never answers must not be asked, under any name: the program
// reaches main at once, and finds TERM as it was.
func TestImportAsksTheTerminalNothing(t *testing.T) {
	// Opened so that a change of it makes a cached test result void.
	if _, err := os.ReadFile("testdata/child/main.go"); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "child")
	if out, err := exec.Command("go", "build", "-o", bin, "./testdata/child").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	tests := []struct {
		name string
		env  []string // TERM and what goes with it
		want string
	}{
		{"a real name", []string{"TERM=xterm-256color"}, `main before="dumb" term="xterm-256color" set=true Term="xterm-256color" profile=1`},
		{"true colour", []string{"TERM=xterm-256color", "COLORTERM=truecolor"}, `main before="dumb" term="xterm-256color" set=true Term="xterm-256color" profile=0`},
		{"dumb", []string{"TERM=dumb"}, `main before="dumb" term="dumb" set=true Term="dumb" profile=3`},
		{"empty", []string{"TERM="}, `main before="dumb" term="" set=true Term="" profile=3`},
		{"not set", nil, `main before="dumb" term="" set=false Term="" profile=3`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line, took := firstLine(t, bin, tt.env)
			if line != tt.want {
				t.Errorf("first line %+q\nwant       %+q", line, tt.want)
			}
			if took > time.Second {
				t.Errorf("main began after %v: something asked the terminal and waited", took)
			}
		})
	}
}

// firstLine runs bin on a pseudo-terminal that answers nothing, and returns
// all that came before the first line break, and when.
func firstLine(t *testing.T, bin string, env []string) (string, time.Duration) {
	t.Helper()
	cmd := exec.Command(bin)
	drop := func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"TERM", "COLORTERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "GOOGLE_CLOUD_SHELL", "TERM_PROGRAM"}, name)
	}
	cmd.Env = append(slices.DeleteFunc(os.Environ(), drop), env...)
	start := time.Now()
	tty, err := pty.Start(cmd)
	if err != nil {
		t.Fatalf("start on a pseudo-terminal: %v", err)
	}
	defer tty.Close()
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(tty).ReadString('\n')
	took := time.Since(start)
	if err != nil && err != io.EOF {
		t.Fatalf("read from the pseudo-terminal after %+q: %v", line, err)
	}
	return strings.TrimRight(line, "\r\n"), took
}

// One more import and the package may be initialised after bubbletea; the test
// above would tell only where the order happens to change.
func TestImportsOnlyOS(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Imports}}", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if got := strings.TrimSpace(string(out)); got != "[os]" {
		t.Errorf("imports %s, want [os]", got)
	}
}
