package cli

import (
	"bytes"
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/viewtest"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// fakeCluster is a cluster without processes: a test publishes its events.
type fakeCluster struct {
	*viewtest.Replay
	killed  chan struct{} // closed by killAll
	stopped chan struct{} // closed when run was told to stop
	release chan error    // what run returns, once the test sends it

	mu    sync.Mutex
	kills int
}

func newFake() *fakeCluster {
	return &fakeCluster{
		Replay:  viewtest.NewReplay(&engine.Snapshot{}),
		killed:  make(chan struct{}),
		stopped: make(chan struct{}),
		release: make(chan error, 1),
	}
}

func (f *fakeCluster) life() life { return life{f.run, f.killAll} }

func (f *fakeCluster) run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		close(f.stopped)
	case err := <-f.release:
		return err
	}
	select {
	case err := <-f.release:
		return err
	case <-f.killed:
		return nil
	}
}

func (f *fakeCluster) killAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kills++; f.kills == 1 {
		close(f.killed)
	}
}

// show has the cluster have these workers.
func (f *fakeCluster) show(workers ...engine.Row) {
	f.Show(&engine.Snapshot{Seq: f.Snapshot().Seq, Workers: workers})
}

// output is a writer a test can wait for, and make fail.
type output struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
	fail  func(p []byte) (int, error) // nil: writes succeed
}

func newOutput() *output { return &output{wrote: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := len(p), error(nil)
	if o.fail != nil {
		n, err = o.fail(p)
	}
	o.b.Write(p[:n])
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return n, err
}

func (o *output) setFail(f func(p []byte) (int, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = f
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// waitFor waits until the output satisfies ok.
func (o *output) waitFor(t *testing.T, ok func(string) bool) {
	t.Helper()
	deadline := time.After(patience)
	for !ok(o.String()) {
		select {
		case <-o.wrote:
		case <-deadline:
			t.Fatalf("the output never came; it is %q", o.String())
		}
	}
}

// waitClosed waits for c, which is named what.
func waitClosed(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("%s never happened", what)
	}
}

// serving is app.serve running over a fake.
type serving struct {
	*fakeCluster
	stdout, stderr *output
	signals        chan os.Signal
	result         chan error
}

func startServing(form format) *serving {
	s := &serving{
		fakeCluster: newFake(),
		stdout:      newOutput(),
		stderr:      newOutput(),
		signals:     make(chan os.Signal, 2),
		result:      make(chan error, 1),
	}
	a := &app{World: command.World{Stdout: s.stdout, Stderr: s.stderr, Getenv: func(string) string { return "" }}}
	go func() { s.result <- a.serve(s.fakeCluster, s.life(), form, s.signals) }()
	return s
}

// code waits for the end and returns the exit code.
func (s *serving) code(t *testing.T) int {
	t.Helper()
	select {
	case err := <-s.result:
		if err == nil {
			return 0
		}
		f, ok := err.(*command.Failure)
		if !ok {
			t.Fatalf("serve returned %v, not a *command.Failure", err)
		}
		return f.Code
	case <-time.After(patience):
		t.Fatal("serve never ended")
		return -1
	}
}
