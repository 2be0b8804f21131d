package parity

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"muster/engine"
)

// Node checks that each of eight workers with two servers each can be reached,
// that cluster.disconnect() ends all of them, and that the same works again with
// new workers.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := lifeCluster(t, policy(p))
		for round := range 2 {
			ports, workers := forkTwoServers(t, c, 8)
			for _, port := range ports {
				answered := reach(t, port, len(workers))
				// With a shared socket the kernel chooses, and may choose the same.
				if p == engine.SchedRR && len(answered) != len(workers) {
					t.Errorf("round %d: of %d workers %d have answered on port %d", round, len(workers), len(answered), port)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := c.Disconnect(ctx); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if left := c.Workers(); len(left) > 0 {
				t.Errorf("round %d: workers after Disconnect: %v", round, left)
			}
			for _, w := range workers {
				wantExit(t, exitOf(t, w), 0, "", true)
			}
		}
	})
}

// forkTwoServers forks n workers with two servers each, and returns their ports
// once all listen.
func forkTwoServers(t *testing.T, c *engine.Cluster, n int) (ports []int, workers []*engine.Worker) {
	t.Helper()
	listening := make(chan int, 2*n)
	defer c.OnListening(func(_ *engine.Worker, d engine.ListeningDetail) { listening <- d.Port })()
	for range n {
		workers = append(workers, fork(t, c, "two-servers"))
	}
	servers := make(map[int]int)
	for range 2 * n {
		servers[next(t, listening, "listening")]++
	}
	for port, n := range servers {
		if n != len(workers) {
			t.Errorf("%d of %d workers listen on port %d", n, len(workers), port)
		}
		ports = append(ports, port)
	}
	if len(ports) != 2 {
		t.Fatalf("the workers listen on %v, want two ports for all", ports)
	}
	slices.Sort(ports)
	return ports, workers
}

// reach connects n times, one after another, and returns who has answered how
// often.
func reach(t *testing.T, port, n int) map[int]int {
	t.Helper()
	answered := make(map[int]int)
	for range n {
		conn, err := net.DialTimeout("tcp", loopback(port), patience)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience)) // fails if the read will
		b, err := io.ReadAll(conn)
		_ = conn.Close()
		var id int
		if _, scanErr := fmt.Sscanf(string(b), "echo %d", &id); err != nil || scanErr != nil {
			t.Fatalf("port %d answers %q, %v", port, b, err)
		}
		answered[id]++
	}
	return answered
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
