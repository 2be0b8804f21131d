//go:build linux

package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// ownEnv has a worker listen at addresses of its own before the common one: a
// port, a UDP port, and a path in this directory with its pid in the name.
const ownEnv = "MUSTER_CHECKS_OWN"

// runOwn is such a worker.
func runOwn(dir string) int {
	for _, listen := range []func(port string) error{
		func(port string) error { _, err := engine.Listen("tcp", port); return err },
		func(port string) error { _, err := engine.ListenPacket("udp", port); return err },
		func(string) error {
			_, err := engine.Listen("unix", filepath.Join(dir, strconv.Itoa(os.Getpid())))
			return err
		},
	} {
		// A free port, by its number: port 0 would be the same for all.
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err == nil {
			_ = free.Close()
			err = listen(free.Addr().String())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return demo.Run()
}

// Every death of a worker with addresses of its own left three descriptors and
// two files in the primary.
func TestAddressesOfDeadWorkersStayedOpen(t *testing.T) {
	t.Parallel()
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			const workers, each = 2, 4 // servers of a worker
			dir := t.TempDir()
			p := startPrimary(t, nil, primaryConfig{Workers: workers, Policy: policy, Grace: 5 * time.Second, Env: []string{ownEnv + "=" + dir}})
			p.AwaitKind(workers*each, engine.KindListening)
			before := testkit.OpenKinds(p.PID)
			living := map[int]bool{} // workers not yet killed
			died := 0
			usual := 6
			if testkit.Race {
				usual = 4
			}
			for want := testkit.Deaths(t, usual); died < want; {
				servers := map[int]int{}
				for _, e := range kit.Listening(p.AwaitKind((workers+died)*each, engine.KindListening)) {
					servers[e.Worker]++
				}
				for id := range servers {
					if _, known := living[id]; !known {
						living[id] = true
					}
				}
				for id, lives := range living {
					if lives {
						living[id] = false
						p.do("crash %d", id)
						died++
					}
				}
				p.AwaitKind(died, engine.KindExit)
			}
			p.AwaitKind((workers+died)*each, engine.KindListening)
			testkit.NoMoreOpen(t, kit.Patience, p.PID, before)
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != 2*workers { // a path, and its second name
				t.Errorf("%d files, %v; want 2 a worker", len(files), err)
			}
			if _, err := mustDial(t, p.do("snapshot").Snapshot.Addresses[0].String()).ask("/"); err != nil {
				t.Errorf("at the common address: %v", err)
			}
			for _, e := range p.SoFar() {
				if d, ok := e.Detail.(engine.ErrorDetail); ok && e.Worker == 0 {
					t.Errorf("it is said: %s", d.Text)
				}
			}
		})
	}
}
