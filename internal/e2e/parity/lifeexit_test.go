package parity

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"muster/engine"
)

// Node checks that the exit code of a worker that ends by itself is told by
// 'exit' of the worker and of the cluster, and that the cluster's names the very
// object fork has returned.
func TestWorkerDeath(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	type exit struct {
		w *engine.Worker
		d engine.ExitDetail
	}
	all := make(chan exit, 2)
	c.OnExit(func(w *engine.Worker, d engine.ExitDetail) { all <- exit{w, d} })
	w := fork(t, c, "exits")
	wantExit(t, exitOf(t, w), ownCode, "", false)
	e := next(t, all, "exit of the cluster")
	wantExit(t, e.d, ownCode, "", false)
	if e.w != w {
		t.Errorf("'exit' of the cluster is of %p, fork has returned %p", e.w, w)
	}
	if code, ok := w.Process().ExitCode(); code != ownCode || !ok {
		t.Errorf("ExitCode is %d, %v", code, ok)
	}
}

// Node checks a disconnect from the primary: the call returns the worker, both
// sides hear the event once, the exit counts as voluntary, the code is the one
// the worker has chosen, and no process is left.
func TestWorkerDisconnect(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		d := keepDiary(c)
		d.then["listening"] = func(w *engine.Worker) {
			if got := w.Disconnect(); got != w {
				t.Errorf("Disconnect returns %v", got)
			}
		}
		// It waits for this with its end: the state at 'disconnect' is certain.
		d.then["disconnect"] = func(w *engine.Worker) {
			if err := w.Process().Signal(syscall.SIGUSR1); err != nil {
				t.Error(err)
			}
		}
		w := fork(t, c, "lives-on")
		d.follow(w)
		pid := w.Process().PID()
		d.end(t, 1)

		d.expect(t, w, "fork", "online", "listening", "disconnect", "exit")
		for _, h := range d.at("disconnect") {
			if h.state != engine.StateDisconnected || h.connected || h.dead || !h.listed || !h.voluntary || !h.known {
				t.Errorf("at 'disconnect': %+v", h)
			}
		}
		for _, h := range d.at("exit") {
			if h.state != engine.StateExited || !h.dead || h.listed || !h.voluntary {
				t.Errorf("at 'exit': %+v", h)
			}
		}
		if !d.left.Voluntary || d.left.Error != "" {
			t.Errorf("'disconnect' says %+v", d.left)
		}
		wantExit(t, d.exit, ownCode, "", true) // the worker's side was right too
		if s := processState(pid); s != 0 {
			t.Errorf("process %d is still there: %c", pid, s)
		}
	})
}

// Node checks a worker with a server that ends by itself with a code: all
// events come once, on the worker and on the cluster, its state is disconnected
// and its exit not voluntary, and no process is left.
func TestWorkerExit(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		d := keepDiary(c)
		w := fork(t, c, "exits-listening")
		d.follow(w)
		pid := w.Process().PID()
		d.end(t, 1)

		d.expect(t, w, "fork", "online", "listening", "disconnect", "exit")
		for _, h := range d.at("disconnect") {
			// Its process is ending as we look: it may have got there.
			if h.state != engine.StateDisconnected && h.state != engine.StateExited {
				t.Errorf("state at 'disconnect' is %s", h.state)
			}
			if h.connected || h.voluntary || !h.known {
				t.Errorf("at 'disconnect': %+v", h)
			}
		}
		if d.left.Voluntary {
			t.Error("'disconnect' is voluntary")
		}
		for _, h := range d.at("exit") {
			if h.state != engine.StateExited || !h.dead || h.listed || h.voluntary || !h.known {
				t.Errorf("at 'exit': %+v", h)
			}
		}
		wantExit(t, d.exit, ownCode, "", false)
		if code, ok := w.Process().ExitCode(); code != ownCode || !ok || w.Process().ExitSignal() != "" {
			t.Errorf("ExitCode is %d, %v, ExitSignal %q", code, ok, w.Process().ExitSignal())
		}
		if s := processState(pid); s != 0 {
			t.Errorf("process %d is still there: %c", pid, s)
		}
	})
}

// Node checks how a worker ends when its channel does: one that was told to
// disconnect goes on, and ends with its own code; one whose channel ends without
// an order is ended with code 0 before it gets there.
func TestWorkerForcedExit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		end       func(*testing.T, *engine.Worker)
		voluntary bool
		code      int
	}{
		{"ordered", func(_ *testing.T, w *engine.Worker) { w.Disconnect() }, true, ownCode},
		{"bare", func(t *testing.T, w *engine.Worker) {
			if err := w.Send("close the channel"); err != nil {
				t.Error(err)
			}
		}, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := lifeCluster(t)
			d := keepDiary(c)
			d.then["listening"] = func(w *engine.Worker) { tt.end(t, w) }
			d.then["disconnect"] = func(w *engine.Worker) {
				if !tt.voluntary {
					return // nobody tells it to go on
				}
				if err := w.Process().Signal(syscall.SIGUSR1); err != nil {
					t.Error(err)
				}
			}
			w := fork(t, c, "lives-on")
			d.follow(w)
			d.end(t, 1)
			d.expect(t, w, "fork", "online", "listening", "disconnect", "exit")
			wantExit(t, d.exit, tt.code, "", tt.voluntary)
		})
	}
}

// Node checks that a worker that has disconnected lives for as long as it has a
// connection of its own to somewhere, and ends when that does. In Go a process
// lives until main returns: what is checked is that the end of the channel does
// not end it, nor the connection.
func TestWorkerNoExit(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := lifeCluster(t)
	w := fork(t, c, "holds-a-client", peerEnv+"="+ln.Addr().String())
	if err := ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}

	left := make(chan engine.DisconnectDetail, 1)
	w.OnDisconnect(func(d engine.DisconnectDetail) { left <- d })
	w.Disconnect()
	if d := next(t, left, "disconnect"); !d.Voluntary {
		t.Error("'disconnect' is not voluntary")
	}
	// It answers: it lives, and its connection does.
	if _, err := io.WriteString(conn, "alive?"); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, len("alive?"))
	if _, err := io.ReadFull(conn, b); err != nil || string(b) != "alive?" {
		t.Fatalf("the worker echoes %q, %v", b, err)
	}
	if w.IsDead() || w.IsConnected() || c.Worker(w.ID()) != w {
		t.Errorf("after 'disconnect': dead %v, connected %v, workers %v", w.IsDead(), w.IsConnected(), c.Workers())
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	wantExit(t, exitOf(t, w), ownCode, "", true)
}
