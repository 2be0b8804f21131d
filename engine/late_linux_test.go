package engine

import (
	"strings"
	"testing"
	"time"

	"muster/internal/testkit"
)

// TestRestartWhoseProcessNeverComesUp: the limit passed by, because there was no
// process to end, and was not looked at again.
func TestRestartWhoseProcessNeverComesUp(t *testing.T) {
	t.Parallel()
	c := runCluster(t, Options{
		Workers: 1, Grace: 50 * time.Millisecond, ReadyTimeout: 50 * time.Millisecond,
		Settings: Settings{Exec: "sleep", Args: []string{"60"}},
	})
	event := func(what string, ok func(Event) bool) Event {
		t.Helper()
		var found Event
		testkit.Eventually(t, patience, func() bool {
			all, _ := c.Events(0)
			for _, e := range all {
				if ok(e) {
					found = e
					return true
				}
			}
			return false
		}, what)
		return found
	}
	of := func(id int, k Kind) func(Event) bool {
		return func(e Event) bool { return e.Worker == id && e.Kind == k }
	}
	event("the first fork", of(1, KindFork))
	free := make(chan struct{})
	c.loop.supervisor.spawner.Do(func() { <-free }) // as a file system that does not answer
	restarted := make(chan error, 1)
	go func() { // ends with the fork
		_, err := c.Do(t.Context(), Command{Op: OpRestart, Worker: 1})
		restarted <- err
	}()
	e := event("that the restart failed", of(2, KindError))
	if text := e.Detail.(ErrorDetail).Text; text != "restart of worker 1: worker 2 has no process after 50ms; worker 1 stays" {
		t.Errorf("it says %q", text)
	}
	close(free)
	if err := receive(t, restarted); err != nil {
		t.Error(err)
	}
	d := event("its end", of(2, KindExit)).Detail.(ExitDetail)
	if d.String() != "SIGKILL" || !d.Voluntary {
		t.Errorf("exit %+v", d)
	}
	k := event("why", of(2, KindKill)).Detail.(KillDetail)
	if !strings.HasPrefix(k.Reason, "it did not listen within 50ms") {
		t.Errorf("killed because %q", k.Reason)
	}
	testkit.Eventually(t, patience, func() bool {
		w := c.Snapshot().ByID(1)
		return w != nil && w.State != StateExited && w.ReplacedBy == 0 && w.Note == "restart failed"
	}, "the old one stays, and its row says so")
}
