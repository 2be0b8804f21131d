//go:build linux

package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
)

// run is a primary that runs, and all it has printed.
type run struct {
	t       *testing.T
	cmd     *exec.Cmd
	pid     int
	stdin   *os.File      // commands, or nil
	exited  chan struct{} // closed when the process has been waited for
	reading sync.WaitGroup
	replies chan reply
	ends    outcome
	stderr  bytes.Buffer // read only after exited

	mu      sync.Mutex
	events  []engine.Event
	odd     []string      // lines that are neither event nor reply
	output  bytes.Buffer  // all of stdout
	changed chan struct{} // closed and replaced with every event
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
	return p
}

func start(t *testing.T, cmd *exec.Cmd) *run {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &run{t: t, cmd: cmd, exited: make(chan struct{}), replies: make(chan reply, 1), changed: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = w, &p.stderr
	err = cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	p.reading.Go(func() { p.read(r) })
	go func() { // awaited by finish
		_ = cmd.Wait() // the code is read from ProcessState
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.finish()
		r.Close()
	})
	return p
}

// read takes in stdout until its end.
func (p *run) read(r io.Reader) {
	for b := bufio.NewReader(r); ; {
		line, err := b.ReadBytes('\n')
		if len(line) > 0 {
			p.line(line)
		}
		if err != nil {
			return
		}
	}
}

func (p *run) line(line []byte) {
	if rest, ok := bytes.CutPrefix(line, []byte(replyMark)); ok {
		var r reply
		if err := json.Unmarshal(rest, &r); err != nil {
			r.Err = fmt.Sprintf("reply %q: %v", rest, err)
		}
		p.replies <- r
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.output.Write(line)
	var e engine.Event
	if err := json.Unmarshal(line, &e); err != nil {
		p.odd = append(p.odd, string(line))
		return
	}
	p.events = append(p.events, e)
	close(p.changed)
	p.changed = make(chan struct{})
}

// do gives a command to a primary of startPrimary.
func (p *run) do(format string, args ...any) reply {
	p.t.Helper()
	line := fmt.Sprintf(format, args...)
	if _, err := p.stdin.WriteString(line + "\n"); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	select {
	case r := <-p.replies:
		if r.Err != "" {
			p.t.Fatalf("%s: %s", line, r.Err)
		}
		return r
	case <-time.After(patience):
		p.t.Fatalf("%s: no reply", line)
	}
	return reply{}
}

// soFar are the events that came until now.
func (p *run) soFar() []engine.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events[:len(p.events):len(p.events)]
}

// await waits until ok says yes to the events so far.
func (p *run) await(what string, ok func([]engine.Event) bool) {
	p.t.Helper()
	p.awaitFor(patience, what, ok)
}

func (p *run) awaitFor(d time.Duration, what string, ok func([]engine.Event) bool) {
	p.t.Helper()
	deadline := time.After(d)
	for {
		p.mu.Lock()
		events, changed := p.events[:len(p.events):len(p.events)], p.changed
		p.mu.Unlock()
		if ok(events) {
			return
		}
		select {
		case <-changed:
		case <-p.exited:
			p.reading.Wait()
			if !ok(p.soFar()) {
				p.t.Fatalf("muster ended before: %s", what)
			}
			return
		case <-deadline:
			p.t.Fatalf("not in %v: %s", d, what)
		}
	}
}

// awaitKind waits for n events of a kind and returns them.
func (p *run) awaitKind(n int, kind engine.Kind) []engine.Event {
	p.t.Helper()
	p.await(fmt.Sprintf("%d events %s", n, kind), func(ev []engine.Event) bool { return len(ofKind(ev, kind)) >= n })
	return ofKind(p.soFar(), kind)
}

func (p *run) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("sending %v to the primary: %v", s, err)
	}
}

// exit waits for the end and returns the exit code, -1 for a signal.
func (p *run) exit() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("muster never ended")
	}
	p.reading.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// addr is where the cluster listens, once a worker does.
func (p *run) addr() string {
	p.t.Helper()
	d := p.awaitKind(1, engine.KindListening)[0].Detail.(engine.ListeningDetail)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port))
}

// text is all it has printed on both streams; only after its end.
func (p *run) text() string {
	return p.output.String() + strings.Join(p.odd, "") + p.stderr.String()
}
