//go:build linux

package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// loadFigures are the figures of a line of muster load --json.
type loadFigures struct {
	Final    bool
	Sent     uint64
	Answered uint64
	Refused  uint64
	Reset    uint64
	Cut      uint64
	TimedOut uint64 `json:"timed_out"`
	Wrong    uint64
	Target   int
	InFlight uint64            `json:"in_flight"`
	ByWorker map[string]uint64 `json:"by_worker"`
	Errors   []string
}

// loading is a muster load that runs.
type loading struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer // read after the end
	ended  chan struct{}

	mu    sync.Mutex
	lines []loadFigures
}

// startLoading runs muster load --json against addr. It ends with the test at
// the latest.
func startLoading(t *testing.T, addr string, args ...string) *loading {
	t.Helper()
	l := &loading{t: t, ended: make(chan struct{})}
	l.cmd = exec.Command(muster, append(append([]string{"load", "--json"}, args...), "http://"+addr+"/")...)
	l.cmd.Stderr = &l.stderr
	var err error
	if l.stdin, err = l.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // awaited by end
		defer close(l.ended)
		for s := bufio.NewScanner(out); s.Scan(); {
			var f loadFigures
			if err := json.Unmarshal(s.Bytes(), &f); err != nil {
				t.Errorf("the line %q: %v", s.Bytes(), err)
			}
			l.mu.Lock()
			l.lines = append(l.lines, f)
			l.mu.Unlock()
		}
		_ = l.cmd.Wait() // the code is read from ProcessState
	}()
	t.Cleanup(func() {
		_ = l.cmd.Process.Kill() // fails if it has ended
		<-l.ended
	})
	return l
}

func (l *loading) last() (f loadFigures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.lines); n > 0 {
		f = l.lines[n-1]
	}
	return f
}

func (l *loading) await(what string, ok func(loadFigures) bool) {
	l.t.Helper()
	if !testkit.Within(patience, func() bool { return ok(l.last()) }) {
		l.t.Fatalf("never %s: %+v", what, l.last())
	}
}

// end waits for the exit code and returns the last figures, which must add up.
func (l *loading) end(code int) loadFigures {
	l.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(patience):
		l.t.Fatal("muster load does not end")
	}
	if got := l.cmd.ProcessState.ExitCode(); got != code {
		l.t.Errorf("exit code %d, want %d; stderr: %s", got, code, l.stderr.String())
	}
	f := l.last()
	if !f.Final || f.Sent != f.Answered+f.Refused+f.Reset+f.Cut+f.TimedOut+f.Wrong || f.InFlight != 0 {
		l.t.Errorf("the last figures do not add up: %+v", f)
	}
	return f
}

// What the client counts is what the workers count, to one request.
func TestLoadAgreesWithTheWorkers(t *testing.T) {
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		for _, reuse := range []string{"--keepalive=false", "--keepalive"} {
			t.Run(policy.String()+" "+reuse, func(t *testing.T) {
				t.Parallel()
				p := startPrimary(t, nil, primaryConfig{Workers: 3, Policy: policy, Grace: 5 * time.Second, Stall: 10 * time.Second})
				p.awaitKind(3, engine.KindListening)
				f := startLoading(t, p.addr(), reuse, "--rate", "300", "--duration", "2s", "--idle", "5").end(0)
				if f.Answered != f.Sent || f.Answered < 300 {
					t.Errorf("%+v", f)
				}
				var done uint64
				by := map[string]uint64{}
				testkit.Within(5*time.Second, func() bool { // the workers report now and then
					done = 0
					clear(by)
					for _, w := range p.do("snapshot").Snapshot.Workers {
						if w.Done != nil && *w.Done > 0 {
							done += *w.Done
							by[strconv.Itoa(w.ID)] = *w.Done
						}
					}
					return done >= f.Answered
				})
				if done != f.Answered {
					t.Errorf("%d answered, the workers say %d", f.Answered, done)
				}
				for id, n := range f.ByWorker {
					if by[id] != n {
						t.Errorf("worker %s answered %d, it says %d", id, n, by[id])
					}
				}
			})
		}
	}
}

// A load that is killed leaves no connection open at the workers.
func TestAKilledLoadLeavesNothing(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedRR, Grace: 5 * time.Second, Stall: 10 * time.Second})
	p.awaitKind(2, engine.KindListening)
	open := func() int {
		if n := p.do("snapshot").Snapshot.Open; n != nil {
			return *n
		}
		return -1
	}
	l := startLoading(t, p.addr(), "--rate", "200", "--keepalive", "--idle", "20", "--slow", "3")
	if !testkit.Within(patience, func() bool { return open() >= 23 }) {
		t.Fatalf("%d open, want the idle and slow ones", open())
	}
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-l.ended
	if !testkit.Within(5*time.Second, func() bool { return open() == 0 }) {
		t.Errorf("%d are open after the load was killed", open())
	}
}

// However it is asked to stop, what was sent is counted and the exit code is 0.
func TestLoadStopsWhenAsked(t *testing.T) {
	t.Parallel()
	p := startMuster(t, nil, nil, "--workers", "2", "--addr", "127.0.0.1:0")
	p.awaitKind(2, engine.KindListening)
	for name, ask := range map[string]func(l *loading){
		"SIGINT":        func(l *loading) { _ = l.cmd.Process.Signal(syscall.SIGINT) },
		"SIGTERM":       func(l *loading) { _ = l.cmd.Process.Signal(syscall.SIGTERM) },
		"stop":          func(l *loading) { _, _ = io.WriteString(l.stdin, "stop\n") },
		"end of input":  func(l *loading) { l.stdin.Close() },
		"rate and stop": func(l *loading) { _, _ = io.WriteString(l.stdin, "rate 777\nrate x\nstop\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLoading(t, p.addr(), "--control", "--rate", "400", "--slow", "1")
			l.await("the first figures", func(f loadFigures) bool { return f.Answered > 0 })
			ask(l)
			f := l.end(0)
			if f.Answered != f.Sent {
				t.Errorf("%+v", f)
			}
			if name == "rate and stop" && (f.Target != 777 || !bytes.Contains(l.stderr.Bytes(), []byte("whole number"))) {
				t.Errorf("target %d, stderr %q", f.Target, l.stderr.String())
			}
		})
	}
}
