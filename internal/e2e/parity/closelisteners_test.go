package parity

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/testkit"
)

// A worker's listeners hear an event before the cluster's do, as in Node.
func TestListenersOrder(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	heard := make(chan string, 32)
	c.OnFork(func(*engine.Worker) { heard <- "cluster fork" })
	c.OnOnline(func(*engine.Worker) { heard <- "cluster online" })
	c.OnListening(func(*engine.Worker, engine.ListeningDetail) { heard <- "cluster listening" })
	c.OnMessage(func(*engine.Worker, engine.Message) { heard <- "cluster message" })
	c.OnDisconnect(func(*engine.Worker, engine.DisconnectDetail) { heard <- "cluster disconnect" })
	c.OnExit(func(*engine.Worker, engine.ExitDetail) { heard <- "cluster exit" })
	w := forkAndListen(t, c, "in-sequence", func(w *engine.Worker) {
		w.OnOnline(func() { heard <- "worker online" })
		w.OnListening(func(engine.ListeningDetail) { heard <- "worker listening" })
		w.OnMessage(func(engine.Message) { heard <- "worker message" })
		w.OnDisconnect(func(engine.DisconnectDetail) { heard <- "worker disconnect" })
		w.OnExit(func(engine.ExitDetail) { heard <- "worker exit" })
	}, heard)
	for _, step := range [][]string{
		{"cluster fork", "worker online", "cluster online"},
		{"worker listening", "cluster listening"},
		{"worker message", "cluster message"},
		{"worker disconnect", "cluster disconnect", "worker exit", "cluster exit"},
	} {
		for _, want := range step {
			if got := next(t, heard, want); got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		}
		if step[len(step)-1] != "cluster exit" {
			send(t, w, "next step")
		}
	}
}

// forkAndListen forks a worker and adds listeners before it is online. Should it
// have been quicker, another one is taken.
func forkAndListen(t *testing.T, c *engine.Cluster, scene string, add func(*engine.Worker), heard chan string) *engine.Worker {
	t.Helper()
	for range 10 {
		w := fork(t, c, scene)
		add(w)
		if w.State() == engine.StateForked {
			return w
		}
		if err := w.Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for next(t, heard, "its exit") != "cluster exit" {
		}
	}
	t.Fatal("no worker takes its time to come online")
	return nil
}

// Listeners of a worker that come late hear what has happened, and messages
// nobody has listened for; a second one does not get those again.
func TestLateListeners(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "in-sequence")
	for _, step := range []string{"listen", "say something", "leave"} {
		send(t, w, step)
	}
	next(t, w.Done(), "its end")
	heard := make(chan string, 32)
	hear := func() {
		w.OnOnline(func() { heard <- "online" })
		w.OnListening(func(d engine.ListeningDetail) { heard <- fmt.Sprint("listening ", d.Address, " ", d.Port > 0) })
		w.OnMessage(func(m engine.Message) { heard <- "message " + text(m) })
		w.OnDisconnect(func(d engine.DisconnectDetail) { heard <- fmt.Sprint("disconnect ", d.Voluntary) })
		w.OnExit(func(d engine.ExitDetail) { heard <- fmt.Sprint("exit ", d) })
	}
	events := []string{"online", "listening 127.0.0.1 true", "message step 2", "disconnect true", "exit code 0"}
	for _, want := range [][]string{events, slices.DeleteFunc(slices.Clone(events), func(s string) bool { return strings.HasPrefix(s, "message") })} {
		hear()
		for _, want := range want {
			if got := next(t, heard, want); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		}
	}
}

// A listener that was removed hears nothing more, also when a listener called
// before it, for the same event, has removed it.
func TestRemovedListeners(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	heard := make(chan string, 32)
	var removeLater func()
	w.OnMessage(func(m engine.Message) {
		heard <- "first " + text(m)
		if text(m) == "two" {
			removeLater()
		}
	})
	later := w.OnMessage(func(m engine.Message) { heard <- "later " + text(m) })
	ready := make(chan struct{})
	w.OnOnline(func() { removeLater = later; close(ready) }) // on the listeners' own goroutine
	removed := c.OnMessage(func(_ *engine.Worker, m engine.Message) { heard <- "cluster " + text(m) })
	next(t, ready, "online")
	send(t, w, "one")
	for _, want := range []string{"first one", "later one", "cluster one"} {
		if got := next(t, heard, want); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
	removed()
	removed() // once more does no harm
	for _, word := range []string{"two", "three"} {
		send(t, w, word)
		if got := next(t, heard, word); got != "first "+word {
			t.Errorf("heard %q, want %q", got, "first "+word)
		}
	}
	stillAnswers(t, w)
	if got := len(heard); got != 1 { // of the first, for stillAnswers
		t.Errorf("%d more were heard", got)
	}
}

// A listener may call everything that waits for the cluster, and for workers:
// they do not wait for it.
func TestListenersThatCall(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	done := make(chan string, 8)
	c.OnOnline(func(w *engine.Worker) {
		if w.ID() != 1 {
			done <- "the fork is online"
			return
		}
		if _, err := c.Fork(sceneEnv + "=echo"); err != nil {
			t.Errorf("Fork in a listener: %v", err)
		}
		if err := c.SetupPrimary(engine.Settings{Args: []string{}}); err != nil {
			t.Errorf("SetupPrimary in a listener: %v", err)
		}
		if err := c.SetSchedulingPolicy(engine.SchedNone); err != nil {
			t.Errorf("SetSchedulingPolicy in a listener: %v", err)
		}
		if w.Process().PID() == 0 {
			t.Error("a worker that is online has no pid")
		}
	})
	c.OnMessage(func(w *engine.Worker, m engine.Message) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := w.Flush(ctx); err != nil {
			t.Errorf("Flush in a listener: %v", err)
		}
		if err := c.Disconnect(ctx); err != nil { // waits until both have gone
			t.Errorf("Disconnect in a listener: %v", err)
		}
		done <- "all have gone"
	})
	exits := 0
	c.OnExit(func(*engine.Worker, engine.ExitDetail) {
		if exits++; exits == 2 {
			c.Stop()
			done <- "stopped"
		}
	})
	w := fork(t, c, "echo")
	if got := next(t, done, "the second worker"); got != "the fork is online" {
		t.Errorf("heard %q", got)
	}
	stillOnline(t, c.Worker(2))
	send(t, w, "go")
	for _, want := range []string{"all have gone", "stopped"} {
		if got := next(t, done, want); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
	next(t, c.Done(), "the end")
}

func stillOnline(t *testing.T, w *engine.Worker) {
	t.Helper()
	if w == nil || w.State() != engine.StateOnline {
		t.Fatalf("%v is not online", w)
	}
}

// panicInOnMessage is a primary whose listener panics when both workers have
// said their pids, which it prints.
func panicInOnMessage() int {
	c, err := engine.New(engine.Options{Workers: -1, NoRestart: true, Settings: engine.Settings{Args: []string{}}})
	if err != nil {
		return failed(err)
	}
	said := 0
	c.OnMessage(func(w *engine.Worker, m engine.Message) {
		fmt.Println(w.Process().PID())
		if said++; said == 2 {
			panic("a listener's mistake")
		}
	})
	for range 2 {
		w, err := c.Fork(sceneEnv + "=untermed")
		if err != nil {
			return failed(err)
		}
		if err := w.Send("hello"); err != nil {
			return failed(err)
		}
	}
	<-c.Done()
	return failed(fmt.Errorf("the cluster has ended and the process lives"))
}

// A panic in a listener ends the process as any panic does, and its workers
// with it.
func TestListenerThatPanics(t *testing.T) {
	t.Parallel()
	cmd := asPrimary(t, "panics")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(errs.String(), "panic: a listener's mistake") {
		t.Errorf("%v, exit code %d\n%s", err, code, errs.String())
	}
	pids := strings.Fields(out.String())
	if len(pids) != 2 {
		t.Fatalf("its workers were %q", pids)
	}
	for _, pid := range pids {
		testkit.Eventually(t, patience, func() bool {
			_, err := os.Stat("/proc/" + pid)
			return err != nil
		}, "the end of worker "+pid)
	}
}
