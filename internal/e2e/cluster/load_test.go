//go:build linux

package cluster

import (
	"encoding/json"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
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
	*kit.Process
	stdin io.WriteCloser

	mu    sync.Mutex
	lines []loadFigures
}

// startLoading runs muster load --json against addr. It ends with the test at
// the latest.
func startLoading(t *testing.T, addr string, args ...string) *loading {
	t.Helper()
	l := &loading{}
	cmd := exec.Command(muster, append(append([]string{"load", "--json"}, args...), "http://"+addr+"/")...)
	var err error
	if l.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	l.Process = kit.Start(t, cmd, func(line []byte) bool {
		var f loadFigures
		if err := json.Unmarshal(line, &f); err != nil {
			t.Errorf("the line %q: %v", line, err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, f)
		return true
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
	l.T.Helper()
	l.Await(what, func([]engine.Event) bool { return ok(l.last()) })
}

// end waits for the exit code and returns the last figures, which must add up.
func (l *loading) end(code int) loadFigures {
	l.T.Helper()
	if got := l.Code(); got != code {
		l.T.Errorf("exit code %d, want %d; stderr: %s", got, code, l.Stderr())
	}
	f := l.last()
	if !f.Final || f.Sent != f.Answered+f.Refused+f.Reset+f.Cut+f.TimedOut+f.Wrong || f.InFlight != 0 {
		l.T.Errorf("the last figures do not add up: %+v", f)
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
				p.AwaitKind(3, engine.KindListening)
				f := startLoading(t, p.Addr(), reuse, "--rate", "300", "--duration", "2s", "--idle", "5").end(0)
				if f.Answered != f.Sent || f.Answered < 300 {
					t.Errorf("%+v", f)
				}
				var done uint64
				by := map[string]uint64{}
				testkit.Within(kit.Patience, func() bool { // the workers report now and then
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
	p.AwaitKind(2, engine.KindListening)
	open := func() int {
		if n := p.do("snapshot").Snapshot.Open; n != nil {
			return *n
		}
		return -1
	}
	l := startLoading(t, p.Addr(), "--rate", "200", "--keepalive", "--idle", "20", "--slow", "3")
	if !testkit.Within(kit.Patience, func() bool { return open() >= 23 }) {
		t.Fatalf("%d open, want the idle and slow ones", open())
	}
	if err := l.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-l.Exited
	if !testkit.Within(kit.Patience, func() bool { return open() == 0 }) {
		t.Errorf("%d are open after the load was killed", open())
	}
}

// However it is asked to stop, what was sent is counted and the exit code is 0.
func TestLoadStopsWhenAsked(t *testing.T) {
	t.Parallel()
	p := startMuster(t, nil, nil, "--workers", "2", "--addr", "127.0.0.1:0")
	p.AwaitKind(2, engine.KindListening)
	for name, ask := range map[string]func(l *loading){
		"SIGINT":        func(l *loading) { _ = l.Cmd.Process.Signal(syscall.SIGINT) },
		"SIGTERM":       func(l *loading) { _ = l.Cmd.Process.Signal(syscall.SIGTERM) },
		"stop":          func(l *loading) { _, _ = io.WriteString(l.stdin, "stop\n") },
		"end of input":  func(l *loading) { l.stdin.Close() },
		"rate and stop": func(l *loading) { _, _ = io.WriteString(l.stdin, "rate 777\nrate x\nstop\n") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLoading(t, p.Addr(), "--control", "--rate", "400", "--slow", "1")
			l.await("the first figures", func(f loadFigures) bool { return f.Answered > 0 })
			ask(l)
			f := l.end(0)
			if f.Answered != f.Sent {
				t.Errorf("%+v", f)
			}
			if name == "rate and stop" && (f.Target != 777 || !strings.Contains(l.Stderr(), "whole number")) {
				t.Errorf("target %d, stderr %q", f.Target, l.Stderr())
			}
		})
	}
}
