package parity

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// A primary that is to die is a worker of the test with a cluster of its own.

// crashText is what a primary that crashes says.
const crashText = "the primary has a bug"

// Node checks that an error nobody has caught ends the primary as it ends any
// program, and that its workers go with it. Here that is a panic, in a goroutine
// of the program's or in a listener of the cluster's.
func TestPrimaryError(t *testing.T) {
	t.Parallel()
	for _, scene := range []string{"primary-panics", "primary-listener-panics"} {
		t.Run(scene, func(t *testing.T) {
			c := lifeCluster(t)
			w, pids := forkDoomed(t, c, scene)
			wantExit(t, exitOf(t, w), 2, "", false) // that of a panic
			awaitGone(t, pids)
			events, _ := c.Events(0)
			if !slices.ContainsFunc(events, func(e engine.Event) bool {
				o, ok := e.Detail.(engine.OutputDetail)
				return ok && o.Stream == "stderr" && strings.Contains(o.Text, crashText)
			}) {
				t.Error("the panic's text has not come out")
			}
		})
	}
}

// Node checks that a worker ends when its primary does. Here the primary exits,
// or is killed; one of the workers hangs when its channel ends.
func TestPrimaryKill(t *testing.T) {
	t.Parallel()
	t.Run("exit", func(t *testing.T) {
		c := lifeCluster(t)
		w, pids := forkDoomed(t, c, "primary-exits")
		wantExit(t, exitOf(t, w), 0, "", false)
		awaitGone(t, pids)
	})
	t.Run("SIGKILL", func(t *testing.T) {
		c := lifeCluster(t)
		w, pids := forkDoomed(t, c, "primary-waits")
		if err := w.Process().Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		wantExit(t, exitOf(t, w), 0, "SIGKILL", false)
		awaitGone(t, pids)
	})
}

// forkDoomed forks a primary with workers and returns their pids.
func forkDoomed(t *testing.T, c *engine.Cluster, scene string) (*engine.Worker, []int) {
	t.Helper()
	w := fork(t, c, scene)
	var pids []int
	if err := json.Unmarshal([]byte(next(t, messages(w), "pids")), &pids); err != nil {
		t.Fatal(err)
	}
	if len(pids) < 2 || slices.Contains(pids, 0) {
		t.Fatalf("pids of the workers: %v", pids)
	}
	return w, pids
}

// goneWithin is how soon a worker has to follow its primary: less than one that
// hangs takes by itself. (It is promised for one second, on an idle machine.)
const goneWithin = 5 * time.Second

// awaitGone waits for the end of processes that are nobody's children any more:
// who reaps them is not known.
func awaitGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		testkit.Eventually(t, goneWithin, func() bool {
			s := processState(pid)
			return s == 0 || s == 'Z' || s == 'X'
		}, "a worker ends after its primary")
	}
}

// doomedPrimary is a scene with a cluster of its own, which tells its workers'
// pids and does then what it does.
func doomedPrimary(then func(*engine.Cluster)) func(*engine.Child) int {
	return func(c *engine.Child) int {
		cl, err := engine.New(engine.Options{Workers: -1, NoRestart: true, Settings: engine.Settings{Args: []string{}}})
		if err != nil {
			return wrong("%v", err)
		}
		scenes := []string{"idles", "listens"}
		if runtime.GOOS == "linux" { // elsewhere nothing ends such a worker before its time
			scenes = append(scenes, "hangs")
		}
		online := make(chan int, len(scenes))
		cl.OnOnline(func(w *engine.Worker) { online <- w.Process().PID() })
		for _, scene := range scenes {
			if _, err := cl.Fork(sceneEnv + "=" + scene); err != nil {
				return wrong("%v", err)
			}
		}
		var pids []int
		for range scenes {
			pids = append(pids, <-online)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(c.Send(pids), c.Flush(ctx)); err != nil {
			return wrong("%v", err)
		}
		then(cl)
		<-time.After(patience)
		return lateCode
	}
}

// panicInListener has a function panic that the cluster calls.
func panicInListener(cl *engine.Cluster) {
	cl.OnSetup(func(engine.Settings) { panic(crashText) })
	_ = cl.SetupPrimary(engine.Settings{}) // its listener ends the process
}

// primaryToFreeze is a primary whose worker stops it for a while. It ends as
// that worker does.
func primaryToFreeze(*engine.Child) int {
	cl, err := engine.New(engine.Options{Workers: -1, NoRestart: true, Settings: engine.Settings{Args: []string{}}})
	if err != nil {
		return wrong("%v", err)
	}
	defer cl.Close()
	w, err := cl.Fork(sceneEnv + "=freezes-primary")
	if err != nil {
		return wrong("%v", err)
	}
	exit := make(chan engine.ExitDetail, 1)
	w.OnExit(func(d engine.ExitDetail) { exit <- d })
	select {
	case d := <-exit:
		if d.Code == nil || *d.Code != 0 || !d.Voluntary {
			return wrong("the worker's exit: %v, exitedAfterDisconnect %v", d, d.Voluntary)
		}
		return 0
	case <-time.After(patience):
		return lateCode
	}
}

// freezesPrimary stops its primary, disconnects, and sees to it that nothing
// comes of that before the primary goes on.
func freezesPrimary(c *engine.Child) int {
	primary := os.Getppid()
	over := make(chan struct{})
	c.OnDisconnect(sync.OnceFunc(func() { close(over) }))
	if err := syscall.Kill(primary, syscall.SIGSTOP); err != nil {
		return wrong("SIGSTOP: %v", err)
	}
	goOn := sync.OnceFunc(func() { _ = syscall.Kill(primary, syscall.SIGCONT) })
	defer goOn()
	for deadline := time.Now().Add(patience); processState(primary) != 'T'; {
		if time.Now().After(deadline) {
			return lateCode
		}
		<-time.After(time.Millisecond)
	}
	c.Disconnect()
	select {
	case <-over:
		return wrong("'disconnect' came before the primary could acknowledge it")
	case <-time.After(200 * time.Millisecond):
	}
	if !c.IsConnected() {
		return wrong("the channel has ended before the primary could acknowledge it")
	}
	goOn()
	select {
	case <-over:
		return 0
	case <-time.After(patience):
		return lateCode
	}
}
