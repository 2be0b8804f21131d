//go:build linux

package node

import (
	"bufio"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

func TestNodeHTTP(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := start(t, "app.js", policy(p))
		up := c.AwaitKind(2, engine.KindListening)
		by := map[int]bool{}
		for range 20 {
			a := getApp(t, c.Addr(), "/")
			by[a.PID] = true
			if a.ChannelSeen {
				t.Fatal("the program sees the channel's variables")
			}
		}
		for _, e := range up {
			// In shared the kernel wakes whom it likes.
			if p == engine.SchedRR && !by[e.PID] {
				t.Errorf("worker %d answered nothing", e.Worker)
			}
			delete(by, e.PID)
		}
		if len(by) > 0 {
			t.Errorf("processes %v answered, which are no workers", by)
		}
	})
}

func TestNodeNet(t *testing.T) {
	t.Parallel()
	c := start(t, "net.js")
	c.AwaitKind(2, engine.KindListening)
	seen := map[string]bool{}
	for i := range 8 {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(kit.Patience))
		r := bufio.NewReader(conn)
		who, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		seen[who] = true
		// More than any buffer on the way holds: both directions at once.
		want := strings.Repeat(fmt.Sprintf("%d ", i), 100_000) + "\n"
		go fmt.Fprint(conn, want) // ends when it is read or the connection closed
		if got, err := r.ReadString('\n'); err != nil || got != want {
			t.Fatalf("the echo has %d bytes, %v; want %d", len(got), err, len(want))
		}
	}
	if len(seen) != 2 {
		t.Errorf("%v answered, want both workers", seen)
	}
}

func TestNodeESModule(t *testing.T) {
	t.Parallel()
	c := start(t, "module.mjs")
	c.AwaitKind(2, engine.KindListening)
	if by := answerers(t, c.Addr(), "/", 6); by["module in worker 1"] != 3 || by["module in worker 2"] != 3 {
		t.Errorf("%v answered, want each worker 3 times", by)
	}
}

// The frameworks: routes, a body that is read, and every worker answers.
func TestNodeFrameworks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"express.js", "fastify.js"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			needPackages(t)
			if program == "fastify.js" && major(t) < 20 {
				t.Skip("fastify 5 needs Node 20")
			}
			c := start(t, program)
			c.AwaitKind(2, engine.KindListening)
			by := map[string]bool{}
			for range 6 {
				by[get(t, c.Addr(), "/hello/world")] = true
			}
			for _, want := range []string{`{"hello":"world","worker":1}`, `{"hello":"world","worker":2}`} {
				if !by[want] {
					t.Errorf("answers %v, want one %s", by, want)
				}
			}
			res, err := fresh.Post("http://"+c.Addr()+"/sum", "application/json", strings.NewReader("[1,2,39]"))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var b strings.Builder
			if err := res.Write(&b); err != nil || !strings.Contains(b.String(), `"sum":42`) {
				t.Errorf("the sum: %v\n%s", err, &b)
			}
		})
	}
}

func TestNodeWebSocket(t *testing.T) {
	t.Parallel()
	needPackages(t)
	c := start(t, "ws.js")
	c.AwaitKind(2, engine.KindListening)
	var open []*webSocket
	for range 4 {
		w, err := dialWebSocket(c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		open = append(open, w)
	}
	by := map[string]int{}
	for round := range 3 {
		for i, w := range open {
			question := fmt.Sprintf("%d.%d", round, i)
			got, err := w.ask(question)
			who, text, _ := strings.Cut(got, ": ")
			if err != nil || text != question {
				t.Fatalf("asked %q: %q, %v", question, got, err)
			}
			by[who]++
		}
	}
	if by["worker 1"] != 6 || by["worker 2"] != 6 {
		t.Errorf("%v answered, want two connections with each worker", by)
	}
}

func TestNodeSocketIO(t *testing.T) {
	t.Parallel()
	by := socketIO(t, "websocket")
	if by["1"]+by["2"] != 6 || by["1"] == 0 || by["2"] == 0 {
		t.Errorf("%v answered, want 6 from both workers", by)
	}
}

// Long polling needs all connections of a client at one worker.
func TestNodeSocketIOByLongPollingNeedsSticky(t *testing.T) {
	t.Parallel()
	by := socketIO(t, "polling", func(s *scene) { s.Policy = engine.SchedSticky })
	if by["1"] != 6 && by["2"] != 6 {
		t.Errorf("%v answered, want 6 from the worker of this address", by)
	}
}

// socketIO has six clients of a socket.io server ask it one question each, and
// counts the answers by worker.
func socketIO(t *testing.T, transport string, with ...func(*scene)) map[string]int {
	t.Helper()
	needPackages(t)
	c := start(t, "socketio.js", with...)
	c.AwaitKind(2, engine.KindListening)
	client := exec.Command(needNode(t), "socketio-client.js", "http://"+c.Addr(), "6", transport)
	client.Dir = programs
	client.WaitDelay = time.Second
	timer := time.AfterFunc(kit.Patience, func() { _ = client.Process.Kill() })
	defer timer.Stop()
	out, err := client.CombinedOutput()
	if err != nil {
		t.Fatalf("the client: %v\n%s", err, out)
	}
	answer := regexp.MustCompile(`(?m)^worker ([12]): question \d$`)
	by := map[string]int{}
	for _, m := range answer.FindAllStringSubmatch(string(out), -1) {
		by[m[1]]++
	}
	return by
}

// One connection stays with one worker.
func TestNodeKeepAlive(t *testing.T) {
	t.Parallel()
	c := start(t, "app.js")
	c.AwaitKind(2, engine.KindListening)
	for range 2 {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		first := request(t, conn, "/")
		for range 10 {
			if next := request(t, conn, "/"); next != first {
				t.Fatalf("on one connection worker %d answers, then worker %d", first, next)
			}
		}
	}
	testkit.Eventually(t, kit.Patience, func() bool { return c.Snapshot().Dealt == 2 }, "two connections dealt")
}
