// Package parity holds a test for each of Node's own tests of its cluster module
// that means something for a Go program: see docs/node-parity.md for which is
// which.
package parity

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/engine"
	"muster/internal/testkit"
)

// sceneEnv says what a worker does. The workers are this test binary.
const sceneEnv = "MUSTER_PARITY_SCENE"

// patience bounds every wait of a test.
const patience = 30 * time.Second

// TestMain is a worker if a cluster has started this process, else it runs the
// tests, and sees to it that they leave no goroutine and no descriptor.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if worker {
		os.Exit(act(os.Getenv(sceneEnv)))
	}
	before := openFiles()
	goleak.VerifyTestMain(testkit.Waiting(m), goleak.Cleanup(func(code int) {
		if after := openFiles(); code == 0 && after > before {
			fmt.Fprintf(os.Stderr, "%d descriptors are open, %d were at the start\n", after, before)
			code = 1
		}
		if left := childrenOf(os.Getpid()); code == 0 && len(left) > 0 { // guards too
			fmt.Fprintf(os.Stderr, "processes are left: %v\n", left)
			code = 1
		}
		os.Exit(code)
	}))
}

// openFiles counts the descriptors of this process, but those of the runtime's
// poller, which come with the first use.
func openFiles() int {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range dir {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && to != "anon_inode:[eventpoll]" && to != "anon_inode:[eventfd]" {
			n++
		}
	}
	return n
}

// act plays a scene and returns the exit code.
func act(name string) int {
	scenes := map[string]func(*engine.Child) int{
		"idle": func(c *engine.Child) int { return stay(c) },
	}
	for _, more := range []map[string]func(*engine.Child) int{lifeScenes, portScenes, messageScenes} {
		maps.Copy(scenes, more)
	}
	f := scenes[name]
	if f == nil {
		fmt.Fprintf(os.Stderr, "no scene %q\n", name)
		return 2
	}
	return f(engine.Self())
}

// stay waits until the channel has ended: a Node worker lives for as long.
func stay(c *engine.Child) int {
	<-c.Done()
	return 0
}

// newCluster is a cluster as Node has it: nothing is forked at the start, and
// nobody replaces the dead. It is closed at the end of the test, and must leave
// no process then.
func newCluster(t *testing.T, with ...func(*engine.Options)) *engine.Cluster {
	t.Helper()
	o := engine.Options{Workers: -1, NoRestart: true, Settings: engine.Settings{
		Args: []string{},
		Env:  []string{"GORACE=atexit_sleep_ms=0"}, // else a worker under -race takes a second longer to end
	}}
	for _, f := range with {
		f(&o)
	}
	c, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		left := childrenOf(os.Getpid()) // those of the tests beside are among them
		events, _ := c.Events(0)
		for _, e := range events {
			if e.Kind == engine.KindFork && slices.Contains(left, strconv.Itoa(e.PID)) {
				t.Errorf("process %d is left", e.PID)
			}
		}
	})
	return c
}

func policy(p engine.Policy) func(*engine.Options) { return func(o *engine.Options) { o.Policy = p } }

// bothPolicies runs a test once for each.
func bothPolicies(t *testing.T, f func(*testing.T, engine.Policy)) {
	for _, p := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(p.String(), func(t *testing.T) { f(t, p) })
	}
}

// fork forks a worker that plays a scene.
func fork(t *testing.T, c *engine.Cluster, scene string, env ...string) *engine.Worker {
	t.Helper()
	w, err := c.Fork(append(env, sceneEnv+"="+scene)...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// next waits for a value.
func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come within %v", what, patience)
	}
	panic("unreachable")
}

// exitOf waits for a worker's exit.
func exitOf(t *testing.T, w *engine.Worker) engine.ExitDetail {
	t.Helper()
	exit := make(chan engine.ExitDetail, 1)
	w.OnExit(func(d engine.ExitDetail) { exit <- d })
	return next(t, exit, fmt.Sprintf("exit of %v", w))
}

// childrenOf are the pids of the processes a process has started: the forks come
// from a thread of its own, so all are asked.
func childrenOf(pid int) []string {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is right
	var pids []string
	for _, name := range lists {
		if b, err := os.ReadFile(name); err == nil { // else the thread has ended
			pids = append(pids, strings.Fields(string(b))...)
		}
	}
	return pids
}
