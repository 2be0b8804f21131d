//go:build linux

package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"muster/internal/e2e/kit"
)

// run is a primary that runs, and all it has printed.
type run struct {
	*kit.Process
	stdin   *os.File // commands, or nil
	replies chan reply
	ends    outcome
}

// outcome is how a run is meant to end.
type outcome struct {
	killed bool // by the test with SIGKILL: it could not tidy up
	panics bool // its stderr holds a panic
}

// startMuster runs the binary without a screen. files are inherited by it as
// descriptors 3 and up, without close-on-exec.
func startMuster(t *testing.T, env []string, files []*os.File, args ...string) *run {
	t.Helper()
	cmd := exec.Command(muster, append([]string{"--headless", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.ExtraFiles = files
	return start(t, cmd)
}

// startPrimary runs the engine in a process that takes commands (see do).
func startPrimary(t *testing.T, files []*os.File, cfg primaryConfig) *run {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), primaryEnv+"="+string(config))
	cmd.ExtraFiles = files
	cmd.Stdin = r
	p := start(t, cmd)
	p.stdin = w
	t.Cleanup(func() { w.Close() })
	return p
}

func start(t *testing.T, cmd *exec.Cmd) *run {
	t.Helper()
	p := &run{replies: make(chan reply, 1)}
	t.Cleanup(func() { // after the process has been ended
		if p.Process != nil {
			p.keptTheRules()
		}
	})
	p.Process = kit.Start(t, cmd, p.reply)
	return p
}

// reply takes a line that answers a command.
func (p *run) reply(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte(replyMark))
	if !ok {
		return false
	}
	var r reply
	if err := json.Unmarshal(rest, &r); err != nil {
		r.Err = fmt.Sprintf("reply %q: %v", rest, err)
	}
	p.replies <- r
	return true
}

// do gives a command to a primary of startPrimary.
func (p *run) do(format string, args ...any) reply {
	p.T.Helper()
	line := fmt.Sprintf(format, args...)
	if _, err := p.stdin.WriteString(line + "\n"); err != nil {
		p.T.Fatalf("%s: %v", line, err)
	}
	select {
	case r := <-p.replies:
		if r.Err != "" {
			p.T.Fatalf("%s: %s", line, r.Err)
		}
		return r
	case <-time.After(kit.Patience):
		p.T.Fatalf("%s: no reply", line)
	}
	return reply{}
}

// keptTheRules checks what every run must keep that has ended.
func (p *run) keptTheRules() {
	t := p.T
	t.Helper()
	inOrder := !p.ends.killed && !p.ends.panics
	if code := p.Code(); inOrder && code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	kit.CheckLives(t, p.SoFar(), inOrder)
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:", "goroutine "} {
		if text := p.Stdout() + p.Stderr(); !p.ends.panics && strings.Contains(text, bad) {
			t.Errorf("the output has %q", bad)
		}
	}
	if odd := p.Odd(); len(odd) > 0 {
		t.Errorf("lines that are no event: %q", odd)
	}
}
