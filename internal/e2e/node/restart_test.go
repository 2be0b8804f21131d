//go:build linux

package node

import (
	"cmp"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

func readyWithin(d time.Duration) func(*scene) { return func(o *scene) { o.ReadyTimeout = d } }

// next is what later forks run: a program of testdata/node with an environment,
// or a whole command.
func (c *cluster) next(command []string, env ...string) {
	c.T.Helper()
	s := engine.Settings{Exec: command[0], Args: command[1:], Env: append([]string{}, env...)}
	if len(command) == 1 {
		s.Exec, s.Args = needNode(c.T), []string{filepath.Join(programs, command[0])}
	}
	if err := c.SetupPrimary(s); err != nil {
		c.T.Fatal(err)
	}
}

// failed waits for the event that says that the restart of worker 1 failed.
func (c *cluster) failed(worker int) string {
	c.T.Helper()
	const text = "restart of worker 1: "
	var said string
	c.Await(text, func(ev []engine.Event) bool {
		for _, e := range kit.OfKind(ev, engine.KindError) {
			if d := e.Detail.(engine.ErrorDetail); e.Worker == worker && strings.HasPrefix(d.Text, text) {
				said = strings.TrimPrefix(d.Text, text)
			}
		}
		return said != ""
	})
	return said
}

// A replacement that does not come up waited beside the old worker for ever, or
// half a minute, and the old one's row said only that it waits.
func TestNodeRestartThatDoesNotComeUp(t *testing.T) {
	t.Parallel()
	const ready = 4 * time.Second // a good one must come up in that, on a busy machine too
	late := []string{"SIGKILL: it did not listen within 4s; worker 1 stays"}
	for name, s := range map[string]struct {
		command []string
		env     string
		ready   time.Duration // 0 = ready
		then    func(*cluster, int)
		says    string
		sent    []string
	}{
		"never listens": {command: []string{"unready.js"}, says: "worker 2 ended (SIGKILL) before it listened; worker 1 stays", sent: late},
		"stands still": {command: []string{"app.js"}, then: func(c *cluster, id int) {
			if err := c.Worker(id).Process().Signal(syscall.SIGSTOP); err != nil {
				c.T.Error(err)
			}
		}, says: "worker 2 ended (SIGKILL) before it listened; worker 1 stays", sent: late},
		"has no channel": {command: []string{"sh", "-c", "exec 3>&-; exec sleep 60"}, says: "worker 2 closed its channel before it listened; worker 1 stays",
			sent: []string{"SIGKILL: it did not listen within 4s"}},
		"leaves": {command: []string{"unready.js"}, env: "leaves", says: "worker 2 leaves before it listened; worker 1 stays",
			sent: []string{"SIGKILL: it did not listen within 4s"}},
		"dies": {command: []string{"throws.js"}, ready: time.Minute, says: "worker 2 ended (exit code 1) before it listened; worker 1 stays"},
		"told to leave": {command: []string{"unready.js"}, ready: time.Minute, then: func(c *cluster, id int) {
			c.do(engine.Command{Op: engine.OpDisconnect, Worker: id})
			c.AwaitOf(id, engine.KindDisconnect)
			if err := c.Worker(id).Process().Signal(syscall.SIGINT); err != nil {
				c.T.Error(err)
			}
		}, says: "worker 2 leaves before it listened; worker 1 stays"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "app.js", workers(1), grace(0), readyWithin(cmp.Or(s.ready, ready)))
			c.AwaitKind(1, engine.KindListening)
			c.next(s.command, "MARKER="+name, "WAY="+s.env)
			id := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
			if s.then != nil {
				s.then(c, id)
			}
			if said := c.failed(id); said != s.says {
				t.Errorf("the log says %q, want %q", said, s.says)
			}
			exit(c.AwaitOf(id, engine.KindExit))
			if sent := signals(c.Log, id); strings.Join(sent, "|") != strings.Join(s.sent, "|") {
				t.Errorf("it was sent %q, want %q", sent, s.sent)
			}
			c.row(1, "it stays, and says so", func(w *engine.Row) bool {
				return w.State == engine.StateListening && w.ReplacedBy == 0 && w.Note == "restart failed"
			})
			if a := getApp(t, c.Addr(), "/"); a.ID != 1 {
				t.Errorf("worker %d answers", a.ID)
			}
			// It can be tried again.
			c.next([]string{"app.js"})
			again := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
			c.AwaitOf(again, engine.KindListening)
			if d := exit(c.AwaitOf(1, engine.KindExit)); !d.Voluntary {
				t.Errorf("exit of the old one: %+v", d)
			}
			if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 3 {
				t.Errorf("%d forks, want 3", n)
			}
		})
	}
}

// One that says PM2's "ready" is up, though it does not listen.
func TestNodeRestartReadyIsUp(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", workers(1), readyWithin(time.Minute), stopBy(syscall.SIGTERM, time.Minute))
	c.AwaitKind(1, engine.KindListening)
	c.next([]string{"unready.js"}, "WAY=ready")
	id := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
	if d := exit(c.AwaitOf(1, engine.KindExit)); d.String() != "code 0" || !d.Voluntary {
		t.Errorf("exit of the old one: %+v", d)
	}
	c.row(id, "it lives", func(w *engine.Row) bool { return w.State == engine.StateOnline })
}

// If it is the old worker that goes meanwhile, the new one has the slot, and is
// not ended for being late beside nobody.
func TestNodeRestartWhoseOldWorkerGoes(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", workers(3), readyWithin(time.Second), grace(time.Minute), stopBy(syscall.SIGTERM, time.Minute))
	c.AwaitKind(3, engine.KindListening)
	c.next([]string{"unready.js"})
	// The old one that leaves takes longer than the new one may.
	busy, answered := keptBy(t, c.Addr(), 2, "/slow?ms=3000")
	defer busy.Close()
	dies := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
	leaves := c.do(engine.Command{Op: engine.OpRestart, Worker: 2}).Worker
	c.do(engine.Command{Op: engine.OpCrash, Worker: 1})
	c.do(engine.Command{Op: engine.OpDisconnect, Worker: 2})
	c.AwaitOf(1, engine.KindExit)
	if err := <-answered; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	busy.Close()
	c.AwaitOf(2, engine.KindExit)
	// The clock: a restart that began later is over its time.
	c.AwaitOf(c.do(engine.Command{Op: engine.OpRestart, Worker: 3}).Worker, engine.KindExit)
	for _, id := range []int{dies, leaves} {
		c.row(id, "it lives", func(w *engine.Row) bool { return w.State == engine.StateOnline })
		if sent := signals(c.Log, id); len(sent) != 0 {
			t.Errorf("worker %d was sent %q", id, sent)
		}
	}
	if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 6 {
		t.Errorf("%d forks, want 6", n)
	}
}

// A stop during a restart is no failed restart.
func TestNodeStopDuringARestart(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", workers(1), readyWithin(time.Minute), stopBy(syscall.SIGTERM, time.Minute))
	c.AwaitKind(1, engine.KindListening)
	c.next([]string{"idle.js"})
	id := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
	c.AwaitOf(id, engine.KindOnline)
	c.stop()
	if e := kit.OfKind(c.SoFar(), engine.KindError); len(e) != 0 {
		t.Errorf("%+v", e)
	}
}
