package sock

import (
	"os"
	"sync"
	"testing"
)

// An address that was closed and opened again at once was in use if a process was
// being forked at that moment: it has a copy of every socket until its exec.
func TestAnAddressWasInUseWhileAProcessWasForked(t *testing.T) {
	p := mustOpen(t, loopback, Options{Sockets: 2})
	if !p.gated() {
		t.Skip("no gate on this system: " + p.whyFixed)
	}
	over := make(chan struct{})
	var forks sync.WaitGroup
	for range 2 {
		forks.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				child, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = child.Wait()
			}
		})
	}
	a := p.addr
	for range 300 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		next, err := Open(a, Options{Sockets: 2})
		if err != nil {
			t.Error(err)
			break
		}
		p = next
	}
	close(over)
	forks.Wait()
	_ = p.Close()
}
