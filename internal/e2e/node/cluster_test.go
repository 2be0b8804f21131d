//go:build linux

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// log is what a cluster has told so far. It may grow while it is read.
type log struct {
	t *testing.T

	mu      sync.Mutex
	events  []engine.Event
	changed chan struct{} // closed and replaced with every addition
	over    bool          // nothing comes any more
}

func newLog(t *testing.T) *log { return &log{t: t, changed: make(chan struct{})} }

func (l *log) add(ev ...engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, ev...)
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	close(l.changed)
	l.changed = make(chan struct{})
}

// soFar are the events that came until now.
func (l *log) soFar() []engine.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.events)
}

// await waits until ok says yes to the events so far.
func (l *log) await(what string, ok func([]engine.Event) bool) {
	l.t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		events, changed, over := slices.Clip(l.events), l.changed, l.over
		l.mu.Unlock()
		if ok(events) {
			return
		}
		if over {
			l.t.Fatalf("the cluster ended before: %s", what)
		}
		select {
		case <-changed:
		case <-deadline:
			l.t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// awaitKind waits for n events of a kind and returns them.
func (l *log) awaitKind(n int, kind engine.Kind) []engine.Event {
	l.t.Helper()
	l.await(fmt.Sprintf("%d events %s", n, kind), func(ev []engine.Event) bool { return len(ofKind(ev, kind)) >= n })
	return ofKind(l.soFar(), kind)
}

// awaitLines waits for n lines of output that contain a text and returns them.
func (l *log) awaitLines(n int, text string) []engine.Event {
	l.t.Helper()
	var found []engine.Event
	l.await(fmt.Sprintf("%d lines with %q", n, text), func(ev []engine.Event) bool {
		found = found[:0]
		for _, e := range ofKind(ev, engine.KindOutput) {
			if strings.Contains(line(e), text) {
				found = append(found, e)
			}
		}
		return len(found) >= n
	})
	return found
}

// awaitOf waits for an event of a kind of one worker.
func (l *log) awaitOf(worker int, kind engine.Kind) engine.Event {
	l.t.Helper()
	var found engine.Event
	l.await(fmt.Sprintf("%s of worker %d", kind, worker), func(ev []engine.Event) bool {
		for _, e := range ev {
			if e.Worker == worker && e.Kind == kind {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// addr is where the first server listens, once it does.
func (l *log) addr() string {
	l.t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(listening(l.awaitKind(1, engine.KindListening)[0]).Port))
}

// dump shows what happened when a test has failed.
func (l *log) dump() {
	if !l.t.Failed() {
		return
	}
	events := l.soFar()
	const most = 60
	if n := len(events); n > most {
		l.t.Logf("(%d events before these)", n-most)
		events = events[n-most:]
	}
	for _, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			b = fmt.Appendf(nil, "%+v: %v", e, err)
		}
		l.t.Logf("%.400s", b)
	}
}

// cluster is an engine that runs in this process with Node workers.
type cluster struct {
	*log
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
	c := &cluster{newLog(t), ec, make(chan struct{})}
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
		keptTheRules(t, c.soFar())
		c.dump()
	})
	return c
}

// follow puts the events into the log until the cluster has stopped.
func (c *cluster) follow() {
	var seq uint64
	for over := false; !over; {
		select {
		case <-c.Changed():
		case <-c.Done():
			over = true
		}
		events, lost := c.Events(seq)
		if lost > 0 {
			c.t.Errorf("%d events were missed", lost)
		}
		if len(events) > 0 {
			seq = events[len(events)-1].Seq
			c.add(events...)
		}
	}
	c.end()
}

// stop ends the cluster, if it runs, and waits for the end.
func (c *cluster) stop() {
	c.t.Helper()
	_, _ = c.Do(context.Background(), engine.Command{Op: engine.OpStop}) // it may have ended by itself
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Error("the cluster does not stop")
		c.KillAll()
		<-c.ended
	}
}

func (c *cluster) do(cmd engine.Command) engine.Result {
	c.t.Helper()
	r, err := c.Do(context.Background(), cmd)
	if err != nil {
		c.t.Fatalf("%s: %v", cmd.Op, err)
	}
	return r
}

func (c *cluster) send(worker int, message string, h *engine.Handle) {
	c.t.Helper()
	c.do(engine.Command{Op: engine.OpSend, Worker: worker, Message: json.RawMessage(message), Handle: h})
}

// row waits for a snapshot in which the worker's row is as it should be.
func (c *cluster) row(worker int, what string, ok func(*engine.Row) bool) *engine.Row {
	c.t.Helper()
	var row *engine.Row
	testkit.Eventually(c.t, patience, func() bool {
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

func ofKind(events []engine.Event, kind engine.Kind) (found []engine.Event) {
	for _, e := range events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
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

// keptTheRules checks what must hold in every run that has ended: the events of
// each worker in order, each of them once, and its process gone.
func keptTheRules(t *testing.T, events []engine.Event) {
	t.Helper()
	rank := map[engine.Kind]int{
		engine.KindFork: 1, engine.KindOnline: 2, engine.KindListening: 3, engine.KindDisconnect: 4, engine.KindExit: 5,
	}
	last := map[int]int{}
	pids := map[int]int{}
	for _, e := range events {
		r, ok := rank[e.Kind]
		if !ok || e.Worker == 0 {
			continue
		}
		if r < last[e.Worker] || r == last[e.Worker] && e.Kind != engine.KindListening {
			t.Errorf("worker %d: %s out of order", e.Worker, e.Kind)
		}
		last[e.Worker] = r
		if e.Kind == engine.KindFork {
			pids[e.Worker] = e.PID
		}
	}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if last[id] != rank[engine.KindExit] {
			t.Errorf("worker %d (pid %d) has no exit", id, pids[id])
		}
	}
}
