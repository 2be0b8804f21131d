//go:build linux

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// cluster is an engine that runs in this process with Node workers.
type cluster struct {
	*kit.Log
	*engine.Cluster
	ended chan struct{} // closed when Run has returned, and all its events are in the log
}

// scene is how a test wants its cluster.
type scene struct {
	engine.Options
	onMessage func(engine.Message)
}

// command is a whole command line instead of a program of testdata/node.
func (o *scene) command(words ...string) {
	o.Settings.Exec, o.Settings.Args = words[0], words[1:]
}

// start runs a program of testdata/node, or a whole command if there is more
// than one word, with two workers and the command line's own defaults.
func start(t *testing.T, command string, with ...func(*scene)) *cluster {
	t.Helper()
	node := needNode(t)
	o := scene{Options: engine.Options{
		Settings: engine.Settings{Exec: node, Args: []string{filepath.Join(programs, command)}, Cwd: programs},
		Workers:  2, Grace: 5 * time.Second, Stall: 10 * time.Second,
	}}
	if words := strings.Fields(command); len(words) > 1 {
		o.command(words...)
	}
	for _, f := range with {
		f(&o)
	}
	ec, err := engine.New(o.Options)
	if err != nil {
		t.Fatal(err)
	}
	if o.onMessage != nil {
		ec.OnMessage(func(_ *engine.Worker, m engine.Message) { o.onMessage(m) })
	}
	c := &cluster{kit.NewLog(t), ec, make(chan struct{})}
	ran := make(chan error, 1)
	go func() { ran <- ec.Run(context.Background()) }()
	go func() {
		defer close(c.ended)
		c.follow()
	}()
	t.Cleanup(func() {
		c.stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		kit.CheckLives(t, c.SoFar(), true)
		c.Dump()
	})
	return c
}

// follow puts the events into the log until the cluster has stopped.
func (c *cluster) follow() {
	changed, cancel := c.Subscribe()
	defer cancel()
	var seq uint64
	for over := false; !over; {
		select {
		case <-changed:
		case <-c.Done():
			over = true
		}
		events, lost := c.Events(seq)
		if lost > 0 {
			c.T.Errorf("%d events were missed", lost)
		}
		if len(events) > 0 {
			seq = events[len(events)-1].Seq
			c.Add(events...)
		}
	}
	c.End()
}

// stop ends the cluster, if it runs, and waits for the end.
func (c *cluster) stop() {
	c.T.Helper()
	_, _ = c.Do(context.Background(), engine.Command{Op: engine.OpStop}) // it may have ended by itself
	select {
	case <-c.ended:
	case <-time.After(kit.Patience):
		c.T.Error("the cluster does not stop")
		c.KillAll()
		<-c.ended
	}
}

func (c *cluster) do(cmd engine.Command) engine.Result {
	c.T.Helper()
	r, err := c.Do(context.Background(), cmd)
	if err != nil {
		c.T.Fatalf("%s: %v", cmd.Op, err)
	}
	return r
}

func (c *cluster) send(worker int, message string, h *engine.Handle) {
	c.T.Helper()
	c.do(engine.Command{Op: engine.OpSend, Worker: worker, Message: json.RawMessage(message), Handle: h})
}

// row waits for a snapshot in which the worker's row is as it should be.
func (c *cluster) row(worker int, what string, ok func(*engine.Row) bool) *engine.Row {
	c.T.Helper()
	var row *engine.Row
	testkit.Eventually(c.T, kit.Patience, func() bool {
		row = c.Snapshot().ByID(worker)
		return row != nil && ok(row)
	}, fmt.Sprintf("row of worker %d: %s", worker, what))
	return row
}

func workers(n int) func(*scene) { return func(o *scene) { o.Workers = n } }
func env(kv ...string) func(*scene) {
	return func(o *scene) { o.Settings.Env = append(o.Settings.Env, kv...) }
}
func policy(p engine.Policy) func(*scene) { return func(o *scene) { o.Policy = p } }
func grace(d time.Duration) func(*scene)  { return func(o *scene) { o.Grace = d } }
func stall(d time.Duration) func(*scene)  { return func(o *scene) { o.Stall = d } }
func onMessage(f func(engine.Message)) func(*scene) {
	return func(o *scene) { o.onMessage = f }
}

// bothPolicies runs a test once for each.
func bothPolicies(t *testing.T, f func(*testing.T, engine.Policy)) {
	for name, p := range map[string]engine.Policy{"rr": engine.SchedRR, "shared": engine.SchedNone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, p)
		})
	}
}

func listening(e engine.Event) engine.ListeningDetail { return e.Detail.(engine.ListeningDetail) }
func exit(e engine.Event) engine.ExitDetail           { return e.Detail.(engine.ExitDetail) }
func line(e engine.Event) string                      { return e.Detail.(engine.OutputDetail).Text }

// after is the rest of a line behind a word.
func after(t *testing.T, e engine.Event, word string, into any) {
	t.Helper()
	_, rest, ok := strings.Cut(line(e), word)
	if !ok {
		t.Fatalf("%q has no %q", line(e), word)
	}
	if err := json.Unmarshal([]byte(rest), into); err != nil {
		t.Fatalf("%q: %v", line(e), err)
	}
}
