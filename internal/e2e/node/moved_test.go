//go:build linux

package node

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// errorsOf are the texts of a worker's error events; 0 = of no worker.
func errorsOf(l *kit.Log, worker int) (texts []string) {
	for _, e := range kit.OfKind(l.SoFar(), engine.KindError) {
		if e.Worker == worker {
			texts = append(texts, e.Detail.(engine.ErrorDetail).Text)
		}
	}
	return texts
}

// awaitErrors waits for n error events of a worker, 0 = of none.
func awaitErrors(l *kit.Log, n, worker int) (texts []string) {
	l.T.Helper()
	l.Await(fmt.Sprintf("%d errors of worker %d", n, worker), func([]engine.Event) bool {
		texts = errorsOf(l, worker)
		return len(texts) >= n
	})
	return texts
}

func probing(port int, how string) func(*scene) { return env("PORT="+strconv.Itoa(port), "HOW="+how) }

// The new worker of a restart found its port taken, by the cluster itself, and
// took the next: the old one left all the same, and clients of the port hung.
func TestNodeRestartOfAProgramThatMovesToAnotherPort(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		how := map[engine.Policy]string{engine.SchedRR: "connect", engine.SchedNone: "exclusive"}[p]
		port := testkit.FreePorts(t, 2)
		c := start(t, "probe.js", workers(1), policy(p), probing(port, how))
		c.AwaitKind(1, engine.KindListening)
		for round := range 2 { // the port that was tried is free again for the next
			n := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
			if e := exit(c.AwaitOf(n, engine.KindExit)); !e.Voluntary {
				t.Errorf("the new worker ended with %+v", e)
			}
			if d := listening(c.AwaitOf(n, engine.KindListening)); d.Port != port+1 {
				t.Errorf("the new worker listened on %d", d.Port)
			}
			texts := errorsOf(c.Log, 1)
			want := fmt.Sprintf("restart of worker 1 aborted: worker %d does not listen on %s, but on %s.", n, loopback(port), loopback(port+1))
			if len(texts) != round+1 || !strings.HasPrefix(texts[round], want) || !strings.Contains(texts[round], "probes the port") {
				t.Errorf("it is said: %q, want %q", texts, want)
			}
			c.row(1, "its restart was aborted", func(r *engine.Row) bool {
				return r.State == engine.StateListening && r.Note == "restart aborted" && r.ReplacedBy == 0
			})
			if got := servedBy(t, fresh, "http://"+loopback(port)); got != port {
				t.Errorf("served by %d", got)
			}
			testkit.Eventually(t, kit.Patience, func() bool {
				as := c.Snapshot().Addresses
				return len(as) == 1 && as[0].Port == port
			}, "the other port is closed")
		}
		if texts := errorsOf(c.Log, 0); len(texts) != 0 { // with its worker, without a word
			t.Errorf("it is said: %q", texts)
		}
	})
}

// A program that opens its servers one after another is no such program: the old
// worker stays until the new one has them all.
func TestNodeRestartWaitsForTheSecondServer(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		port := testkit.FreePorts(t, 2)
		c := start(t, "probe.js", workers(1), policy(p), probing(port, "none"), env("SECOND="+strconv.Itoa(port+1), "LATER=700"))
		c.AwaitKind(2, engine.KindListening)
		n := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
		c.AwaitOf(1, engine.KindExit)
		listened := 0
		for _, e := range c.SoFar() {
			switch {
			case e.Worker == n && e.Kind == engine.KindListening:
				listened++
			case e.Worker == 1 && e.Kind == engine.KindLeave && listened == 0:
				t.Error("the old worker left before the new one listened")
			case e.Worker == 1 && e.Kind == engine.KindDisconnect && listened != 2:
				t.Errorf("the old worker ended when the new one had %d servers", listened)
			case e.Kind == engine.KindError:
				t.Errorf("an error: %+v", e.Detail)
			}
		}
		for _, at := range []int{port, port + 1} {
			if got := servedBy(t, fresh, "http://"+loopback(at)); got != at {
				t.Errorf("%d is served by %d", at, got)
			}
		}
	})
}

// ended waits for the end of a connection and says what it was.
func ended(t *testing.T, conn net.Conn) error {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(kit.Patience))
	_, err := conn.Read(make([]byte, 1))
	return err
}

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// The replacement of a worker that died cannot be taken back. What it left is
// said, and who waits at the old port is not left in silence.
func TestNodeReplacementOnAnotherPort(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		port := testkit.FreePorts(t, 2)
		c := start(t, "probe.js", workers(1), policy(p), probing(port, "exclusive"))
		first := listening(c.AwaitKind(1, engine.KindListening)[0])
		c.row(1, "it has listened for a second", func(r *engine.Row) bool { return time.Since(r.Listening) > 1100*time.Millisecond })
		c.do(engine.Command{Op: engine.OpCrash, Worker: 1})
		if d := listening(c.AwaitOf(2, engine.KindListening)); d.Port != first.Port+1 {
			t.Fatalf("the replacement listens on %d", d.Port)
		}
		silent, asking := connect(t, loopback(port)), connect(t, loopback(port))
		if _, err := io.WriteString(asking, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		c.row(2, "it has moved", func(r *engine.Row) bool { return r.Note == fmt.Sprintf("not at :%d", port) })
		want := fmt.Sprintf("worker 2 does not listen on %s, as the one before it did, but on %s. Nobody serves %s now", loopback(port), loopback(port+1), loopback(port))
		if texts := awaitErrors(c.Log, 1, 2); len(texts) != 1 || !strings.HasPrefix(texts[0], want) {
			t.Errorf("it is said: %q, want %q", texts, want)
		}
		testkit.Eventually(t, kit.Patience, func() bool {
			un := c.Snapshot().Unserved
			return len(un) == 1 && un[0].Port == port
		}, "the port is known to have nobody")
		for what, conn := range map[string]net.Conn{"a client that asked": asking, "a client that did not": silent} {
			if err := ended(t, conn); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s: %v, want a reset", what, err)
			}
		}
		testkit.Eventually(t, kit.Patience, func() bool {
			_, err := net.Dial("tcp", loopback(port))
			return errors.Is(err, syscall.ECONNREFUSED)
		}, "later ones are refused")
		if texts := awaitErrors(c.Log, 1, 0); len(texts) != 1 || !strings.HasPrefix(texts[0], loopback(port)+": nobody has served it for 5s") ||
			!strings.Contains(texts[0], "2 connections that waited there reset") {
			t.Errorf("it is said: %q", texts)
		}

		// Its port is free for the next.
		c.do(engine.Command{Op: engine.OpCrash, Worker: 2})
		if d := listening(c.AwaitOf(3, engine.KindListening)); d.Port != port {
			t.Errorf("the next listens on %d", d.Port)
		}
		if got := servedBy(t, fresh, "http://"+loopback(port)); got != port {
			t.Errorf("served by %d", got)
		}
	})
}

// Connections at the built-in address wait for a replacement; when the only
// slot has given up there will be none, until r.
func TestConnectionsAreResetWhenTheSlotHasGivenUp(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		at := testkit.FreePort(t)
		_, num, _ := net.SplitHostPort(at)
		dir := script(t, map[string]string{"s.js": `
			if (!require('fs').existsSync('may')) throw new Error('not yet');
			require('http').createServer((q, r) => r.end('served')).listen(` + num + `, '127.0.0.1');`})
		c := start(t, "", workers(1), policy(p), func(o *scene) {
			o.Addr = at
			o.Settings.Exec, o.Settings.Args, o.Settings.Cwd = node, []string{"s.js"}, dir
		})
		c.AwaitKind(1, engine.KindFork)
		waiting := connect(t, at)
		c.AwaitKind(1, engine.KindStopped)
		if err := ended(t, waiting); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the one that waited: %v, want a reset", err)
		}
		if texts := awaitErrors(c.Log, 1, 0); len(texts) != 1 || !strings.HasPrefix(texts[0], at+": nobody serves it, and nobody will: connections are reset after 5s") {
			t.Errorf("it is said: %q", texts)
		}
		later := connect(t, at) // it is open, and a new one waits for r
		if err := os.WriteFile(filepath.Join(dir, "may"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c.do(engine.Command{Op: engine.OpRestart, Worker: 5})
		if _, err := io.WriteString(later, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = later.SetReadDeadline(time.Now().Add(kit.Patience))
		if b, err := io.ReadAll(later); err != nil || !strings.HasSuffix(string(b), "served") {
			t.Errorf("after r came %q, %v", b, err)
		}
		testkit.Eventually(t, kit.Patience, func() bool { return len(c.Snapshot().Unserved) == 0 }, "it is served again")
		if res, err := http.Get("http://" + at); err != nil {
			t.Error(err)
		} else {
			res.Body.Close()
		}
		if !slices.ContainsFunc(c.Snapshot().Addresses, func(a engine.Address) bool { return a.String() == at }) {
			t.Errorf("addresses %v", c.Snapshot().Addresses)
		}
	})
}
