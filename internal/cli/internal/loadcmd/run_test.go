package loadcmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// watched runs watch against a server.
type watched struct {
	server  *httptest.Server
	run     *load.Runner
	orders  chan order
	signals chan os.Signal
	out     lockedBuffer
	stderr  bytes.Buffer // read after result
	result  chan error
	given   atomic.Int32 // times the terminal was given back
}

// lockedBuffer is a buffer for two goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func watchServer(t *testing.T, out io.Writer, handler http.HandlerFunc, o load.Options) *watched {
	t.Helper()
	w := &watched{server: httptest.NewServer(handler), orders: make(chan order), signals: make(chan os.Signal, 2), result: make(chan error, 1)}
	t.Cleanup(w.server.Close)
	o.Addr = w.server.Listener.Addr().String()
	run, err := load.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.run = run
	if out == nil {
		out = &w.out
	}
	world := &command.World{Stdout: out, Stderr: &w.stderr, Getenv: func(string) string { return "" }}
	s := &settings{target: target{addr: o.Addr, path: "/"}}
	go func() {
		w.result <- watch(world, run, s, jsonForm{}, w.orders, w.signals, func() { w.given.Add(1) })
	}()
	t.Cleanup(func() {
		run.Stop()
		<-run.Done()
	})
	return w
}

func (w *watched) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-w.result:
		return err
	case <-time.After(patience):
		t.Fatal("muster load does not end")
	}
	return nil
}

// final is the last object printed, which must add up.
func (w *watched) final(t *testing.T) load.Figures {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	var j load.Figures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &j); err != nil || !j.Final {
		t.Fatalf("the last line %q: %v", lines[len(lines)-1], err)
	}
	if j.Sent != j.Answered+j.Refused+j.Reset+j.Cut+j.TimedOut+j.Wrong || j.InFlight != 0 {
		t.Errorf("the ends do not add up: %+v", j)
	}
	return j
}

func (w *watched) answered(t *testing.T, n uint64) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.run.Stats().OK < n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never %d answers: %+v", n, w.run.Stats())
		}
	}
}

func TestLoadIsStoppedByASignal(t *testing.T) {
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 500})
	w.answered(t, 20)
	w.signals <- syscall.SIGTERM
	if err := w.end(t); err != nil {
		t.Errorf("after a stop that was asked for: %v", err)
	}
	if j := w.final(t); j.Answered < 20 || w.given.Load() == 0 {
		t.Errorf("%+v, terminal given back %d times", j, w.given.Load())
	}
}

// A request under way keeps the first signal waiting, not the second.
func TestLoadIsEndedByASecondSignal(t *testing.T) {
	release := make(chan struct{})
	got := make(chan struct{}, 16)
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {
		got <- struct{}{}
		<-release
	}, load.Options{Rate: 10, Concurrency: 1})
	defer close(release)
	<-got
	w.signals <- syscall.SIGINT
	w.signals <- syscall.SIGINT
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != 130 || f.Err != nil {
		t.Errorf("%v, want exit code 130", err)
	}
}

func TestLoadObeysOrders(t *testing.T) {
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	w.answered(t, 1)
	w.orders <- order{rate: 1000}
	w.orders <- order{step: 1}
	w.orders <- order{said: "nonsense"}
	if got := w.run.Stats().Target; got != 1250 {
		t.Errorf("target %d, want 1250", got)
	}
	w.answered(t, 100)
	w.orders <- order{quit: true}
	if err := w.end(t); err != nil {
		t.Error(err)
	}
	w.final(t)
	if got := w.stderr.String(); got != "muster: --control: nonsense\n" {
		t.Errorf("stderr %q", got)
	}
}

// closedPipe is an output whose reader has gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestLoadEndsWithItsOutput(t *testing.T) {
	w := watchServer(t, closedPipe{}, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != command.ExitFailed || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}

// stuckPipe is an output nobody reads.
type stuckPipe struct{ release chan struct{} }

func (p stuckPipe) Write(b []byte) (int, error) {
	<-p.release
	return len(b), nil
}

func TestLoadHearsASignalThoughItsOutputIsStuck(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	w := watchServer(t, stuckPipe{release}, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	w.answered(t, 1)
	w.signals <- syscall.SIGTERM
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != command.ExitFailed || !errors.Is(err, errNotRead) {
		t.Errorf("%v", err)
	}
}
