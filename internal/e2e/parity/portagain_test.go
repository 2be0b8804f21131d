package parity

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/testkit"
)

// A worker closes its server and listens on the same address again, while
// another worker serves there. It joins the other again, without an error, and
// gets connections.
func TestServerRestartNone(t *testing.T) { restartsServer(t, engine.SchedNone) }

// The same with round robin.
func TestServerRestartRR(t *testing.T) { restartsServer(t, engine.SchedRR) }

func restartsServer(t *testing.T, p engine.Policy) {
	for name, address := range map[string]string{"port 0": "127.0.0.1:0", "a port": freeAddress(t)} {
		t.Run(name, func(t *testing.T) {
			c := portCluster(t, policy(p))
			stays, restarts := portFork(t, c, "port-server"), portFork(t, c, "port-server")
			addr := stays.listens("tcp", address)
			for range 3 {
				if got := restarts.listens("tcp", address); got != addr {
					t.Errorf("%v listens on %s, want %s, where %v does", restarts, got, addr, stays)
				}
				restarts.does(portOrder{Do: "close", Address: address})
				answersID(t, "tcp", addr, stays)
			}
			restarts.listens("tcp", address)
			stays.leaves()
			answersID(t, "tcp", addr, restarts)
			restarts.leaves()
		})
	}
}

// Two workers take turns in listening on a port and closing it, in every
// order: who listens is who answers, and when nobody does the port is free for
// anybody.
func TestClusterPortReuseBetweenWorkers(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		address := freeAddress(t)
		c := portCluster(t, policy(p))
		a, b := portFork(t, c, "port-server"), portFork(t, c, "port-server")
		open := map[*actor]bool{}
		for _, turn := range []*actor{a, b, a, b, b, a, b, a, a, a, b, b} {
			if open[turn] {
				turn.does(portOrder{Do: "close", Address: address})
				delete(open, turn)
			} else {
				turn.listens("tcp", address)
				open[turn] = true
			}
			if len(open) == 0 {
				testkit.Eventually(t, patience, func() bool { return isFree(t, address) }, "the port free")
				continue
			}
			for range 3 {
				switch {
				case len(open) == 2:
					answersID(t, "tcp", address, a, b)
				case open[a]:
					answersID(t, "tcp", address, a)
				default:
					answersID(t, "tcp", address, b)
				}
			}
		}
		a.leaves()
		b.leaves()
	})
}

func isFree(t *testing.T, address string) bool {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return ln.Close() == nil
}
