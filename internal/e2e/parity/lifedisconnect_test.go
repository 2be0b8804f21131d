package parity

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"muster/engine"
)

// Node checks that many workers that are told to disconnect or to destroy
// themselves, and are told again by everyone who hears of another's end, all exit
// with code 0; only writing to one that is just leaving may fail.
func TestConcurrentDisconnect(t *testing.T) {
	t.Parallel()
	const workers = 6
	c := lifeCluster(t)
	d := keepDiary(c)
	var online atomic.Int32
	tell := func(w *engine.Worker, order string) {
		if err := w.Send(order); err != nil && !errors.Is(err, engine.ErrChannelClosed) {
			t.Errorf("Send to %v: %v", w, err)
		}
	}
	d.then["online"] = func(*engine.Worker) {
		if online.Add(1) < workers {
			return
		}
		for id, w := range c.Workers() {
			tell(w, []string{"destroy", "disconnect"}[id%2])
		}
	}
	d.then["disconnect"] = func(*engine.Worker) {
		for _, w := range c.Workers() {
			if w.IsConnected() {
				tell(w, "disconnect")
			}
		}
	}
	for range workers {
		w := fork(t, c, "obeys")
		w.OnExit(func(e engine.ExitDetail) { wantExit(t, e, 0, "", true) })
		w.OnError(func(err error) {
			if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("error of %v: %v", w, err)
			}
		})
	}
	d.end(t, workers)
	for _, what := range []string{"fork", "online", "disconnect", "exit"} {
		if n := len(d.at(what)); n != workers {
			t.Errorf("'%s' came %d times, want once for each of %d workers", what, n, workers)
		}
	}
}

// Node checks that cluster.disconnect() may be called while a worker that has
// disconnected has not ended yet: nothing is raised for it. Here the call also
// waits for that worker's end.
func TestDisconnectBeforeExit(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	w := fork(t, c, "lives-on")
	listening, left := make(chan engine.ListeningDetail, 1), make(chan engine.DisconnectDetail, 1)
	w.OnListening(func(d engine.ListeningDetail) { listening <- d })
	w.OnDisconnect(func(d engine.DisconnectDetail) { left <- d })
	next(t, listening, "listening")

	first := make(chan error, 1)
	go func() { first <- c.Disconnect(t.Context()) }()
	next(t, left, "disconnect")
	if c.Worker(w.ID()) != w || w.IsDead() || w.State() != engine.StateDisconnected {
		t.Fatalf("at 'disconnect': state %s, dead %v, workers %v", w.State(), w.IsDead(), c.Workers())
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Disconnect(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Disconnect while the worker lives on: %v, want that it waits", err)
	}
	w.Disconnect() // and so for the worker alone
	if err := w.Process().Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if err := next(t, first, "end of Disconnect"); err != nil {
		t.Errorf("Disconnect: %v", err)
	}
	wantExit(t, exitOf(t, w), ownCode, "", true)
}

// Node checks that a worker that disconnects by itself hears 'disconnect' only
// after the primary has acknowledged it, so that its exit counts as voluntary on
// both sides.
func TestDisconnectExitedAfterDisconnectRace(t *testing.T) {
	t.Parallel()
	t.Run("many", func(t *testing.T) {
		c := lifeCluster(t)
		for range 6 {
			fork(t, c, "leaves").OnDisconnect(func(d engine.DisconnectDetail) {
				if !d.Voluntary {
					t.Error("'disconnect' is not voluntary")
				}
			})
		}
		for _, w := range c.Workers() {
			wantExit(t, exitOf(t, w), 0, "", true)
		}
	})
	// A primary that is stopped acknowledges nothing.
	t.Run("stopped primary", func(t *testing.T) {
		c := lifeCluster(t)
		wantExit(t, exitOf(t, fork(t, c, "primary-to-freeze")), 0, "", false)
	})
}

// Node checks that cluster.disconnect() calls back, with no worker left, when
// the workers have never had a server; and that fork does not need to be
// called as a method of the module, which in Go is its method value.
func TestDisconnectIdleWorker(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		forkOne := c.Fork
		w, err := forkOne(sceneEnv + "=idles")
		if err != nil {
			t.Fatal(err)
		}
		fork(t, c, "idles")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := c.Disconnect(ctx); err != nil {
			t.Error(err)
		}
		if left := c.Workers(); len(left) > 0 {
			t.Errorf("workers after Disconnect: %v", left)
		}
		wantExit(t, exitOf(t, w), 0, "", true)
	})
}

// Node checks, for shared sockets, that a worker that is told to disconnect
// right after its fork, while its server is coming up, still disconnects and
// exits. (That no descriptor is left is checked for all tests: see TestMain.)
func TestDisconnectLeak(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		d := keepDiary(c)
		w := fork(t, c, "listens")
		w.Disconnect()
		d.end(t, 1)
		for _, what := range []string{"disconnect", "exit"} {
			if n := len(d.at(what)); n != 1 {
				t.Errorf("'%s' came %d times, want once", what, n)
			}
		}
		wantExit(t, d.exit, 0, "", true)
	})
}

// Node checks, for shared sockets, that one worker may disconnect while another
// comes up that shares its server: both exit with code 0.
func TestDisconnectRace(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		first := fork(t, c, "listens")
		if got := next(t, messages(first), "message"); got != `"listening"` {
			t.Fatalf("the worker says %s", got)
		}
		first.Disconnect()
		second := fork(t, c, "listens")
		second.OnOnline(func() { second.Disconnect() })
		wantExit(t, exitOf(t, first), 0, "", true)
		wantExit(t, exitOf(t, second), 0, "", true)
	})
}

// Node checks that cluster.disconnect() without a worker calls back, and not
// inside the call. In Go the call itself waits, so it has to return at once:
// before the first fork, and after the last exit.
func TestDisconnectWithNoWorkers(t *testing.T) {
	t.Parallel()
	c := lifeCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Disconnect(ctx); err != nil {
		t.Errorf("before the first fork: %v", err)
	}
	wantExit(t, exitOf(t, fork(t, c, "exits")), ownCode, "", false) // the cluster goes on
	if err := c.Disconnect(ctx); err != nil {
		t.Errorf("after the last exit: %v", err)
	}
	if left := c.Workers(); len(left) > 0 {
		t.Errorf("workers after Disconnect: %v", left)
	}
}
