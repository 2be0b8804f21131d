package parity

import (
	"net"
	"strconv"
	"testing"

	"muster/engine"
)

// The event 'listening' of a worker that asked for port 0 carries the port it
// got, and so do the worker's own listener and the snapshot.
func TestListeningPort(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-server")
		heard, heardOfAll := make(chan engine.ListeningDetail, 1), make(chan engine.ListeningDetail, 1)
		w.OnListening(func(d engine.ListeningDetail) { heard <- d })
		c.OnListening(func(of *engine.Worker, d engine.ListeningDetail) {
			if of == w.Worker {
				heardOfAll <- d
			}
		})
		addr := w.listens("tcp", "127.0.0.1:0")
		for _, ch := range []chan engine.ListeningDetail{heard, heardOfAll} {
			d := next(t, ch, "listening")
			if d.Port <= 0 || d.Port > 65535 || d.Address != "127.0.0.1" || d.AddressType != "4" {
				t.Errorf("listening: %+v; want a port of 127.0.0.1, type 4", d)
			}
			if got := net.JoinHostPort(d.Address, strconv.Itoa(d.Port)); got != addr {
				t.Errorf("listening says %s, the worker listens on %s", got, addr)
			}
		}
		w.leaves()
	})
}

// hasIPv6 skips a test on a machine without.
func hasIPv6(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	_ = ln.Close()
}

// A server on [::] that was not told otherwise takes IPv4 clients too.
func TestNetListenIPv6OnlyFalse(t *testing.T) {
	t.Parallel()
	hasIPv6(t)
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		for _, address := range []string{"[::]:0", ":0"} {
			c := portCluster(t, policy(p))
			w := portFork(t, c, "port-server")
			port := portOf(t, w.listens("tcp", address))
			answersID(t, "tcp4", "127.0.0.1:"+port, w)
			answersID(t, "tcp6", "[::1]:"+port, w)
			w.leaves()
		}
	})
}

// Servers on [::] with IPv6Only share a port by IPv6 and leave the IPv4 port of
// the same number alone: somebody else has it here, and keeps it. Without
// IPv6Only the port is in use then.
func TestClusterNetListenIPv6OnlyNone(t *testing.T) { listensIPv6Only(t, engine.SchedNone) }

// The same with round robin.
func TestClusterNetListenIPv6OnlyRR(t *testing.T) { listensIPv6Only(t, engine.SchedRR) }

func listensIPv6Only(t *testing.T, p engine.Policy) {
	hasIPv6(t)
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go serveID(other, 0) // ended by the Close above
	port := portOf(t, other.Addr().String())

	c := portCluster(t, policy(p))
	var ws []*actor
	for range 3 {
		w := portFork(t, c, "port-server")
		o := portOrder{Do: "listen", Network: "tcp", Address: "[::]:" + port}
		if r := w.tell(o); len(ws) == 0 && r.Errno != "EADDRINUSE" {
			t.Errorf("a dual-stack listen on %s: %+v; want EADDRINUSE", o.Address, r)
		} else if len(ws) > 0 && r.Errno == "" {
			w.does(portOrder{Do: "close", Address: o.Address}) // it has joined the others
		}
		o.Config.IPv6Only = true
		w.does(o)
		ws = append(ws, w)
	}
	for range 6 {
		answersID(t, "tcp6", "[::1]:"+port, ws...)
		if who, err := askID("tcp4", "127.0.0.1:"+port); err != nil || who != "0" {
			t.Errorf("the IPv4 port is answered by %q, %v; want its owner", who, err)
		}
	}
	for _, w := range ws {
		w.leaves()
	}
}

// Workers listen on a socket the primary was started with, by its number
// there, and share it. A number the primary does not have is EBADF. The socket
// outlives the cluster.
func TestListenFDCluster(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		ln, err := net.Listen("tcp", "127.0.0.1:0") // New takes it for one we were started with
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		addr := ln.Addr().String()
		rc, err := ln.(*net.TCPListener).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		number := 0
		if err := rc.Control(func(fd uintptr) { number = int(fd) }); err != nil {
			t.Fatal(err)
		}

		c := portCluster(t, policy(p))
		a, b := portFork(t, c, "port-server"), portFork(t, c, "port-server")
		for _, w := range []*actor{a, b} {
			if got := w.does(portOrder{Do: "listenFD", FD: number}); got != addr {
				t.Errorf("%v listens on %s, want %s", w, got, addr)
			}
		}
		for _, bad := range []int{-1, 0, 2, number + 1000} {
			if r := a.tell(portOrder{Do: "listenFD", FD: bad}); r.Errno != "EBADF" {
				t.Errorf("listen on descriptor %d: %+v; want EBADF", bad, r)
			}
		}
		answersID(t, "tcp", addr, a, b)
		a.leaves()
		for range 4 {
			answersID(t, "tcp", addr, b)
		}
		b.leaves()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		go serveID(ln, 0) // ended by the Close above
		if who, err := askID("tcp", addr); err != nil || who != "0" {
			t.Errorf("after the cluster it is answered by %q, %v; want its owner", who, err)
		}
	})
}
