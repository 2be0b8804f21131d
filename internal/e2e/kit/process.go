//go:build linux

package kit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// Promised is how long a worker may outlive its primary.
const Promised = time.Second

// Process is a running command, and its output. The events among the lines of
// its stdout (--json) are in its Log.
type Process struct {
	*Log
	Cmd    *exec.Cmd
	PID    int
	Exited <-chan struct{} // closed when the process has been waited for

	out     *os.File // the reading end of its stdout
	line    func(line []byte) bool
	reading sync.WaitGroup

	mu     sync.Mutex
	stdout bytes.Buffer
	stderr bytes.Buffer
	odd    []string
}

// Start runs a command. line, if it is not nil, is called with every line of
// its stdout, and takes the line if it returns true. At the end of the test the
// process gets SIGTERM, and SIGKILL if it does not end by SIGTERM; no process
// that has it as its primary may still live after Promised.
func Start(t *testing.T, cmd *exec.Cmd, line func(line []byte) bool) *Process {
	t.Helper()
	out, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, errsW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = outW, errsW
	err = cmd.Start()
	outW.Close()
	errsW.Close()
	exited, read := make(chan struct{}), make(chan struct{})
	p := &Process{Log: NewLog(t), Cmd: cmd, Exited: exited, out: out, line: line}
	if err != nil {
		t.Fatal(err)
	}
	p.PID = cmd.Process.Pid
	p.reading.Go(func() { eachLine(out, p.take) })
	p.reading.Go(func() {
		eachLine(errs, func(b []byte) {
			p.mu.Lock()
			p.stderr.Write(b)
			p.mu.Unlock()
			p.Add()
		})
	})
	go func() { // ends with the process, which the clean-up ends
		_ = cmd.Wait() // the code is read from ProcessState
		close(exited)
		p.reading.Wait()
		close(read)
		p.Log.End()
	}()
	t.Cleanup(func() {
		p.Finish()
		// What the process wrote last may not be read yet; a process that was left
		// over may hold the other ends without end.
		select {
		case <-read:
		case <-time.After(Promised):
		}
		out.Close()
		errs.Close()
		p.reading.Wait()
		p.Dump()
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", tail(p.Stdout()), tail(p.Stderr()))
		}
	})
	return p
}

// tail is the end of the output, without sequences a terminal would obey.
func tail(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s[max(0, len(s)-20_000):])
}

func eachLine(r io.Reader, take func([]byte)) {
	for b := bufio.NewReader(r); ; {
		line, err := b.ReadBytes('\n')
		if len(line) > 0 {
			take(line)
		}
		if err != nil {
			return
		}
	}
}

func (p *Process) take(line []byte) {
	taken := p.line != nil && p.line(line)
	p.mu.Lock()
	p.stdout.Write(line)
	p.mu.Unlock()
	var e engine.Event
	switch {
	case taken:
		p.Add() // wakes methods that wait for text
	case json.Unmarshal(line, &e) == nil && e.Seq > 0:
		p.Add(e)
	default:
		p.mu.Lock()
		p.odd = append(p.odd, string(line))
		p.mu.Unlock()
		p.Add()
	}
}

// Stdout is what the process has written to its stdout so far.
func (p *Process) Stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

// Stderr is what the process has written to its stderr so far.
func (p *Process) Stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// CloseStdout closes the reading end of its stdout, as head does.
func (p *Process) CloseStdout() { p.out.Close() }

// Odd are the lines of stdout that are no events and that line did not take.
func (p *Process) Odd() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.odd
}

// AwaitText waits until stdout has a text n times.
func (p *Process) AwaitText(n int, text string) {
	p.T.Helper()
	p.Await(text, func([]engine.Event) bool { return strings.Count(p.Stdout(), text) >= n })
}

// Signal sends a signal; the process must be there.
func (p *Process) Signal(s syscall.Signal) {
	p.T.Helper()
	if err := p.Cmd.Process.Signal(s); err != nil {
		p.T.Fatalf("sending %v to process %d: %v", s, p.PID, err)
	}
}

// Code waits for the end of the process and of its output, and returns the exit
// code: minus the signal, if one ended it.
func (p *Process) Code() int {
	p.T.Helper()
	select {
	case <-p.Exited:
	case <-time.After(Patience):
		p.T.Fatalf("process %d does not end", p.PID)
	}
	p.reading.Wait()
	if st := p.Cmd.ProcessState.Sys().(syscall.WaitStatus); st.Signaled() {
		return -int(st.Signal())
	}
	return p.Cmd.ProcessState.ExitCode()
}

// Finish ends the process, if it still runs, and checks that it leaves no
// process.
func (p *Process) Finish() {
	p.T.Helper()
	_ = p.Cmd.Process.Signal(syscall.SIGTERM) // the group may have ended
	select {
	case <-p.Exited:
	case <-time.After(Patience):
		p.T.Errorf("SIGTERM did not end process %d in %v", p.PID, Patience)
		_ = p.Cmd.Process.Kill()
		<-p.Exited
	}
	NoneLeft(p.T, p.PID, Promised)
}

// NoneLeft checks that d from now no process lives that has primary as its
// primary. It ends such a process, so that it does not disturb the next test.
func NoneLeft(t testing.TB, primary int, d time.Duration) {
	t.Helper()
	var left []int
	if testkit.Within(d, func() bool { left = testkit.WithPrimary(primary); return len(left) == 0 }) {
		return
	}
	t.Errorf("processes %v live %v after their primary %d", left, d, primary)
	for _, pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL) // the process may have gone by now
	}
}
