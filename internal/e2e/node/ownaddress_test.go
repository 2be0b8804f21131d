//go:build linux

package node

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// Every death of a worker with addresses of its own left three descriptors and
// two files in the primary. MUSTER_DEATHS is how many die.
func TestNodeAddressesOfDeadWorkersStayedOpen(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, policy engine.Policy) {
		const workers, each = 2, 4 // servers of a worker
		deaths := testkit.Deaths(t, 6)
		dir, at := t.TempDir(), testkit.FreePort(t)
		p := runMuster(t, muster{
			args: []string{"--json", "--workers", strconv.Itoa(workers), "--policy", policy.String()},
			env:  []string{"DIR=" + dir, "PORT=" + port(at)},
		}, "node", "own.js")
		up := func(lives int) (listened map[int]int) { // pid by worker
			listened = map[int]int{}
			for _, e := range p.AwaitKind(lives*each, engine.KindListening) {
				listened[e.Worker] = e.PID
			}
			return listened
		}
		up(workers)
		before := testkit.OpenKinds(p.PID)
		killed := map[int]bool{}
		for len(killed) < deaths {
			for id, pid := range up(workers + len(killed)) {
				if !killed[id] {
					killed[id] = true
					signalTo(t, pid, syscall.SIGKILL)
				}
			}
		}
		up(workers + len(killed))
		testkit.NoMoreOpen(t, kit.Patience, p.PID, before)
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 2*workers { // a path, and its second name
			t.Errorf("%d files, %v; want 2 a worker", len(files), err)
		}
		if body := get(t, at, "/"); body != "served" {
			t.Errorf("at the common address: %q", body)
		}
	})
}
