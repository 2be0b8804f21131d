package engine

import (
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/engine/internal/proc"
)

// Each end of an orphan put the next look off, so in a steady stream of them there
// was none: zombies piled up, and SIGKILL was late.
func TestSteadyEndsOfOrphansPutTheLookOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looked := make(chan msg, 1)
		// It cannot look, and says so.
		f := &family{self: -1, keep: true, adoption: AdoptAll, procs: new(proc.Set)}
		tidier := newTidier(f, time.Second, func(m msg) bool { looked <- m; return true })
		tidier.rests = []*rest{{}}
		child := make(chan os.Signal, 1)
		over := make(chan struct{})
		go func() {
			defer close(over)
			tidier.tidy(child)
		}()
		for range 40 {
			<-time.After(tidyEvery / 2)
			child <- syscall.SIGCHLD
		}
		select {
		case <-looked:
		default:
			t.Errorf("no look in %v", 40*tidyEvery/2)
		}
		close(tidier.quit)
		<-over
	})
}

// A worker's exit waited until the tidier's look was over, on a busy machine for
// more than a second, and then its replacement was said to be for its channel's end.
func TestAnExitWaitedForALook(t *testing.T) {
	f := &family{self: os.Getpid(), adoption: AdoptAll, procs: new(proc.Set)}
	tidier := newTidier(f, time.Second, func(msg) bool { return true }) // it does not run: it looks
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	dead := proc.New(p, 0)
	if _, err := dead.AwaitEnd(); err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		tidier.ended(&worker{}, dead)
	}()
	receive(t, told)
	tidier.takeLeft()
	if len(tidier.rests) != 1 {
		t.Errorf("it looks for what %d workers have left", len(tidier.rests))
	}
}
