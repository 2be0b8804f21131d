package parity

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/engine"
)

// leavesNothing runs a piece of a cluster's life as a test of its own. The
// cluster is closed at the end of that; nothing may be left then.
func leavesNothing(t *testing.T, life func(*testing.T)) {
	t.Helper()
	files, goroutines := openFiles(), goleak.IgnoreCurrent()
	t.Run("life", life)
	if now := openFiles(); now > files {
		t.Errorf("%d descriptors are open, %d were before", now, files)
	}
	if left := childrenOf(os.Getpid()); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	goleak.VerifyNone(t, goroutines)
}

// closeWithin closes a cluster, which must not wait for anybody.
func closeWithin(t *testing.T, c *engine.Cluster, limit time.Duration) {
	t.Helper()
	began := time.Now()
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	if err := next(t, closed, "the end of Close"); err != nil {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(began); took > limit {
		t.Errorf("Close took %v", took)
	}
}

// atOnce is how long a Close may take that kills: it waits for processes to
// die, on a machine that may be busy.
const atOnce = 5 * time.Second

// backlogHigh is the backlog past which Node's send returns false.
const backlogHigh = 128 << 10

func TestCloseWithoutRun(t *testing.T) {
	leavesNothing(t, func(t *testing.T) { newCluster(t) })
	leavesNothing(t, func(t *testing.T) {
		newCluster(t, func(o *engine.Options) { o.Addr = "127.0.0.1:0" })
	})
	leavesNothing(t, func(t *testing.T) { // while the workers are being started
		c := newCluster(t)
		for range 4 {
			fork(t, c, "echo")
		}
		closeWithin(t, c, atOnce)
	})
}

// Closing in the middle of traffic ends it at once, and Run with it.
func TestCloseInTraffic(t *testing.T) {
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		leavesNothing(t, func(t *testing.T) {
			c := newCluster(t, policy(p))
			ran := make(chan error, 1)
			go func() { ran <- c.Run(context.Background()) }()
			url := "http://" + addressOf(t, fork(t, c, "http"))
			addressOf(t, fork(t, c, "http"))

			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: patience}
			var answered atomic.Int64
			enough := make(chan struct{})
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for {
						r, err := client.Get(url)
						if err != nil { // the end
							return
						}
						io.Copy(io.Discard, r.Body)
						r.Body.Close()
						if answered.Add(1) == 200 {
							close(enough)
						}
					}
				})
			}
			next(t, enough, "the traffic")
			closeWithin(t, c, atOnce)
			clients.Wait()
			if err := next(t, ran, "the end of Run"); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	})
}

func TestCloseOfWorkersThatIgnoreTerm(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := newCluster(t)
		w := fork(t, c, "untermed")
		stillAnswers(t, w)
		if err := w.Kill(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		stillAnswers(t, w) // it does not care
		closeWithin(t, c, atOnce)
		if got := w.Process().ExitSignal(); got != "SIGKILL" {
			t.Errorf("it was ended by %q", got)
		}
	})
}

// A graceful end does not wait for such a worker for ever either: when the
// grace is over come SIGTERM and SIGKILL.
func TestStopOfWorkersThatIgnoreTerm(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := newCluster(t, func(o *engine.Options) { o.Grace = 100 * time.Millisecond })
		w := fork(t, c, "lingers", termEnv+"=1")
		stillAnswers(t, w)
		c.Stop()
		if exit := exitOf(t, w); exit.String() != "SIGKILL" || !exit.Voluntary {
			t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
		}
		next(t, c.Done(), "the end")
	})
}

func TestCloseWithPipesNobodyReads(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := newCluster(t, silent(true))
		for range 2 {
			w := fork(t, c, "floods")
			heard := messagesOf(w)
			for text := "0"; text == "0"; { // until it has begun
				send(t, w, "how many")
				text = string(next(t, heard, "the count").Value)
			}
		}
		closeWithin(t, c, atOnce)
	})
}

// What a stopped worker does not take waits in the primary, and is dropped with
// it.
func TestCloseWithUnsentMessages(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := newCluster(t)
		w := fork(t, c, "echo")
		stillAnswers(t, w)
		if err := w.Process().Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		h := handleOfConn(t)
		defer h.Close()
		long := strings.Repeat("x", 4<<10)
		for n := range 1000 {
			if n%100 == 0 {
				if err := w.SendHandle(long, h); err != nil {
					t.Fatal(err)
				}
			}
			send(t, w, long)
		}
		if n := w.Backlog(); n < backlogHigh {
			t.Errorf("only %d bytes wait", n)
		}
		flushed := make(chan error, 1)
		go func() { flushed <- w.Flush(context.Background()) }()
		closeWithin(t, c, atOnce)
		if err := next(t, flushed, "the end of Flush"); err == nil {
			t.Error("Flush says that all was sent")
		}
		if n := w.Backlog(); n != 0 {
			t.Errorf("%d bytes wait after the end", n)
		}
	})
}

// Close waits for a listener that is at work, but not with killing.
func TestCloseWithBlockedListener(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := newCluster(t)
		at, release := make(chan struct{}), make(chan struct{})
		var heard []string
		c.OnOnline(func(w *engine.Worker) {
			close(at)
			<-release
			heard = append(heard, fmt.Sprint("online of ", w))
		})
		c.OnExit(func(w *engine.Worker, _ engine.ExitDetail) { heard = append(heard, fmt.Sprint("exit of ", w)) })
		w := fork(t, c, "echo")
		next(t, at, "the listener")
		closed := make(chan error, 1)
		go func() { closed <- c.Close() }()
		next(t, c.Done(), "the end of the cluster")
		if !w.IsDead() {
			t.Error("the worker lives")
		}
		select {
		case <-closed:
			t.Error("Close has returned before the listener has")
		default:
		}
		close(release)
		next(t, closed, "the end of Close")
		// No lock: what the listener did was done before Close returned.
		if got, want := strings.Join(heard, ", "), "online of worker 1, exit of worker 1"; got != want {
			t.Errorf("heard %s, want %s", got, want)
		}
	})
}
