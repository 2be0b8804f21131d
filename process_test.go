//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/testkit"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// process is a running muster without a screen.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout io.Closer // the reading end
	stderr bytes.Buffer
	read   sync.WaitGroup
	exited chan struct{}

	mu    sync.Mutex
	lines []string
	more  chan struct{} // capacity 1: a line came
}

// start runs muster; however the test ends, nothing of it is left.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, stdout: r, exited: make(chan struct{}), more: make(chan struct{}, 1)}
	p.cmd = &exec.Cmd{
		Path:   self,
		Args:   append([]string{"muster"}, args...),
		Env:    append(os.Environ(), env...),
		Stdout: w,
		Stderr: &p.stderr,
	}
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	p.read.Go(func() { p.collect(r) })
	go func() { // ends with the process; awaited by code and by the cleanup
		_ = p.cmd.Wait() // the code is read from ProcessState
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails if it has ended, as it should have
		<-p.exited
		r.Close()
		p.read.Wait()
		p.noWorkersLeft()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", strings.Join(p.lines, "\n"), p.stderr.String())
		}
	})
	return p
}

func (p *process) collect(r io.Reader) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
	}
}

// matching are the lines so far that hold a text.
func (p *process) matching(text string) (found []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if strings.Contains(l, text) {
			found = append(found, l)
		}
	}
	return found
}

// waitFor waits until n lines hold a text, and returns them.
func (p *process) waitFor(n int, text string) []string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		if found := p.matching(text); len(found) >= n {
			return found
		}
		select {
		case <-p.more:
		case <-deadline:
			p.t.Fatalf("never saw %d lines with %q", n, text)
		}
	}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("sending %v: %v", s, err)
	}
}

// code waits for the end, and for all of the output, and returns the exit code.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("muster never ended")
	}
	p.read.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// workers are the pids of its workers that live.
func (p *process) workers() []int { return testkit.WithPrimary(p.cmd.Process.Pid) }

// noWorkersLeft allows what the promise allows: one second.
func (p *process) noWorkersLeft() {
	p.t.Helper()
	var left []int
	if !testkit.Within(time.Second, func() bool { left = p.workers(); return len(left) == 0 }) {
		p.t.Errorf("workers %v outlived muster", left)
	}
}
