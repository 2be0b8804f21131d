//go:build linux

package deaths

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/testkit"
)

// TestMain makes this binary a worker of its own clusters, the built-in one.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	if err != nil {
		println(err.Error())
		os.Exit(2)
	}
	if worker {
		os.Exit(demo.Run())
	}
	testkit.EndAtOnce()
	code := m.Run()
	if left := testkit.Left(); len(left) > 0 { // the tests run at once: whose it was is not known
		fmt.Fprintf(os.Stderr, "left: %q\n", left)
		code = max(code, 1)
	}
	os.Exit(code)
}

const (
	workers = 3
	stall   = 1500 * time.Millisecond
)

// cluster is one under test, with clients at it.
type cluster struct {
	*engine.Cluster
	*clients
	t *testing.T

	mu    sync.Mutex
	exits []engine.Event
}

func start(t *testing.T, o engine.Options) *cluster {
	t.Helper()
	o.Workers, o.Stall = workers, stall
	o.NoRestart = true // what dies soon is replaced late; here it is replaced at once
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{Cluster: e, t: t}
	e.OnExit(func(w *engine.Worker, d engine.ExitDetail) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.exits = append(c.exits, engine.Event{Worker: w.ID(), Detail: d})
	})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(context.Background()) }()
	t.Cleanup(func() {
		e.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	c.awaitAll()
	return c
}

// startProgram starts a cluster of a command in which node runs testdata/server.js.
func startProgram(t *testing.T, policy engine.Policy, env []string, command ...string) (c *cluster, addr string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node")
	}
	addr = testkit.FreePort(t)
	_, port, _ := net.SplitHostPort(addr)
	c = start(t, engine.Options{Policy: policy, Settings: engine.Settings{
		Exec: command[0], ExecArgv: command[1:], Args: []string{}, Env: append(env, "PORT="+port),
	}})
	return c, addr
}

// awaitAll waits until all workers listen.
func (c *cluster) awaitAll() {
	c.t.Helper()
	testkit.Eventually(c.t, patience, func() bool { return len(c.listening()) == workers }, "not all workers listen")
}

// listening are the workers that do, by no snapshot: that may be 100 ms old.
func (c *cluster) listening() (ws []*engine.Worker) {
	for _, w := range c.Workers() {
		if w.State() == engine.StateListening && !w.IsDead() {
			ws = append(ws, w)
		}
	}
	return ws
}

func (c *cluster) exitsSoFar() []engine.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exits[:len(c.exits):len(c.exits)]
}

// round has workers die while clients ask, and returns what was told of it and
// what the clients have seen. known is false if the cluster said of one of the
// deaths that it does not know.
func (c *cluster) round(die func(*cluster) int) (told, seen int, known bool) {
	c.t.Helper()
	before, cut := len(c.exitsSoFar()), c.cut.Load()
	from := c.answered.Load()
	c.goOn()
	testkit.Eventually(c.t, patience, func() bool { return c.answered.Load() >= from+20 }, "no answers")
	n := die(c)
	testkit.Eventually(c.t, patience, func() bool { return len(c.exitsSoFar()) >= before+n }, "a worker does not die")
	for range n {
		if _, err := c.Fork(); err != nil {
			c.t.Fatal(err)
		}
	}
	if testkit.Race { // which has the clients take most of the time of the start
		c.pause()
	}
	c.awaitAll()
	c.pause()
	known = true
	for _, e := range c.exitsSoFar()[before:] {
		d := e.Detail.(engine.ExitDetail)
		if d.Cut == nil {
			known = false
		} else {
			told += *d.Cut
		}
	}
	return told, int(c.cut.Load() - cut), known
}

// kinds are the ways to die. Each returns how many workers will.
var kinds = map[string]func(*cluster) int{
	"exit":  func(c *cluster) int { return c.request("/exit?code=3") },
	"crash": func(c *cluster) int { return c.request("/crash") },
	"SIGKILL from outside": func(c *cluster) int {
		_ = c.listening()[0].Process().Signal(syscall.SIGKILL)
		return 1
	},
	"SIGTERM from outside": func(c *cluster) int {
		_ = c.listening()[0].Process().Signal(syscall.SIGTERM)
		return 1
	},
	"kill of the API": func(c *cluster) int {
		if err := c.listening()[0].Kill(syscall.SIGKILL); err != nil {
			c.t.Error(err)
		}
		return 1
	},
	"stall": func(c *cluster) int {
		ws := c.listening()[:workers-1] // somebody must go on answering
		for _, w := range ws {
			_ = w.Process().Signal(syscall.SIGSTOP)
		}
		return len(ws)
	},
}

// request asks for what ends the worker that answers it: one connection more
// that is cut.
func (c *cluster) request(path string) int {
	conn, err := dial(c.addr)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	defer conn.Close()
	if _, err := conn.ask(path, false); err == nil {
		c.t.Errorf("%s was answered", path)
	}
	c.cut.Add(1)
	return 1
}

// compare tries a kind of death n times. knows: mostly the cluster can know.
func compare(t *testing.T, c *cluster, n int, die func(*cluster) int, knows bool) {
	rounds, unknown := 0, 0
	for done := 0; done < n && !t.Failed(); rounds++ {
		before := len(c.exitsSoFar())
		told, seen, known := c.round(die)
		done += len(c.exitsSoFar()) - before
		switch {
		case !known:
			unknown++
		case told != seen:
			t.Errorf("round %d: told %d cut, the clients saw %d", rounds, told, seen)
		}
	}
	t.Logf("%d rounds, %d of them not known", rounds, unknown)
	if knows && rounds >= 5 && unknown == rounds { // of one or two it may be so

		t.Error("it never knew")
	}
}

// Of 10 workers that crashed with a request each, 0 connections were told as
// cut: it was taken from the last report.
func TestCutIsWhatClientsSee(t *testing.T) {
	t.Parallel()
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			c := start(t, engine.Options{Addr: "127.0.0.1:0", Policy: policy})
			c.clients = startClients(t, c.Snapshot().Addresses[0].String(), 6, 4)
			for name, die := range kinds {
				usual := 12
				if testkit.Race { // enough rounds for compare to see that it never knows
					usual = 8
				}
				if name == "stall" {
					usual = 2
				}
				t.Run(name, func(t *testing.T) { compare(t, c, testkit.Deaths(t, usual), die, true) })
			}
		})
	}
}

// Of a Node program nothing is known but what the primary and the kernel know.
// It must be right, or not be told.
func TestCutOfNodeIsRightOrNotTold(t *testing.T) {
	t.Parallel()
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			c, addr := startProgram(t, policy, nil, "node", "testdata/server.js")
			c.clients = startClients(t, addr, 6, 4)
			for name, die := range kinds {
				usual, knows := 3, name == "stall"
				if knows {
					usual = 2
				}
				t.Run(name, func(t *testing.T) { compare(t, c, testkit.Deaths(t, usual), die, knows) })
			}
		})
	}
}

// A Node worker that served nobody when it died has cut nobody, and that is
// known: a dash after each death would say nothing at all.
func TestDeathOfAQuietNodeWorkerCutsNothing(t *testing.T) {
	t.Parallel()
	c, addr := startProgram(t, engine.SchedRR, nil, "node", "testdata/server.js")
	ends := func(what string, end func(*engine.Worker)) {
		t.Helper()
		before := len(c.exitsSoFar())
		end(c.listening()[0])
		testkit.Eventually(t, patience, func() bool { return len(c.exitsSoFar()) > before }, "a worker does not end")
		if d := c.exitsSoFar()[before].Detail.(engine.ExitDetail); d.Cut == nil || *d.Cut != 0 {
			t.Errorf("%s: %s", what, d.CutText())
		}
		if _, err := c.Fork(); err != nil {
			t.Fatal(err)
		}
		c.awaitAll()
	}
	kill := func(w *engine.Worker) { _ = w.Process().Signal(syscall.SIGKILL) }
	ends("killed before it had anything", kill)

	for range 3 * workers { // each gets some
		conn, err := dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.ask("/", false)
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	from := c.Snapshot().Tick
	testkit.Eventually(t, patience, func() bool { return c.Snapshot().Tick >= from+3 }, "it does not look")
	ends("killed when all it had was over", kill)
	ends("told to leave", func(w *engine.Worker) { w.Disconnect() })
	if s := c.Snapshot(); s.Lost != 0 || s.LostUnknown != 0 {
		t.Errorf("lost %d, not known of %d deaths", s.Lost, s.LostUnknown)
	}
}

// The process of a worker that a shell starts is the shell, which has none of the
// program's connections: to count those says nothing.
func TestCutIsNotToldOfAShell(t *testing.T) {
	t.Parallel()
	c, addr := startProgram(t, engine.SchedRR, nil, "sh", "-c", "node testdata/server.js; true")
	var conns []*connection
	for range 3 * workers { // each gets some, and has not answered
		conn, err := dial(addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /slow?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	from := c.Snapshot().Tick
	testkit.Eventually(t, patience, func() bool { return c.Snapshot().Tick >= from+3 }, "it does not look")
	if err := c.listening()[0].Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() bool { return len(c.exitsSoFar()) > 0 }, "a worker does not end")
	if d := c.exitsSoFar()[0].Detail.(engine.ExitDetail); d.Cut != nil {
		t.Errorf("told %d cut of %d", *d.Cut, len(conns))
	}
}

// A helper has none of the worker's connections: with one in each worker nothing
// was told any more.
func TestCutIsToldOfAWorkerWithAHelper(t *testing.T) {
	t.Parallel()
	c, addr := startProgram(t, engine.SchedRR, []string{"HELPER=1"}, "node", "testdata/server.js")
	conn, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /slow?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	from := c.Snapshot().Tick
	testkit.Eventually(t, patience, func() bool { s := c.Snapshot(); return s.Taken == 1 && s.Tick >= from+3 }, "it does not look")
	total := 0
	for i, w := range c.listening() {
		if err := w.Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, patience, func() bool { return len(c.exitsSoFar()) > i }, "a worker does not end")
		d := c.exitsSoFar()[i].Detail.(engine.ExitDetail)
		if d.Cut == nil {
			t.Errorf("%s: %s", w, d.CutText())
			continue
		}
		total += *d.Cut
	}
	if total != 1 {
		t.Errorf("told %d cut, want 1", total)
	}
}
