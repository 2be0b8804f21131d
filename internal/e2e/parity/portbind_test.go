package parity

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/testkit"
)

// inUse wants an answer to say EADDRINUSE, in a text that names worker and
// address.
func inUse(t *testing.T, a *actor, r portAnswer, addr string) {
	t.Helper()
	if r.Errno != "EADDRINUSE" || !strings.Contains(r.Error, addr) || !strings.Contains(r.Error, a.String()) {
		t.Errorf("%v listens on %s: %+v; want EADDRINUSE, with %v and the address in the text", a, addr, r, a)
	}
}

// Two clusters that know nothing of each other are told to use one port. The
// worker of the first serves it; that of the second hears that it is in use,
// though both clusters belong to one user and set SO_REUSEPORT.
func TestBindTwice(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		first, second := portCluster(t, policy(p)), portCluster(t, policy(p))
		t.Cleanup(func() { _ = first.Close() }) // before the second looks for processes that are left
		a := portFork(t, first, "port-server")
		addr := a.listens("tcp", "127.0.0.1:0")

		b := portFork(t, second, "port-server")
		inUse(t, b, b.tell(portOrder{Do: "listen", Network: "tcp", Address: addr}), addr)
		for range 8 { // none goes to the other cluster
			answersID(t, "tcp", addr, a)
		}
		a.leaves()
		b.leaves()
	})
}

// What a worker hears when it cannot listen is an error its program can tell
// the primary's program in a message. Here the path of a unix socket is taken
// by the primary's program itself, which goes on serving there.
func TestEaccess(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		path := filepath.Join(t.TempDir(), "taken.sock")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-server")
		inUse(t, w, w.tell(portOrder{Do: "listen", Network: "unix", Address: path}), path)

		go serveID(ln, 0) // ended by the Close above
		if who, err := askID("unix", path); err != nil || who != "0" {
			t.Errorf("the path is answered by %q, %v; want its owner", who, err)
		}
		w.leaves()
	})
}

// A worker that could not have a port is in order: once the port is free, the
// same worker listens on it and serves.
func TestEaddrinuse(t *testing.T) {
	// Not with others: what they fork has the socket closed here until its program begins.
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		addr, free := takenPort(t)
		c := portCluster(t, policy(p), func(o *engine.Options) { o.NoGuard = true }) // the guard is such a fork
		w := portFork(t, c, "port-server")
		for range 2 {
			inUse(t, w, w.tell(portOrder{Do: "listen", Network: "tcp", Address: addr}), addr)
		}
		free()
		testkit.Eventually(t, patience, func() bool { // a process on its way to its program may still have the socket
			ln, err := net.Listen("tcp", addr)
			if err == nil {
				_ = ln.Close()
			}
			return err == nil
		}, "the port is free")
		if got := w.listens("tcp", addr); got != addr {
			t.Errorf("it listens on %s, want %s", got, addr)
		}
		answersID(t, "tcp", addr, w)
		w.leaves()
	})
}

// With the shared policy the worker does not accept at the primary's mercy, but
// binding is still the primary's: that the address is in use reaches the worker
// as the error of its listen, and the primary's program in an event.
func TestSharedHandleBindError(t *testing.T) {
	t.Parallel()
	addr, _ := takenPort(t)
	c := portCluster(t, policy(engine.SchedNone))
	w := portFork(t, c, "port-server")
	inUse(t, w, w.tell(portOrder{Do: "listen", Network: "tcp", Address: addr}), addr)
	if !hasError(c, "EADDRINUSE") {
		t.Error("no error event says EADDRINUSE")
	}
	w.leaves()
}

// hasError tells whether there was an error event with an errno.
func hasError(c *engine.Cluster, errno string) bool {
	events, _ := c.Events(0)
	for _, e := range events {
		if d, ok := e.Detail.(engine.ErrorDetail); ok && d.Errno == errno {
			return true
		}
	}
	return false
}
