//go:build linux

package node

import (
	"net"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// How a worker ends, what the events say, and whether it is replaced.
func TestNodeEndings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path      string
		code      int
		voluntary bool
		replaced  bool
		announced bool // a leave event by the program's own call
		says      string
	}{
		"worker.disconnect()":  {path: "/disconnect", voluntary: true, announced: true, says: "channel closed"},
		"worker.kill()":        {path: "/kill", voluntary: true, announced: true, says: "channel closed"},
		"process.disconnect()": {path: "/process-disconnect", replaced: true}, // cluster ends it before its own listeners run
		"process.exit(0)":      {path: "/exit?code=0", replaced: true},
		"process.exit(3)":      {path: "/exit?code=3", code: 3, replaced: true},
		"uncaught exception":   {path: "/throw", code: 1, replaced: true, says: "    at Immediate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "app.js")
			c.AwaitKind(2, engine.KindListening)
			getFrom(t, c.Addr(), 1, tt.path)
			d := exit(c.AwaitOf(1, engine.KindExit))
			if d.Code == nil || *d.Code != tt.code || d.Voluntary != tt.voluntary {
				t.Errorf("exit %+v", d)
			}
			leaves := 0
			for _, e := range kit.OfKind(c.SoFar(), engine.KindLeave) {
				if e.Worker == 1 && e.By == engine.ByOutside {
					leaves++
				}
			}
			if want := map[bool]int{true: 1}[tt.announced]; leaves != want {
				t.Errorf("%d leave events by the worker, want %d", leaves, want)
			}
			if tt.says != "" {
				c.AwaitLines(1, tt.says)
			}
			if tt.replaced {
				c.AwaitOf(3, engine.KindListening)
				if e := c.AwaitOf(3, engine.KindFork); e.Slot != 0 || e.Detail.(engine.ForkDetail).Replaces != 1 {
					t.Errorf("the third fork is %+v", e)
				}
			} else {
				// Nothing happens any more: what is decided is decided with the exit.
				getFrom(t, c.Addr(), 2, "/")
				if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 2 {
					t.Errorf("%d forks", n)
				}
			}
		})
	}
}

// A program that throws at its start: the stack is in the log, the row says
// which error it is, and the slot stops.
func TestNodeThrowsAtItsStart(t *testing.T) {
	t.Parallel()
	crashLoop(t, "throws.js", "RangeError: cannot start: no configuration", "    at inner (")
}

func TestNodeSyntaxError(t *testing.T) {
	t.Parallel()
	crashLoop(t, "syntax.js", "SyntaxError: Unexpected token ';'", "const broken = {;")
}

func TestNodeScriptMissing(t *testing.T) {
	t.Parallel()
	crashLoop(t, "node no-such-file.js", "Error: Cannot find module '"+programs+"/no-such-file.js'", "")
}

func crashLoop(t *testing.T, command, reason, stack string) {
	t.Helper()
	c := start(t, command, workers(1))
	d := c.AwaitKind(1, engine.KindStopped)[0].Detail.(engine.StoppedDetail)
	if d.Text != reason || d.Deaths != 5 {
		t.Errorf("stopped: %+v, want %q", d, reason)
	}
	if stack != "" {
		c.AwaitLines(5, stack)
	}
	id := c.SoFar()[len(c.SoFar())-1].Worker
	row := c.row(id, "stopped", func(w *engine.Row) bool { return w.Next != nil && w.Next.Stopped })
	if row.Next.Reason != reason || row.Exit.String() != "code 1" {
		t.Errorf("the row says %q, %v", row.Next.Reason, row.Exit)
	}
	if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 5 {
		t.Errorf("%d forks, want 5", n)
	}
}

// A script with nothing left to do lives for as long as its channel, as under
// Node's own primary.
func TestNodeNothingToDo(t *testing.T) {
	t.Parallel()
	c := start(t, "idle.js", workers(1))
	c.row(1, "its row says so", func(w *engine.Row) bool { return w.Note == "never listened" })
	told := time.Now()
	c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
	if d := exit(c.AwaitOf(1, engine.KindExit)); !d.Voluntary || d.String() != "code 0" {
		t.Errorf("exit %+v", d)
	}
	if took := time.Since(told); took > 4*time.Second { // the grace is 5 s
		t.Errorf("it left %v after it was told to", took)
	}
	c.AwaitLines(1, "channel closed")
}

// A worker that is told to leave finishes what it has: a request in flight is
// answered, idle connections are closed, new ones go to the others. It is told
// 200 ms after it was taken out of the rotation.
func TestNodeGracefulDisconnect(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "app.js", policy(p))
		c.AwaitKind(2, engine.KindListening)
		idle, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()
		_ = idle.SetDeadline(time.Now().Add(kit.Patience))
		id := request(t, idle, "/")
		busy, answered := keptBy(t, c.Addr(), id, "/slow?ms=1500")

		c.do(engine.Command{Op: engine.OpDisconnect, Worker: id})
		left := c.AwaitOf(id, engine.KindLeave).Time
		for range 20 {
			if a := getApp(t, c.Addr(), "/"); a.ID == id {
				t.Fatalf("a new connection went to worker %d, which leaves", id)
			}
		}
		if major(t) >= 19 { // 18 keeps idle connections
			if n, err := idle.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("the idle connection: %d, %v", n, err)
			}
			if took := time.Since(left); took < 200*time.Millisecond || took > 4*time.Second {
				t.Errorf("the idle connection was closed %v after the worker left the rotation", took)
			}
		}
		if err := <-answered; err != nil {
			t.Errorf("the request in flight: %v", err)
		}
		// Node keeps this connection for another keepAliveTimeout, because it was
		// not idle when the server closed.
		busy.Close()
		if major(t) < 19 {
			return // it ends by the grace at the latest, see below
		}
		if d := exit(c.AwaitOf(id, engine.KindExit)); !d.Voluntary || d.String() != "code 0" {
			t.Errorf("exit %+v", d)
		}
		if n := len(kit.OfKind(c.SoFar(), engine.KindKill)); n != 0 {
			t.Errorf("%d signals were sent", n)
		}
	})
}

// keptBy has a request under way on a connection of a worker, and its end.
func keptBy(t *testing.T, addr string, worker int, path string) (net.Conn, <-chan error) {
	t.Helper()
	conn := connectTo(t, addr, worker)
	done := make(chan error, 1)
	go func() { // ends with the answer, at the latest with the connection
		_, err := tryRequest(conn, path)
		done <- err
	}()
	return conn, done
}

// A client that keeps using its connection does not keep a worker for ever:
// Node 18 never tells it to close, and ends by the grace.
func TestNodeDisconnectWithBusyClient(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", grace(2*time.Second))
	c.AwaitKind(2, engine.KindListening)
	conn, err := net.Dial("tcp", c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	id := request(t, conn, "/")
	over := make(chan struct{})
	go func() { // ends when the worker closes the connection
		defer close(over)
		for {
			if _, err := tryRequest(conn, "/"); err != nil {
				return
			}
		}
	}()
	c.do(engine.Command{Op: engine.OpDisconnect, Worker: id})
	d := exit(c.AwaitOf(id, engine.KindExit))
	<-over
	want := "code 0"
	if major(t) < 19 {
		want = "SIGTERM"
	}
	if d.String() != want || !d.Voluntary {
		t.Errorf("exit %+v, want %s", d, want)
	}
}

// A websocket stays open for the grace and works; then it is ended, and the log
// says so.
func TestNodeOpenWebSocketEndsWithTheGrace(t *testing.T) {
	t.Parallel()
	needPackages(t)
	const limit = 3 * time.Second // two looks at its connections come before
	c := start(t, "ws.js", workers(1), grace(limit), stopBy(syscall.SIGTERM, time.Minute))
	c.AwaitKind(1, engine.KindListening)
	w, err := dialWebSocket(c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c.do(engine.Command{Op: engine.OpDisconnect, Worker: 1})
	asked := 0
	for begin := time.Now(); time.Since(begin) < limit/2; asked++ {
		if _, err := w.ask("still there?"); err != nil {
			t.Fatalf("question %d: %v", asked, err)
		}
	}
	d := exit(c.AwaitOf(1, engine.KindExit))
	if d.String() != "SIGTERM" || !d.Voluntary {
		t.Errorf("exit %+v, want SIGTERM, voluntary", d)
	}
	k := c.AwaitOf(1, engine.KindKill)
	if kd := k.Detail.(engine.KillDetail); kd.Reason != "the grace of 3s is over" || k.By != engine.BySupervisor {
		t.Errorf("the log says %+v", kd)
	}
	if took := k.Time.Sub(c.AwaitOf(1, engine.KindLeave).Time); took < limit-50*time.Millisecond || took > limit+time.Second { // the event is a little later than the clock it starts
		t.Errorf("ended %v after it was told, want %v", took, limit)
	}
	if n := len(kit.OfKind(c.SoFar(), engine.KindFork)); n != 1 {
		t.Error("it was replaced")
	}
}
