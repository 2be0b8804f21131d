package parity

import (
	"syscall"
	"testing"

	"muster/engine"
)

// Node checks that destroy() does no harm to a worker that has disconnected
// already. Here also to one that has exited.
func TestCallAndDestroy(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	d := keepDiary(c)
	destroy := func(w *engine.Worker) {
		if w.IsConnected() {
			t.Error("connected")
		}
		if err := w.Destroy(0); err != nil {
			t.Errorf("Destroy: %v", err)
		}
	}
	d.then["disconnect"], d.then["exit"] = destroy, destroy
	w := fork(t, c, "leaves-and-stays")
	d.follow(w)
	d.end(t, 1)
	d.expect(t, w, "fork", "online", "disconnect", "exit")
	wantExit(t, d.exit, 0, "SIGTERM", true)
	destroy(w) // nor in a cluster that has ended
}

// Node checks that a worker that kills itself and one that disconnects itself
// both count as voluntary, in 'disconnect' and in 'exit'.
func TestKillDisconnect(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"kill", "destroy", "disconnect"} {
		t.Run(order, func(t *testing.T) {
			c := lifeCluster(t)
			d := keepDiary(c)
			d.then["online"] = func(w *engine.Worker) {
				if err := w.Send(order); err != nil {
					t.Error(err)
				}
			}
			w := fork(t, c, "obeys")
			d.follow(w)
			d.end(t, 1)
			d.expect(t, w, "fork", "online", "disconnect", "exit")
			if !d.left.Voluntary {
				t.Error("'disconnect' is not voluntary")
			}
			for _, what := range []string{"disconnect", "exit"} {
				for _, h := range d.at(what) {
					if !h.voluntary || !h.known {
						t.Errorf("exitedAfterDisconnect at '%s' of the %s is %v (known: %v)", what, h.from, h.voluntary, h.known)
					}
				}
			}
			wantExit(t, d.exit, 0, "", true)
		})
	}
}

// Node checks that a worker that hangs in a loop can be ended by a signal from
// outside the API: no code, SIGTERM, and not voluntary.
func TestKillInfiniteLoop(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	w := fork(t, c, "spins")
	if got := next(t, messages(w), "message"); got != `"spinning"` {
		t.Fatalf("the worker says %s", got)
	}
	if err := syscall.Kill(w.Process().PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wantExit(t, exitOf(t, w), 0, "SIGTERM", false)
}

// Node checks everything that is told of a listening worker whose process is
// killed: each event once on the worker and on the cluster, no code but the
// signal, not voluntary, and no process is left.
func TestWorkerKill(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		killed(t, p, func(w *engine.Worker) error { return w.Process().Signal(syscall.SIGKILL) }, false)
	})
}

// Node checks the same for worker.kill('SIGKILL'), and that the worker is not in
// the table any more at 'exit'. Node 16 and later say exitedAfterDisconnect
// false for it; its documentation says true, which is what holds here.
func TestWorkerKillSignal(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		killed(t, p, func(w *engine.Worker) error { return w.Kill(syscall.SIGKILL) }, true)
	})
}

// killed has kill end a worker with SIGKILL and checks all that is told of it.
func killed(t *testing.T, p engine.Policy, kill func(*engine.Worker) error, voluntary bool) {
	c := lifeCluster(t, policy(p))
	d := keepDiary(c)
	d.then["listening"] = func(w *engine.Worker) {
		if err := kill(w); err != nil {
			t.Error(err)
		}
	}
	w := fork(t, c, "listens")
	d.follow(w)
	pid := w.Process().PID()
	d.end(t, 1)

	d.expect(t, w, "fork", "online", "listening", "disconnect", "exit")
	for _, what := range []string{"disconnect", "exit"} {
		for _, h := range d.at(what) {
			if h.connected || h.voluntary != voluntary || !h.known {
				t.Errorf("at '%s': %+v", what, h)
			}
		}
	}
	for _, h := range d.at("exit") {
		if h.state != engine.StateExited || !h.dead || h.listed {
			t.Errorf("at 'exit': %+v", h)
		}
	}
	if d.left.Voluntary != voluntary {
		t.Errorf("'disconnect' says voluntary %v, want %v", d.left.Voluntary, voluntary)
	}
	wantExit(t, d.exit, 0, "SIGKILL", voluntary)
	if _, ok := w.Process().ExitCode(); ok || w.Process().ExitSignal() != "SIGKILL" {
		t.Errorf("ExitCode is known: %v, ExitSignal is %q", ok, w.Process().ExitSignal())
	}
	if left := c.Workers(); len(left) > 0 {
		t.Errorf("workers at the end: %v", left)
	}
	if s := processState(pid); s != 0 {
		t.Errorf("process %d is still there: %c", pid, s)
	}
}
