//go:build linux

package node

import (
	"strings"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// One worker that asked for 20,000 ports took all descriptors of the primary:
// the others went silent, and no worker could be forked. It hears EMFILE.
func TestNodeProgramOfManyPortsLeavesTheOthersTheirs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		many    string
		limit   int
		refused bool
	}{
		"200 ports, as a program may":      {many: "200"},
		"1,500 ports with few descriptors": {many: "1500", limit: 300, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := testkit.FreePort(t)
			m := runMuster(t, muster{limit: c.limit, env: []string{"PORT=" + port(addr), "MANY=" + c.many}}, "node", "ports.js")
			var heard struct{ Up, EMFILE int }
			after(t, m.AwaitLines(1, "asked ")[0], "asked ", &heard)
			if c.refused != (heard.EMFILE > 0) || heard.Up < 20 || c.refused && heard.Up > c.limit/4 || !c.refused && heard.Up != 200 {
				t.Errorf("the program has heard %+v", heard)
			}
			if c.refused {
				m.Await("an event that says so", func(ev []engine.Event) bool {
					for _, e := range kit.OfKind(ev, engine.KindError) {
						d := e.Detail.(engine.ErrorDetail)
						if e.Worker == 1 && d.Errno == "EMFILE" && strings.Contains(d.Text, "the most a worker may have") {
							return true
						}
					}
					return false
				})
			}
			// Forks go on, and requests.
			if err := syscall.Kill(m.AwaitOf(2, engine.KindFork).PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			m.AwaitOf(3, engine.KindListening)
			for range 4 {
				if _, err := askBy(fresh, "http://"+addr); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
