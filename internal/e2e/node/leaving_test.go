//go:build linux

package node

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// stopBy has a leaving worker sent a signal as soon as nothing is open, and
// killed after a while.
func stopBy(sig syscall.Signal, kill time.Duration) func(*scene) {
	return func(o *scene) { o.StopSignal, o.KillTimeout = sig, kill }
}

// signals are those a worker was sent by the rules, with why.
func signals(l *kit.Log, worker int) (sent []string) {
	for _, e := range kit.OfKind(l.SoFar(), engine.KindKill) {
		if d := e.Detail.(engine.KillDetail); e.Worker == worker && e.By == engine.BySupervisor {
			sent = append(sent, d.Signal+": "+d.Reason)
		}
	}
	return sent
}

const nothingOpen = "nothing is open any more, and it lives on"

// A program that tidies up at SIGTERM had one second, after all of the grace, and
// none of it with --grace 0. Now it has the signal as soon as nothing is open, and
// its time: in whatever way it leaves.
func TestNodeTidiesUpAtTheStopSignal(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"grace": time.Minute, "no grace": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "leaves.js", workers(4), grace(limit), stopBy(syscall.SIGTERM, time.Minute), env("CATCH=SIGTERM", "TIDY=1200"),
				func(o *scene) { o.StopMessage = []byte(`"shutdown"`) })
			c.AwaitKind(4, engine.KindListening)
			c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
			c.send(2, `"leave"`, nil)
			c.do(engine.Command{Op: engine.OpRestart, Worker: 3})
			c.AwaitOf(3, engine.KindLeave)
			c.do(engine.Command{Op: engine.OpStop})
			for id := 1; id <= 4; id++ {
				d := exit(c.AwaitOf(id, engine.KindExit))
				if d.String() != "code 0" || !d.Voluntary {
					t.Errorf("worker %d: exit %+v", id, d)
				}
				if sent := signals(c.Log, id); len(sent) != 1 || sent[0] != "SIGTERM: "+nothingOpen {
					t.Errorf("worker %d was sent %q", id, sent)
				}
			}
			// The message comes before the channel closes, and not to the one that
			// left by itself.
			told := map[int][]string{}
			for _, e := range kit.OfKind(c.SoFar(), engine.KindOutput) {
				told[e.Worker] = append(told[e.Worker], line(e))
			}
			for id := 1; id <= 4; id++ {
				want := `message "shutdown"|channel closed|caught SIGTERM`
				if id == 2 {
					want = `message "leave"|channel closed|caught SIGTERM`
				}
				if got := strings.Join(told[id][1:], "|"); got != want {
					t.Errorf("worker %d said %q, want %q", id, got, want)
				}
			}
		})
	}
}

// One that was told to leave before it was online, and lives on, was waited for
// without end: nobody looked whether it had something open.
func TestNodeToldToLeaveBeforeItWasOnlineWasWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	c := start(t, "leaves.js", workers(2), grace(0), stopBy(syscall.SIGTERM, time.Second))
	c.AwaitKind(2, engine.KindFork) // a start of Node takes longer than the order
	c.do(engine.Command{Op: engine.OpStop})
	for id := 1; id <= 2; id++ {
		c.AwaitOf(id, engine.KindExit)
		if sent := signals(c.Log, id); len(sent) != 1 || sent[0] != "SIGTERM: "+nothingOpen {
			t.Errorf("worker %d was sent %q", id, sent)
		}
	}
}

// One that ends by itself is not signalled: its exit stays its own.
func TestNodeThatEndsByItselfIsNotSignalled(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", stopBy(syscall.SIGTERM, time.Minute))
	c.AwaitKind(2, engine.KindListening)
	c.do(engine.Command{Op: engine.OpDisconnectAll})
	for id := 1; id <= 2; id++ {
		if d := exit(c.AwaitOf(id, engine.KindExit)); d.String() != "code 0" || !d.Voluntary {
			t.Errorf("worker %d: exit %+v", id, d)
		}
		if sent := signals(c.Log, id); len(sent) != 0 {
			t.Errorf("worker %d was sent %q", id, sent)
		}
	}
}

func TestNodeIgnoresTheStopSignal(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		sig  syscall.Signal
		sent []string // how each begins
	}{
		"SIGINT": {syscall.SIGINT, []string{"SIGINT: " + nothingOpen, "SIGKILL: SIGINT did not end it in "}},
		"none":   {engine.NoStopSignal, []string{"SIGKILL: nothing has been open for "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "leaves.js", workers(1), grace(0), stopBy(s.sig, 1500*time.Millisecond), env("CATCH=SIGINT"))
			c.AwaitKind(1, engine.KindListening)
			c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
			row := c.row(1, "its end is known", func(w *engine.Row) bool { return !w.LeaveBy.IsZero() })
			if want := strings.HasPrefix(s.sent[0], "SIGINT"); (row.StopSignal == "SIGINT") != want {
				t.Errorf("the row says %q", row.StopSignal)
			}
			if d := exit(c.AwaitOf(1, engine.KindExit)); d.String() != "SIGKILL" || !d.Voluntary {
				t.Errorf("exit %+v", d)
			}
			sent := signals(c.Log, 1)
			for i := range max(len(sent), len(s.sent)) {
				if i >= len(sent) || i >= len(s.sent) || !strings.HasPrefix(sent[i], s.sent[i]) {
					t.Fatalf("it was sent %q, want %q", sent, s.sent)
				}
			}
		})
	}
}

// A server that goes past the cluster (exclusive) keeps what it has: the signal
// waits for its connections, and not for the grace.
func TestNodeRequestPastTheClusterIsNotCut(t *testing.T) {
	t.Parallel()
	c := start(t, "leaves.js", workers(1), grace(time.Minute), stopBy(syscall.SIGTERM, time.Minute), env("EXCLUSIVE=1"))
	var port int
	after(t, c.AwaitLines(1, "port ")[0], "port ", &port)
	answered := make(chan error, 1)
	var at time.Time
	go func() { // ends with the answer, or at the client's limit
		client := http.Client{Timeout: kit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/?ms=3000", port))
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		at = time.Now()
		answered <- err
	}()
	c.AwaitLines(1, "asked")
	c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
	if err := <-answered; err != nil {
		t.Errorf("the request: %v", err)
	}
	if k := c.AwaitOf(1, engine.KindKill); k.Time.Before(at) {
		t.Error("it was signalled before its answer")
	}
	exit(c.AwaitOf(1, engine.KindExit))
	if sent := signals(c.Log, 1); len(sent) != 1 || sent[0] != "SIGTERM: "+nothingOpen {
		t.Errorf("it was sent %q", sent)
	}
}

// A worker that never reads that it is to leave, and has nothing open, is not
// waited for until the grace is over; nor is one that stands still killed for it.
func TestNodeSilentWorkerWithNothingOpenLeavesEarly(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "leaves.js", workers(1), policy(p), grace(time.Minute), stopBy(syscall.SIGTERM, time.Minute), env("CATCH=SIGTERM", "TIDY=1"))
		c.AwaitKind(1, engine.KindListening)
		c.do(engine.Command{Op: engine.OpKill, Worker: 1, Signal: syscall.SIGSTOP})
		c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
		if d := exit(c.AwaitOf(1, engine.KindExit)); d.String() != "code 0" {
			t.Errorf("exit %+v", d)
		}
		if sent := signals(c.Log, 1); len(sent) != 1 || sent[0] != "SIGTERM: "+nothingOpen {
			t.Errorf("it was sent %q", sent)
		}
	})
}
