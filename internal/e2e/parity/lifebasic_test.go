package parity

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"muster/engine"
)

// Node checks a worker's whole life: which events come on the cluster and on
// the worker, in which order, with what arguments and in which state, and that
// the variable that makes a process a worker is not in the worker's own
// environment any more, so that what it starts is none.
//
// Node's inherited variable is one of an object's prototype. Here it is one that
// stands in the environment without a channel: that makes no worker either.
func TestBasic(t *testing.T) {
	c := lifeCluster(t)
	d := keepDiary(c)
	d.then["online"] = func(w *engine.Worker) {
		if err := w.Send("listen"); err != nil {
			t.Errorf("Send: %v", err)
		}
	}
	d.then["listening"] = func(w *engine.Worker) {
		if err := w.Kill(0); err != nil {
			t.Errorf("Kill: %v", err)
		}
	}
	w := fork(t, c, "listens-if-told")
	d.follow(w)
	if c.Worker(w.ID()) != w || len(c.Workers()) != 1 || w.ID() != 1 {
		t.Errorf("after the fork of worker %d: workers %v", w.ID(), c.Workers())
	}
	d.end(t, 1)

	d.expect(t, w, "fork", "online", "listening", "disconnect", "exit")
	for what, want := range map[string]engine.State{
		"online": engine.StateOnline, "listening": engine.StateListening, "exit": engine.StateExited,
	} {
		for _, h := range d.at(what) {
			if h.state != want {
				t.Errorf("state at '%s' of the %s is %s, want %s", what, h.from, h.state, want)
			}
			if h.listed == (what == "exit") {
				t.Errorf("at '%s' of the %s: in Workers %v", what, h.from, h.listed)
			}
		}
	}
	if l := d.listening; l.Address != "127.0.0.1" || l.Port <= 0 || l.AddressType != "4" {
		t.Errorf("'listening' says %+v", l)
	}
	wantExit(t, d.exit, 0, "SIGTERM", true)

	t.Setenv("NODE_UNIQUE_ID", "7")
	if worker, err := engine.Role(); worker || err == nil {
		t.Errorf("NODE_UNIQUE_ID without a channel: worker %v, error %v; want no worker, and why", worker, err)
	}
	if !engine.IsPrimary() || engine.IsWorker() || engine.Self() != nil {
		t.Error("this process has become a worker")
	}
}

// envNames are the variables tellsEnv tells.
var envNames = []string{"MUSTER_PARITY_NEW", "MUSTER_PARITY_OLD", "MUSTER_PARITY_SET"}

// Node checks that variables given to fork are added to the worker's
// environment and replace those of the primary, and that a worker's send says
// that its message was taken. Here they also replace those of the settings, and
// the next worker does not get them.
func TestForkEnv(t *testing.T) {
	t.Setenv("MUSTER_PARITY_OLD", "old")
	c := lifeCluster(t, func(o *engine.Options) { o.Settings.Env = []string{"MUSTER_PARITY_SET=settings"} })
	for _, tt := range []struct {
		name string
		env  []string
		want [3]string
	}{
		{"given", []string{"MUSTER_PARITY_NEW=custom=1", "MUSTER_PARITY_OLD=new", "MUSTER_PARITY_SET="}, [3]string{"custom=1", "new", ""}},
		{"none", nil, [3]string{"", "old", "settings"}},
	} {
		w := fork(t, c, "tells-env", tt.env...)
		var got map[string]string
		if err := json.Unmarshal([]byte(next(t, messages(w), "message")), &got); err != nil {
			t.Fatal(err)
		}
		for i, name := range envNames {
			if got[name] != tt.want[i] {
				t.Errorf("%s: the worker has %s=%q, want %q", tt.name, name, got[name], tt.want[i])
			}
		}
		wantExit(t, exitOf(t, w.Disconnect()), 0, "", true)
	}
	if got := os.Getenv("MUSTER_PARITY_NEW"); got != "" {
		t.Errorf("the primary has MUSTER_PARITY_NEW=%q", got)
	}
}

// Node checks that a worker runs in the primary's directory, and after the
// setting of cwd in that one.
func TestCwd(t *testing.T) {
	t.Parallel()
	own, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	other, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := lifeCluster(t)
	if dir := c.Settings().Cwd; dir != "" {
		t.Errorf("cwd is %q before anybody has set it", dir)
	}
	forked := func(want string) {
		w := fork(t, c, "tells-cwd")
		var got string
		if err := json.Unmarshal([]byte(next(t, messages(w), "message")), &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("the worker runs in %s, want %s", got, want)
		}
		wantExit(t, exitOf(t, w.Disconnect()), 0, "", true)
	}
	forked(own)
	if err := c.SetupPrimary(engine.Settings{Cwd: other}); err != nil {
		t.Fatal(err)
	}
	forked(other)
}

// Node checks isConnected on both sides: true from the fork on, and false from
// the 'disconnect' event on, inside it already.
func TestWorkerIsConnected(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	d := keepDiary(c)
	w := fork(t, c, "tells-connected")
	d.follow(w)
	if !w.IsConnected() {
		t.Error("not connected after the fork")
	}
	if got := next(t, messages(w), "message"); got != `"ready"` {
		t.Fatalf("the worker says %s", got)
	}
	if !w.IsConnected() {
		t.Error("not connected when the worker has sent a message")
	}
	w.Disconnect()
	d.end(t, 1)
	for what, want := range map[string]bool{"online": true, "disconnect": false, "exit": false} {
		of := d.at(what)
		if len(of) != 2 {
			t.Errorf("'%s' was heard %d times, want 2", what, len(of))
		}
		for _, h := range of {
			if h.connected != want {
				t.Errorf("IsConnected at '%s' of the %s is %v, want %v", what, h.from, h.connected, want)
			}
		}
	}
	wantExit(t, d.exit, ownCode, "", true) // the worker has seen the same
}

// Node checks isDead: false after the fork and in the worker itself, true at
// the worker's 'exit'.
func TestWorkerIsDead(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	w := fork(t, c, "tells-dead")
	if w.IsDead() {
		t.Error("dead right after the fork")
	}
	dead := make(chan bool, 1)
	w.OnExit(func(engine.ExitDetail) { dead <- w.IsDead() })
	if !next(t, dead, "exit") {
		t.Error("not dead at 'exit'")
	}
	wantExit(t, exitOf(t, w), ownCode, "", false)
}
