//go:build linux

package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// crowd opens n connections at once and sends one request on each. Each must
// get exactly one answer.
type crowd struct {
	wg  sync.WaitGroup
	mu  sync.Mutex
	by  map[string]int // answers by worker
	bad []error
	end time.Time // of the last answer
}

func ask1(addr string) (worker string, err error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(kit.Patience)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return "", err
	}
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", err
	}
	if more, err := io.ReadAll(r); err != nil || len(more) > 0 {
		return "", fmt.Errorf("after the answer: %q, %v", more, err)
	}
	return res.Header.Get("Muster-Worker"), nil
}

func gather(addr string, n int) *crowd {
	c := &crowd{by: map[string]int{}}
	for range n {
		c.wg.Go(func() {
			who, err := ask1(addr)
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				c.bad = append(c.bad, err)
				return
			}
			c.by[who]++
			c.end = time.Now()
		})
	}
	return c
}

// answered waits for all, and checks that all were.
func (c *crowd) answered(t *testing.T, n int) map[string]int {
	t.Helper()
	c.wg.Wait()
	got := 0
	for _, k := range c.by {
		got += k
	}
	if len(c.bad) > 0 || got != n {
		t.Errorf("%d of %d answered; %v", got, n, c.bad)
	}
	return c.by
}

// A worker whose loop is blocked for seconds, and comes back: the others go on,
// and what it was handed it answers itself.
func TestNodeBlockedWorkerComesBack(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", workers(3))
	c.AwaitKind(3, engine.KindListening)
	getFrom(t, c.Addr(), 2, "/block?ms=5000")
	first := gather(c.Addr(), 30) // some of them are its
	if e := c.AwaitKind(1, engine.KindStall)[0]; e.Worker != 2 {
		t.Fatalf("worker %d stalls", e.Worker)
	}
	// From now on it gets nothing, and nobody waits for it.
	began := time.Now()
	if by := gather(c.Addr(), 30).answered(t, 30); by["2"] > 0 {
		t.Errorf("%v answered while worker 2 was blocked", by)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the others took %v", took)
	}
	if by := first.answered(t, 30); by["2"] == 0 {
		t.Errorf("%v answered: nothing was handed to the blocked worker, so nothing was checked", by)
	}
	getFrom(t, c.Addr(), 2, "/") // it is in the rotation again
	if n := len(kit.OfKind(c.SoFar(), engine.KindExit)); n != 0 {
		t.Errorf("%d workers exited", n)
	}
}

// Node's primary leaves these clients hanging (7.1): what a worker was handed
// and had not taken when it dies is dealt again, and each is answered once.
func TestNodeBlockedWorkerDies(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]bool{"killed": true, "stalled": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "app.js", workers(3), stall(2*time.Second))
			c.AwaitKind(3, engine.KindListening)
			getFrom(t, c.Addr(), 2, "/block?ms=60000")
			all := gather(c.Addr(), 30)
			if kill {
				testkit.Eventually(t, kit.Patience, func() bool {
					w := c.Snapshot().ByID(2)
					return w != nil && w.Hand > 0
				}, "a hand-off to the blocked worker")
				c.do(engine.Command{Op: engine.OpCrash, Worker: 2})
			}
			d := exit(c.AwaitOf(2, engine.KindExit))
			if d.String() != "SIGKILL" || d.Voluntary || d.DealtAgain == 0 {
				t.Errorf("exit %+v, want SIGKILL and hand-offs dealt again", d)
			}
			if by := all.answered(t, 30); by["2"] > 0 {
				t.Errorf("%v answered", by)
			}
			c.AwaitOf(4, engine.KindListening) // the replacement
			if s := c.Snapshot(); s.Lost > 0 {
				t.Errorf("%d connections lost", s.Lost)
			}
		})
	}
}

// A program in an endless loop was noticed in rr alone, and there not before
// somebody connected. One that only takes a while comes back.
func TestNodeLoopIsNoticedWithoutTraffic(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "app.js", policy(p), stall(6*time.Second)) // said after half of it
		c.AwaitKind(2, engine.KindListening)
		getFrom(t, c.Addr(), 1, "/stand?ms=5500")
		c.AwaitOf(1, engine.KindStall)
		c.row(1, "it answers again", func(w *engine.Row) bool { return w.Stalled.IsZero() })
		if n := len(kit.OfKind(c.SoFar(), engine.KindExit)); n != 0 {
			t.Fatalf("%d workers exited", n)
		}
		getFrom(t, c.Addr(), 2, "/stand?ms=60000")
		if d := exit(c.AwaitOf(2, engine.KindExit)); d.String() != "SIGKILL" || d.Voluntary {
			t.Errorf("exit %+v", d)
		}
		c.AwaitOf(3, engine.KindListening) // the replacement
		if sent := signals(c.Log, 1); len(sent) != 0 {
			t.Errorf("the other, which was idle, was sent %q", sent)
		}
	})
}

// A worker without a server, or before it has one, may compute for as long as it
// likes: nobody waits for it.
func TestNodeMayComputeBeforeItListens(t *testing.T) {
	t.Parallel()
	c := start(t, "computes.js", policy(engine.SchedNone), stall(time.Second), env("MS=2500"), workers(1))
	w, err := c.Fork("LISTEN=1")
	if err != nil {
		t.Fatal(err)
	}
	c.AwaitLines(2, "computed")
	c.AwaitOf(w.ID(), engine.KindListening)
	for _, kind := range []engine.Kind{engine.KindStall, engine.KindKill, engine.KindExit} {
		if e := kit.OfKind(c.SoFar(), kind); len(e) > 0 {
			t.Errorf("%+v", e)
		}
	}
}

// Node's primary spins here at 8,000 refusals a second (7.3): every worker is
// at its maxConnections. Those who wait are served when there is room.
func TestNodeAllWorkersFull(t *testing.T) {
	t.Parallel()
	c := start(t, "net.js", env("MAX=2"))
	c.AwaitKind(2, engine.KindListening)
	served := make(chan net.Conn, 9)
	for range cap(served) {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(kit.Patience))
		go func() { // ends when it is served, at the latest with the test
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				served <- conn
			}
		}()
	}
	take := func(n int) (conns []net.Conn) {
		t.Helper()
		for range n {
			select {
			case conn := <-served:
				conns = append(conns, conn)
			case <-time.After(kit.Patience):
				t.Fatalf("only %d of %d were served", len(conns), n)
			}
		}
		return conns
	}
	inside := take(4)
	testkit.Eventually(t, kit.Patience, func() bool { s := c.Snapshot(); return s.Queue+s.Handing >= 5 && s.Refused > 0 }, "five that wait")
	before, begin := c.Snapshot().Refused, time.Now()
	<-time.After(2 * time.Second) // a rate is measured
	if rate := float64(c.Snapshot().Refused-before) / time.Since(begin).Seconds(); rate > 40 {
		t.Errorf("%.0f refusals a second", rate)
	}
	if len(served) > 0 {
		t.Errorf("%d more were let in", len(served))
	}
	for _, conn := range inside {
		conn.Close()
	}
	inside = take(4)
	inside[0].Close()
	take(1)
}

// One worker is full: the refused connection goes to another at once.
func TestNodeOneWorkerFull(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js")
	c.AwaitKind(2, engine.KindListening)
	// A kept connection to worker 1, which from now on takes no other.
	kept := connectTo(t, c.Addr(), 1)
	request(t, kept, "/max?n=1")
	if by := gather(c.Addr(), 20).answered(t, 20); by["2"] != 20 {
		t.Errorf("%v answered, want worker 2 alone", by)
	}
	c.row(1, "refusals are counted", func(w *engine.Row) bool { return w.Refused > 0 })
}

// A worker without a free descriptor answers with NACK. Node's primary never
// gives it a connection again (7.2); here the others serve meanwhile, and it is
// back in the rotation when it can.
func TestNodeWorkerOutOfDescriptors(t *testing.T) {
	t.Parallel()
	box := newInbox(t)
	c := start(t, "descriptors.js", box.options(), func(o *scene) {
		o.command("sh", "-c", "ulimit -n 60; exec node descriptors.js")
	})
	c.AwaitKind(2, engine.KindListening)
	c.send(1, `"fill"`, nil)
	if m := box.next(); string(m.Value) != `"EMFILE"` {
		t.Fatalf("the worker says %s", m.Value)
	}
	if by := gather(c.Addr(), 20).answered(t, 20); by["2"] != 20 {
		t.Errorf("%v answered, want worker 2 alone", by)
	}
	c.row(1, "refusals are counted", func(w *engine.Row) bool { return w.Refused > 0 })
	c.send(1, `"empty"`, nil)
	if m := box.next(); string(m.Value) != `"free"` {
		t.Fatalf("the worker says %s", m.Value)
	}
	testkit.Eventually(t, kit.Patience, func() bool {
		who, err := ask1(c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return who == "1"
	}, "the worker serves again")
	if n := len(kit.OfKind(c.SoFar(), engine.KindExit)); n != 0 {
		t.Errorf("%d workers exited", n)
	}
}

// cluster.disconnect() means all of them here (Node's callback comes when the
// first has gone, 7.4): the workers are in the snapshot until each has left.
func TestNodeDisconnectAll(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js", workers(3))
	c.AwaitKind(3, engine.KindListening)
	_, slow := keptBy(t, c.Addr(), 3, "/slow?ms=1000")
	c.do(engine.Command{Op: engine.OpDisconnectAll})
	c.AwaitOf(1, engine.KindExit)
	if c.Snapshot().ByID(3) == nil {
		t.Error("worker 3 is not in the snapshot while it has a request")
	}
	if err := <-slow; err != nil {
		t.Errorf("the request of worker 3: %v", err)
	}
	for _, e := range c.AwaitKind(3, engine.KindExit) {
		if !exit(e).Voluntary {
			t.Errorf("worker %d: %+v", e.Worker, e.Detail)
		}
	}
	// The cluster stays, and can fork again.
	r, err := c.Do(context.Background(), engine.Command{Op: engine.OpFork})
	if err != nil {
		t.Fatal(err)
	}
	c.AwaitOf(r.Worker, engine.KindListening)
}
