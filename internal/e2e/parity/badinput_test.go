package parity

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

// In each of these tests somebody asks for what cannot be had. The error must
// say of whom or of what, and why; the cluster must go on, which a worker that
// still answers proves.

// wantError checks that there is an error that holds all the parts.
func wantError(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: the error %q does not hold %q", what, err, part)
		}
	}
}

func TestForkWhileClosing(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "lingers")
	if got := nextText(t, messagesOf(w)); got != "ready" {
		t.Fatalf("the worker says %q", got)
	}
	c.Stop() // the worker takes its time to leave
	_, err := c.Fork()
	wantError(t, "Fork while the cluster stops", err, "fork", "stopping")
	if !errors.Is(err, engine.ErrStopped) {
		t.Errorf("it is not ErrStopped: %v", err)
	}
	if err := c.SetupPrimary(engine.Settings{Args: []string{"x"}}); !errors.Is(err, engine.ErrStopped) {
		t.Errorf("SetupPrimary while the cluster stops: %v", err)
	}
	if err := c.SetSchedulingPolicy(engine.SchedNone); !errors.Is(err, engine.ErrStopped) {
		t.Errorf("SetSchedulingPolicy while the cluster stops: %v", err)
	}
	stillAnswers(t, w)
	ended := make(chan engine.ExitDetail, 1)
	w.OnExit(func(d engine.ExitDetail) { ended <- d }) // before: after the cluster's end none is added
	send(t, w, "go")
	if exit := next(t, ended, "its exit"); exit.String() != "code 0" || !exit.Voluntary {
		t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
	}
}

func TestForkWithBadVariable(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	for what, kv := range map[string]string{"no =": "NAME", "no name": "=value", "zero byte": "NAME=a\x00b", "empty": ""} {
		got, err := c.Fork("GOOD=1", kv)
		wantError(t, what, err, "fork", fmt.Sprintf("%q", kv), "NAME=VALUE")
		if got != nil {
			t.Errorf("%s: %v was forked", what, got)
		}
		wantError(t, what+" in settings", c.SetupPrimary(engine.Settings{Env: []string{kv}}), fmt.Sprintf("%q", kv), "NAME=VALUE")
	}
	if n := len(c.Workers()); n != 1 {
		t.Errorf("%d workers live, want 1", n)
	}
	stillAnswers(t, w)
	if got := fork(t, c, "echo"); got.ID() != 2 {
		t.Errorf("a refused fork took an id: the next is %d", got.ID())
	}
}

// A program that does not exist is no error of SetupPrimary and of Fork: what
// is set now may be there later. It is the end of that worker, as in Node, and
// of no other. New, which is to fail early, looks at once.
func TestMissingExecutable(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	for _, exec := range []string{"/no/such/program", "no-such-program-of-muster"} {
		setUp(t, c, engine.Settings{Exec: exec})
		bad, err := c.Fork()
		if err != nil {
			t.Fatal(err)
		}
		id := bad.ID()
		failed := make(chan error, 1)
		bad.OnError(func(err error) { failed <- err })
		wantError(t, "the worker's error", next(t, failed, "the error"), fmt.Sprintf("worker %d", id), exec)
		exit := exitOf(t, bad)
		if want := -int(syscall.ENOENT); exit.Code == nil || *exit.Code != want || exit.Voluntary {
			t.Errorf("%s: exit %v, voluntary %v, want code %d as in Node", exec, exit, exit.Voluntary, want)
		}
		if code, ok := bad.Process().ExitCode(); !ok || code != -int(syscall.ENOENT) {
			t.Errorf("%s: ExitCode is %d, %v", exec, code, ok)
		}
		if pid := bad.Process().PID(); pid != 0 || !bad.IsDead() {
			t.Errorf("%s: pid %d, dead %v", exec, pid, bad.IsDead())
		}
		err = bad.Send("x")
		wantError(t, "Send to it", err, fmt.Sprintf("worker %d", id))
		if !errors.Is(err, engine.ErrChannelClosed) {
			t.Errorf("Send to it: %v is not ErrChannelClosed", err)
		}
	}
	stillAnswers(t, w)
	setUp(t, c, engine.Settings{Exec: ownFile(t)})
	stillAnswers(t, fork(t, c, "echo"))

	for _, exec := range []string{"/no/such/program", "no-such-program-of-muster", t.TempDir()} {
		_, err := engine.New(engine.Options{Settings: engine.Settings{Exec: exec}})
		wantError(t, "New", err, exec)
	}
}

func TestListenInPrimary(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	const addr = "127.0.0.1:0"
	_, tcp := engine.Listen("tcp", addr)
	_, udp := engine.ListenPacket("udp", addr)
	_, own := engine.ListenConfig{Exclusive: true}.Listen("tcp", addr)
	_, fd := engine.ListenFD(3)
	for what, err := range map[string]error{addr: tcp, addr + " ": udp, addr + "  ": own, "descriptor 3": fd} {
		wantError(t, "listening in the primary", err, strings.TrimSpace(what))
		if !errors.Is(err, engine.ErrNotWorker) {
			t.Errorf("%v is not ErrNotWorker", err)
		}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := engine.ServeHTTP(ln, &http.Server{}); !errors.Is(err, engine.ErrNotWorker) {
		t.Errorf("ServeHTTP in the primary: %v", err)
	}
	if engine.Self() != nil || engine.IsWorker() || !engine.IsPrimary() {
		t.Error("the primary takes itself for a worker")
	}
	stillAnswers(t, w)
}

func TestTwoListensOnOneAddress(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := newCluster(t, policy(p))
		other := fork(t, c, "echo")
		w := fork(t, c, "twice")
		second := nextText(t, messagesOf(w))
		addr := addressOf(t, w)
		wantError(t, "the second listen", errors.New(second), "true: ", "worker 2", addr, "address already in use")
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got := line(t, conn); got != "the first\n" {
			t.Errorf("the first listener says %q", got)
		}
		stillAnswers(t, other)
	})
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	before := c.Settings()
	for _, tt := range []struct {
		s     engine.Settings
		parts []string
	}{
		{engine.Settings{Stdio: []engine.Stdio{"", "tty"}}, []string{"tty", "stdout", "inherit"}},
		{engine.Settings{Stdio: make([]engine.Stdio, 4)}, []string{"4", "three"}},
		{engine.Settings{Exec: "a\x00b"}, []string{`"a\x00b"`, "zero byte"}},
		{engine.Settings{Args: []string{"a", "\x00"}}, []string{`"\x00"`, "zero byte"}},
		{engine.Settings{Cwd: "\x00"}, []string{`"\x00"`, "zero byte"}},
	} {
		wantError(t, "SetupPrimary", c.SetupPrimary(tt.s), append(tt.parts, "settings")...)
		_, err := engine.New(engine.Options{Settings: tt.s})
		wantError(t, "New", err, tt.parts...)
	}
	wantSettings(t, c, before)
	stillAnswers(t, w)
	stillAnswers(t, fork(t, c, "echo"))
}

func TestBadPolicy(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	for _, p := range []engine.Policy{7, 0, -1} {
		wantError(t, "SetSchedulingPolicy", c.SetSchedulingPolicy(p), fmt.Sprint(int(p)), "not a policy")
	}
	if got := c.SchedulingPolicy(); got != engine.SchedRR {
		t.Errorf("the policy is %v now", got)
	}
	_, err := engine.New(engine.Options{Policy: 7})
	wantError(t, "New", err, "7", "not a policy")
	stillAnswers(t, w)
}

// Signal 0 is SIGTERM, as in Node's kill(). One that does not exist is an error
// that leaves the worker alone: it has not been killed, so it does not count as
// such when it ends.
func TestKillWithBadSignal(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	stillAnswers(t, w)
	for _, sig := range []syscall.Signal{99, -1, 65} {
		wantError(t, "Kill", w.Kill(sig), "worker 1", fmt.Sprint(int(sig)), "invalid argument")
		wantError(t, "Signal", w.Process().Signal(sig), fmt.Sprint(int(sig)), "invalid argument")
	}
	if voluntary, known := w.ExitedAfterDisconnect(); known {
		t.Errorf("a signal that was never sent makes it voluntary = %v", voluntary)
	}
	for _, e := range eventsOf(c, engine.KindKill) {
		t.Errorf("the events tell of a signal that was not sent: %+v", e.Detail)
	}
	stillAnswers(t, w)

	if err := w.Kill(0); err != nil {
		t.Fatal(err)
	}
	if exit := exitOf(t, w); exit.String() != "SIGTERM" || !exit.Voluntary {
		t.Errorf("after Kill(0) it ends with %v, voluntary %v", exit, exit.Voluntary)
	}
	if err := w.Kill(99); err != nil {
		t.Errorf("a dead worker has nothing to object: %v", err)
	}

	// One that is not started yet has no process to refuse the signal.
	early := fork(t, c, "echo")
	if err := early.Kill(99); err == nil {
		t.Error("Kill(99) right after the fork is no error")
	}
	stillAnswers(t, early)
	if _, known := early.ExitedAfterDisconnect(); known {
		t.Error("a signal that was never sent makes it voluntary")
	}
}

// eventsOf are the events of a kind so far.
func eventsOf(c *engine.Cluster, kind engine.Kind) []engine.Event {
	var some []engine.Event
	all, _ := c.Events(0)
	for _, e := range all {
		if e.Kind == kind {
			some = append(some, e)
		}
	}
	return some
}
