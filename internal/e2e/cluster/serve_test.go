//go:build linux

package cluster

import (
	"encoding/json"
	"slices"
	"syscall"
	"testing"
	"time"

	"muster/engine"
)

// | 1 | `m --headless --json --workers 4` | 4 `listening`; curl gives the page's
// text; the children of P are 4 and the guard; with P stopped (SIGSTOP) nothing is
// answered in rr, requests go on in shared |
func TestCheck01Start(t *testing.T) {
	for _, policy := range []string{"rr", "shared"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			p := startMuster(t, nil, nil, "--workers", "4", "--addr", "127.0.0.1:0", "--policy", policy)
			var want []int
			for _, e := range p.AwaitKind(4, engine.KindListening) {
				want = append(want, e.PID)
			}
			want = append(want, p.guard())
			got := children(t, p.PID)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("children of the primary: %v, workers that listen and the guard: %v", got, want)
			}
			addr := p.Addr()
			if got := get(t, addr, "/"); got != page {
				t.Errorf("the answer is %q", got)
			}

			stop(t, p.PID)
			if policy == "shared" {
				for range 20 {
					if got := get(t, addr, "/"); got != page {
						t.Errorf("the answer is %q", got)
					}
				}
				return
			}
			c := mustDial(t, addr) // the kernel accepts it
			if err := c.send("/"); err != nil {
				t.Fatal(err)
			}
			answered := make(chan error, 1)
			go func() {
				_, err := c.receive()
				answered <- err
			}()
			select {
			case err := <-answered:
				t.Errorf("answered while the primary is stopped (error %v)", err)
			case <-time.After(500 * time.Millisecond):
				p.Signal(syscall.SIGCONT)
				if err := <-answered; err != nil {
					t.Errorf("when the primary goes on: %v", err)
				}
			}
		})
	}
}

// | 2 | 400 sequential `curl U/whoami` in rr | 100 by each worker |
func TestCheck02RoundRobinIsEven(t *testing.T) {
	t.Parallel()
	p := startMuster(t, nil, nil, "--workers", "4", "--addr", "127.0.0.1:0", "--policy", "rr")
	p.AwaitKind(4, engine.KindListening)
	addr := p.Addr()
	by := map[int]int{}
	for range 400 {
		var who struct{ ID int }
		if err := json.Unmarshal([]byte(get(t, addr, "/whoami")), &who); err != nil {
			t.Fatal(err)
		}
		by[who.ID]++
	}
	for id := 1; id <= 4; id++ {
		if by[id] != 100 {
			t.Errorf("worker %d answered %d of 400, want 100 (all: %v)", id, by[id], by)
		}
	}
}
