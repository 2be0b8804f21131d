//go:build linux

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// listened is what listen.js prints about a server that listens.
type listened struct {
	Server  int
	Address json.RawMessage // an object, or a path
}

func (l listened) addr(t *testing.T) string {
	t.Helper()
	var a struct {
		Address string
		Port    int
	}
	if err := json.Unmarshal(l.Address, &a); err != nil {
		t.Fatalf("address %s: %v", l.Address, err)
	}
	return net.JoinHostPort(a.Address, fmt.Sprint(a.Port))
}

// nodeError is an error as the program sees it.
type nodeError struct {
	Server              int
	Name, Code, Syscall string
	Errno               int
	Address             string
	Port                int
}

func listens(spec string) func(*scene) { return env("LISTEN=" + spec) }

// addresses waits for n "listening" lines and returns the address of each
// server, which must be the same in all workers.
func addresses(l *kit.Log, n int) map[int]string {
	l.T.Helper()
	at := map[int]string{}
	for _, e := range l.AwaitLines(n, "listening ") {
		var d listened
		after(l.T, e, "listening ", &d)
		addr := d.addr(l.T)
		if was, ok := at[d.Server]; ok && was != addr {
			l.T.Errorf("server %d listens at %s in one worker and at %s in another", d.Server, was, addr)
		}
		at[d.Server] = addr
	}
	return at
}

func servedBy(t *testing.T, client *http.Client, url string) (server int) {
	t.Helper()
	body, err := askBy(client, url)
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ Server int }
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	return a.Server
}

// listen(0) twice in each worker: two ports, each the same in all workers.
func TestNodePortZero(t *testing.T) {
	t.Parallel()
	c := start(t, "listen.js", workers(3), listens(`[{"port":0,"host":"127.0.0.1"},{"port":0,"host":"127.0.0.1"}]`))
	at := addresses(c.Log, 6)
	if len(at) != 2 || at[0] == at[1] {
		t.Fatalf("addresses %v, want two", at)
	}
	for server, addr := range at {
		for range 4 {
			if got := servedBy(t, fresh, "http://"+addr); got != server {
				t.Errorf("%s is served by server %d, want %d", addr, got, server)
			}
		}
	}
}

func TestNodeSeveralPorts(t *testing.T) {
	t.Parallel()
	a, b := testkit.FreePort(t), testkit.FreePort(t)
	spec := fmt.Sprintf(`[{"port":%s,"host":"127.0.0.1"},{"port":%s}]`, port(a), port(b))
	c := start(t, "listen.js", listens(spec))
	c.AwaitLines(4, "listening ")
	for i, addr := range []string{a, b} {
		if got := servedBy(t, fresh, "http://"+addr); got != i {
			t.Errorf("%s is served by server %d, want %d", addr, got, i)
		}
	}
	testkit.Eventually(t, kit.Patience, func() bool { return len(c.Snapshot().Addresses) == 2 }, "two addresses in the snapshot")
}

// One port on several addresses: the names and families that go together in
// Node go together here.
func TestNodeAddressFamilies(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 here: %v", err)
	} else {
		l.Close()
	}
	for name, tt := range map[string]struct {
		spec string // %[1]s is the port
		want map[string]int
	}{
		"no host is both":  {`[{"port":%[1]s}]`, map[string]int{"127.0.0.1": 0, "[::1]": 0}},
		"two loopbacks":    {`[{"port":%[1]s,"host":"127.0.0.1"},{"port":%[1]s,"host":"::1"}]`, map[string]int{"127.0.0.1": 0, "[::1]": 1}},
		"IPv6 only":        {`[{"port":%[1]s,"host":"::","ipv6Only":true},{"port":%[1]s,"host":"0.0.0.0"}]`, map[string]int{"127.0.0.1": 1, "[::1]": 0}},
		"localhost by IP4": {`[{"port":%[1]s,"host":"localhost"}]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			num := port(testkit.FreePort(t))
			c := start(t, "listen.js", listens(fmt.Sprintf(tt.spec, num)))
			c.AwaitLines(2*strings.Count(tt.spec, "{"), "listening ")
			if tt.want == nil { // which of its addresses is Node's choice
				servedBy(t, fresh, "http://"+addresses(c.Log, 2)[0])
			}
			for host, server := range tt.want {
				if got := servedBy(t, fresh, "http://"+host+":"+num); got != server {
					t.Errorf("%s is served by server %d, want %d", host, got, server)
				}
			}
		})
	}
}

// dialling is a client that always connects to one address.
func dialling(network, addr string) *http.Client {
	return &http.Client{Timeout: kit.Patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
}

func TestNodeUnixSocket(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		path := filepath.Join(t.TempDir(), "s")
		c := start(t, "listen.js", policy(p), listens(fmt.Sprintf(`[{"path":%q,"readableAll":true,"writableAll":true}]`, path)))
		c.AwaitLines(2, "listening ")
		for range 6 {
			servedBy(t, dialling("unix", path), "http://unix/")
		}
		if s, err := os.Stat(path); err != nil || s.Mode().Perm()&0o666 != 0o666 {
			t.Errorf("mode %v, %v: not for everybody", s.Mode(), err)
		}
		if d := listening(c.AwaitKind(1, engine.KindListening)[0]); d.Port != -1 || d.AddressType != "-1" {
			t.Errorf("the listening event says %+v", d)
		}
		c.stop()
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the path after the end: %v", err)
		}
	})
}

// Many programs remove the path before they listen: the second worker, and each
// replacement, took it from the socket they share.
func TestNodeWorkerThatRemovesItsUnixPath(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		dir := t.TempDir()
		path := filepath.Join(dir, "s")
		c := start(t, "listen.js", policy(p), env("UNLINK="+path), listens(fmt.Sprintf(`[{"path":%q}]`, path)))
		c.AwaitLines(2, "listening ")
		serves := func() {
			t.Helper()
			for range 2 {
				servedBy(t, dialling("unix", path), "http://unix/")
			}
		}
		serves()
		first, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		r := c.do(engine.Command{Op: engine.OpRestart, Worker: 1})
		c.AwaitOf(r.Worker, engine.KindListening)
		serves()
		r = c.do(engine.Command{Op: engine.OpFork})
		c.AwaitOf(r.Worker, engine.KindListening)
		serves()
		c.do(engine.Command{Op: engine.OpCrash, Worker: 2})
		c.AwaitLines(5, "listening ")
		serves()
		if now, err := os.Lstat(path); err != nil || !os.SameFile(now, first) || now.Mode() != first.Mode() {
			t.Errorf("the path is %v, %v; it was %v", now, err, first)
		}
		errs := kit.OfKind(c.SoFar(), engine.KindError)
		if len(errs) != 1 || !errs[0].Detail.(engine.ErrorDetail).Mended || !strings.Contains(errs[0].Detail.(engine.ErrorDetail).Text, path+": the path was removed; it is put back") {
			t.Errorf("errors: %+v", errs)
		}
		c.stop()
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left after the end: %v, %v", left, err)
		}
	})
}

// A name without a file.
func TestNodeAbstractSocket(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("muster-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	c := start(t, "listen.js", listens(`[{"path":"\u0000`+name+`"}]`))
	c.AwaitLines(2, "listening ")
	for range 4 {
		servedBy(t, dialling("unix", "@"+name), "http://unix/")
	}
}

// A relative path may be short where the absolute one is too long for the
// kernel: the primary, too, uses the short one.
func TestNodeUnixSocketInDeepDirectory(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	dir := script(t, map[string]string{strings.Repeat("a-long-name-of-a-directory/", 6) + "x": ""})
	dir = filepath.Join(dir, strings.Repeat("a-long-name-of-a-directory/", 6))
	p := runMuster(t, muster{dir: dir, env: []string{`LISTEN=[{"path":"s"}]`}}, node, filepath.Join(programs, "listen.js"))
	p.AwaitLines(2, "listening ")
	// The test can name it only by a way round, as its own directory is another.
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	servedBy(t, dialling("unix", fmt.Sprintf("/proc/self/fd/%d/s", d.Fd())), "http://unix/")
}

// exclusive and reusePort go past the primary: no crash, the program serves,
// and its row says what is odd after a while.
func TestNodeGoesPastThePrimary(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"exclusive", "reusePort"} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			c := start(t, "listen.js", workers(1), listens(`[{"port":0,"host":"127.0.0.1","`+option+`":true}]`))
			at := addresses(c.Log, 1)
			servedBy(t, fresh, "http://"+at[0])
			if option == "reusePort" && major(t) < 22 {
				if len(c.AwaitKind(1, engine.KindListening)) != 1 {
					t.Error("this version does not know reusePort and shares as usual")
				}
				return
			}
			c.row(1, "a note", func(w *engine.Row) bool { return w.Note == "never listened" })
			d := c.AwaitKind(1, engine.KindError)[0].Detail.(engine.ErrorDetail)
			if !strings.Contains(d.Text, "has not listened for 10s") || !strings.Contains(d.Text, "`exclusive`") {
				t.Errorf("the log says %q", d.Text)
			}
			if n := len(kit.OfKind(c.SoFar(), engine.KindListening)); n != 0 {
				t.Errorf("%d listening events", n)
			}
		})
	}
}

// What cannot be listened on arrives in the program as Node's own error, and a
// worker that comes later may succeed.
func TestNodeAddressInUse(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		// Not freePort: the listener it has just closed may live on for a moment
		// in a child of another test that is between fork and exec.
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		num := port(taken.Addr().String())
		c := start(t, "listen.js", workers(1), policy(p), listens(fmt.Sprintf(`[{"port":%s,"host":"127.0.0.1"}]`, num)))
		var got nodeError
		after(t, c.AwaitLines(1, "error ")[0], "error ", &got)
		want := nodeError{Name: "Error", Code: "EADDRINUSE", Errno: -98, Syscall: "bind", Address: "127.0.0.1", Port: atoi(t, num)}
		if got != want {
			t.Errorf("the program sees %+v, want %+v", got, want)
		}
		if d := c.AwaitKind(1, engine.KindError)[0].Detail.(engine.ErrorDetail); d.Errno != "EADDRINUSE" || strings.Contains(d.Text, "--addr") {
			t.Errorf("the event says %+v", d)
		}
		taken.Close()
		c.do(engine.Command{Op: engine.OpFork})
		c.AwaitOf(2, engine.KindListening)
		servedBy(t, fresh, "http://127.0.0.1:"+num)
	})
}

func TestNodeNotPermitted(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err != nil || atoi(t, strings.TrimSpace(string(b))) <= 80 {
		t.Skip("every user may use port 80 here")
	}
	m := muster{args: []string{"--json", "--workers", "1"}, env: []string{`LISTEN=[{"port":80,"host":"127.0.0.1"}]`}}
	if os.Getuid() == 0 {
		m.uid = 65534
	}
	p := runMuster(t, m, node, "listen.js")
	var got nodeError
	after(t, p.AwaitLines(1, "error ")[0], "error ", &got)
	want := nodeError{Name: "Error", Code: "EACCES", Errno: -13, Syscall: "bind", Address: "127.0.0.1", Port: 80}
	if got != want {
		t.Errorf("the program sees %+v, want %+v", got, want)
	}
}

// Two servers of one worker on one port: the second hears EADDRINUSE, and the
// first goes on.
func TestNodeListenTwice(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		addr := testkit.FreePort(t)
		one := fmt.Sprintf(`{"port":%s,"host":"127.0.0.1"}`, port(addr))
		c := start(t, "listen.js", policy(p), listens("["+one+","+one+"]"))
		for _, e := range c.AwaitLines(2, "error ") {
			var got nodeError
			after(t, e, "error ", &got)
			if got.Server != 1 || got.Code != "EADDRINUSE" {
				t.Errorf("worker %d: %+v", e.Worker, got)
			}
		}
		for range 4 {
			if got := servedBy(t, fresh, "http://"+addr); got != 0 {
				t.Errorf("server %d answers", got)
			}
		}
		if n := len(kit.OfKind(c.SoFar(), engine.KindExit)); n != 0 {
			t.Errorf("%d workers died", n)
		}
	})
}

// A server is closed and the port listened on again in the same turn. For a
// worker alone the address is closed and opened, for several it lives on.
func TestNodeCloseAndListenAgain(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d workers", n), func(t *testing.T) {
			t.Parallel()
			bothPolicies(t, func(t *testing.T, p engine.Policy) {
				addr := testkit.FreePort(t)
				c := start(t, "relisten.js", workers(n), policy(p), env("AGAIN=5", "PORT="+port(addr)))
				c.Await("every worker has settled", func(ev []engine.Event) bool {
					settled := 0
					for _, e := range kit.OfKind(ev, engine.KindOutput) {
						if strings.HasPrefix(line(e), "error ") {
							t.Errorf("worker %d: %s", e.Worker, line(e))
						}
						if line(e) == "settled" {
							settled++
						}
					}
					return settled == n || t.Failed()
				})
				by := answerers(t, addr, "/", 4*n)
				if p == engine.SchedRR && len(by) != n {
					t.Errorf("%v answered, want %d workers", by, n)
				}
				for _, e := range kit.OfKind(c.SoFar(), engine.KindFork) {
					c.row(e.Worker, "one address", func(w *engine.Row) bool { return len(w.Addresses) == 1 })
				}
			})
		})
	}
}

// listen({fd: 3}) is the primary's descriptor 3.
func TestNodeListenOnDescriptor(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := runMuster(t, muster{files: []*os.File{f}, env: []string{`LISTEN=[{"fd":3},{"fd":1}]`}}, node, "listen.js")
	p.AwaitLines(2, "listening ")
	for range 6 {
		servedBy(t, fresh, "http://"+l.Addr().String())
	}
	// A number that is no socket of the primary is an error in the program.
	var got nodeError
	after(t, p.AwaitLines(2, "error ")[0], "error ", &got)
	if got.Server != 1 || got.Code != "EBADF" {
		t.Errorf("listen({fd: 1}): %+v", got)
	}
}

// Each datagram is answered once, by one of the workers.
func TestNodeUDP(t *testing.T) {
	t.Parallel()
	c := start(t, "udp.js")
	bound := c.AwaitLines(2, "bound ")
	if line(bound[0]) != line(bound[1]) {
		t.Fatalf("%q and %q", line(bound[0]), line(bound[1]))
	}
	if d := listening(c.AwaitKind(2, engine.KindListening)[0]); d.AddressType != "udp4" {
		t.Errorf("the listening event says %+v", d)
	}
	_, num, _ := strings.Cut(line(bound[0]), " ")
	conn, err := net.Dial("udp", "127.0.0.1:"+num)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(kit.Patience))
	buf := make([]byte, 1500)
	for i := range 50 {
		if _, err := fmt.Fprintf(conn, "question %d", i); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		who, text, _ := strings.Cut(string(buf[:n]), ": ")
		if want := fmt.Sprintf("question %d", i); err != nil || text != want || who != "worker 1" && who != "worker 2" {
			t.Fatalf("asked %q: %q, %v", want, buf[:n], err)
		}
	}
	testkit.Eventually(t, kit.Patience, func() bool {
		a := c.Snapshot().Addresses
		return len(a) == 1 && a[0].Network == "udp" && fmt.Sprint(a[0].Port) == num
	}, "the UDP address in the snapshot")
}
