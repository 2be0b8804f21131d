//go:build linux

package cluster

import (
	"fmt"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// Point 5: garbage, a truncated or over-long frame, a descriptor too many: that
// channel ends with an event that says why and the worker is replaced; the
// primary goes on and leaks nothing.
func TestChannelFaults(t *testing.T) {
	for fault, why := range map[string]string{
		"garbage":         `not JSON in "this is no frame"`,
		"empty":           "an empty frame",
		"truncated":       "EOF",
		"long":            "a frame of over 16777216 bytes that is not JSON",
		"long-internal":   "an internal message of over 65536 bytes",
		"descriptor":      "a descriptor with a message that takes none",
		"two-descriptors": "2 descriptors with one message",
		"two-handles":     "2 descriptors with one message",
		"no-socket":       "a descriptor that is not a socket",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			const workers = 2
			p := startMuster(t, nil, nil, "--workers", fmt.Sprint(workers), "--addr", "127.0.0.1:0")
			p.Await("all workers listening", slotsUp(workers))
			before := testkit.OpenKinds(p.PID)

			c := mustDial(t, p.Addr())
			if err := c.send("/fault/" + fault); err != nil {
				t.Fatal(err)
			}
			exit := p.AwaitKind(1, engine.KindExit)[0]
			p.Await("a replacement that listens", slotsUp(workers))
			c.conn.Close()

			events := p.SoFar()
			d := kit.Of(events, exit.Worker, engine.KindDisconnect)[0].Detail.(engine.DisconnectDetail)
			if !strings.Contains(d.Error, why) || d.Voluntary {
				t.Errorf("disconnect %+v, want an error that says %q", d, why)
			}
			if d := exit.Detail.(engine.ExitDetail); d.Voluntary {
				t.Errorf("exit %+v, want it not voluntary", d)
			}
			forks := kit.OfKind(events, engine.KindFork)
			if last := forks[len(forks)-1]; len(forks) != workers+1 || last.Detail.(engine.ForkDetail).Replaces != exit.Worker {
				t.Errorf("forks %+v, want one more that replaces worker %d", forks, exit.Worker)
			}
			if got := get(t, p.Addr(), "/"); got != page {
				t.Errorf("the answer after it is %q", got)
			}
			testkit.NoMoreOpen(t, kit.Patience, p.PID, before)
		})
	}
}
