//go:build linux

package node

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// The program gets what it was started with: options of node, variables, and
// PM2's number of the instance. The channel's own variables it does not see.
func TestNodeOptionsAndEnvironment(t *testing.T) {
	t.Parallel()
	c := start(t, "node --max-old-space-size=100 --no-warnings app.js", env("MARKER=as given", "NODE_OPTIONS=--stack-trace-limit=5"))
	up := c.AwaitKind(2, engine.KindListening)
	slots := map[string]bool{}
	for range 4 {
		a := getApp(t, c.Addr(), "/")
		if want := []string{"--max-old-space-size=100", "--no-warnings"}; !slices.Equal(a.ExecArgv, want) {
			t.Errorf("execArgv %q, want %q", a.ExecArgv, want)
		}
		if a.Marker != "as given" || a.ChannelSeen {
			t.Errorf("the environment: %+v", a)
		}
		slots[a.Slot] = true
		for _, e := range up {
			if e.PID == a.PID && fmt.Sprint(e.Slot) != a.Slot {
				t.Errorf("NODE_APP_INSTANCE is %s in slot %d", a.Slot, e.Slot)
			}
		}
	}
	if len(slots) != 2 {
		t.Errorf("slots %v", slots)
	}
}

// A replacement has the instance number of the one it replaces.
func TestNodeAppInstanceStays(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js")
	c.AwaitKind(2, engine.KindListening)
	c.do(engine.Command{Op: engine.OpCrash, Worker: 2})
	c.AwaitOf(3, engine.KindListening)
	for {
		if a := getApp(t, c.Addr(), "/"); a.ID == 3 {
			if a.Slot != "1" {
				t.Errorf("NODE_APP_INSTANCE of the replacement is %q", a.Slot)
			}
			return
		}
	}
}

// Each worker has an inspector port of its own, as under Node's primary, by
// option and by NODE_OPTIONS.
func TestNodeInspect(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(base string) (string, []string){
		"option":       func(b string) (string, []string) { return "node --inspect=127.0.0.1:" + b + " app.js", nil },
		"NODE_OPTIONS": func(b string) (string, []string) { return "app.js", []string{"NODE_OPTIONS=--inspect=127.0.0.1:" + b} },
		"any port":     func(string) (string, []string) { return "node --inspect=127.0.0.1:0 app.js", nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := 0
			if name != "any port" {
				base = testkit.FreePorts(t, 3) // the primary's and two workers'
			}
			command, vars := set(fmt.Sprint(base))
			c := start(t, command, env(vars...))
			c.AwaitKind(2, engine.KindListening)
			seen := map[string]bool{}
			for _, e := range c.AwaitLines(2, "Debugger listening on ws://") {
				_, rest, _ := strings.Cut(line(e), "ws://")
				addr, _, _ := strings.Cut(rest, "/")
				if base != 0 {
					if want := fmt.Sprintf("127.0.0.1:%d", base+e.Worker); addr != want {
						t.Errorf("worker %d is inspected at %s, want %s", e.Worker, addr, want)
					}
				}
				seen[addr] = true
				waitServed(t, addr)
			}
			if len(seen) != 2 {
				t.Errorf("inspectors at %v", seen)
			}
		})
	}
}

// PM2's ready is taken as it is meant: a program that never listens is up.
func TestNodeReady(t *testing.T) {
	t.Parallel()
	dir := script(t, map[string]string{"ready.js": "process.send('ready'); process.on('message', () => {});"})
	c := start(t, "node "+filepath.Join(dir, "ready.js"), workers(1))
	c.AwaitOf(1, engine.KindMessage)
	// A restart waits for the new one to be up; it need not listen.
	n := c.do(engine.Command{Op: engine.OpRestart, Worker: 1}).Worker
	c.AwaitOf(n, engine.KindMessage)
	if d := exit(c.AwaitOf(1, engine.KindExit)); !d.Voluntary {
		t.Errorf("exit %+v", d)
	}
}

// What is known of a Node worker from outside, and what is not.
func TestNodeFigures(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "net.js", policy(p))
		up := c.AwaitKind(2, engine.KindListening)
		const open = 7
		var conns []net.Conn
		for range open {
			conn, err := net.Dial("tcp", c.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conns = append(conns, conn)
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		sum := func() (total int, known bool) {
			for _, e := range up {
				w := c.Snapshot().ByID(e.Worker)
				if w == nil || w.Open == nil || w.CPU == nil || w.Mem == nil {
					return 0, false
				}
				total += *w.Open
			}
			return total, true
		}
		testkit.Eventually(t, kit.Patience, func() bool { n, ok := sum(); return ok && n == open }, "open connections of the workers")
		dealt := uint64(0)
		for _, e := range up {
			w := c.Snapshot().ByID(e.Worker)
			dealt += w.Dealt
			if *w.Mem < 20<<20 || *w.CPU < 0 {
				t.Errorf("worker %d: %d bytes, %.1f %%", w.ID, *w.Mem, *w.CPU)
			}
			if w.Done != nil || w.ReqRate != nil || w.Latency != nil {
				t.Errorf("worker %d: requests of a program that does not tell: %+v", w.ID, w)
			}
			if p == engine.SchedRR && (w.HandOff == nil || w.HandOff.Count() != w.Dealt) {
				t.Errorf("worker %d: the time to the answers of its %d hand-offs is not there", w.ID, w.Dealt)
			}
			if p == engine.SchedNone && w.HandOff != nil {
				t.Errorf("worker %d: hand-offs in shared", w.ID)
			}
		}
		if want := map[engine.Policy]uint64{engine.SchedRR: open}[p]; dealt != want {
			t.Errorf("%d connections dealt, want %d", dealt, want)
		}
		if s := c.Snapshot(); s.ReqRate != nil || s.Open == nil || *s.Open != open {
			t.Errorf("the cluster: rate %v, open %v", s.ReqRate, s.Open)
		}
		conns[0].Close()
		testkit.Eventually(t, kit.Patience, func() bool { n, ok := sum(); return ok && n == open-1 }, "one less")
	})
}
