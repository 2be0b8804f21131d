package engine

import (
	"syscall"
	"testing"
	"time"
)

// Without hand-offs nobody noticed that a worker stood still: in shared never, in
// rr not before the next connection came its way. The idle one beside it is as
// silent, and lives.
func TestAWorkerThatStandsStillIsNoticedWithoutTraffic(t *testing.T) {
	t.Parallel()
	for _, policy := range []Policy{SchedRR, SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			const stall = 2 * time.Second
			c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 2, Policy: policy, Stall: stall})
			poll(t, "both listen", func() bool { return len(thatListen(c)) == 2 })
			victim := c.Worker(1)
			if err := victim.Process().Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			receive(t, victim.Done())
			var kill, stalls int
			events, _ := c.Events(0)
			for _, e := range events {
				switch d := e.Detail.(type) {
				case StallDetail:
					if e.Worker != 1 { // on a busy machine
						continue
					}
					stalls++
					if !d.Asked || d.Ms < 1000 {
						t.Errorf("%+v", d)
					}
				case KillDetail:
					kill++
					if e.Worker != 1 || d.Reason != "it answered nothing for 2s" {
						t.Errorf("worker %d: %+v", e.Worker, d)
					}
				}
			}
			if stalls != 1 || kill != 1 {
				t.Errorf("%d stalls, %d kills", stalls, kill)
			}
		})
	}
}
