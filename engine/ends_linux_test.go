package engine

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// runWild is runShells with workers that misbehave.
func runWild(t *testing.T, words string, o Options) *shells {
	t.Helper()
	o.Settings.Env = append(o.Settings.Env, wild(words)...)
	return runShells(t, "", o)
}

// TestAWorkerThatLeftItsGroupWasNotKilled: SIGKILL went to the group it was
// started in, where nobody was; the event told of it, and the end never came.
func TestAWorkerThatLeftItsGroupWasNotKilled(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*shells){
		"KillAll": func(s *shells) { s.KillAll() },
		"Close":   func(s *shells) { _ = s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := runWild(t, "deaf leaves-its-group starts-one starts-one-outside", Options{Adopt: AdoptWorkers, NoRestart: true, Grace: time.Hour})
			pids := s.helpers(1)[1]
			w := s.Worker(1).Process()
			if group, err := syscall.Getpgid(w.PID()); err != nil || group == w.PID() {
				t.Fatalf("its group is %d, %v", group, err)
			}
			end(s)
			poll(t, "the worker has ended", func() bool { return dead(w.PID()) })
			s.gone(pids)
		})
	}
}

// boundedStop runs a cluster that leaves something behind, and gives the error of
// its Run once stop was called.
func boundedStop(t *testing.T, words string) (c *Cluster, stop func() error) {
	t.Helper()
	c, err := New(Options{
		Workers: 1, Adopt: AdoptWorkers, NoRestart: true,
		Settings: Settings{Env: wild(words)}, Grace: 50 * time.Millisecond, KillTimeout: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- c.Run(t.Context()) }()
	return c, func() error {
		t.Helper()
		c.Stop()
		return receive(t, ran)
	}
}

// TestAWorkerThatSIGKILLDoesNotEndKeptAStop: one in the kernel's hands, or one whose
// tracer does not look, is not there to be reaped, and the stop waited for it.
func TestAWorkerThatSIGKILLDoesNotEndKeptAStop(t *testing.T) {
	t.Parallel()
	c, stop := boundedStop(t, "deaf starts-one-outside")
	s := &shells{Cluster: c, t: t}
	started := s.helpers(1)[1][0]
	pid := c.Worker(1).Process().PID()
	tracer := exec.Command(os.Args[0])
	tracer.Env = append(helper("tracer"), "PID="+strconv.Itoa(pid))
	tracer.Stderr = os.Stderr
	out, err := tracer.StdoutPipe()
	if err == nil {
		err = tracer.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	free := sync.OnceFunc(func() { _ = tracer.Process.Kill(); _ = tracer.Wait() })
	defer free()
	if said, _ := bufio.NewReader(out).ReadString('\n'); said != "traced\n" {
		_ = c.Close()
		t.Skipf("no ptrace here: %s", said)
	}
	err = stop()
	want := fmt.Sprintf("worker 1: process %d has not ended by SIGKILL, process %d", pid, tracer.Process.Pid)
	if !errors.Is(err, ErrLeftBehind) || !strings.Contains(err.Error(), want) {
		t.Errorf("Run: %v, want %s", err, want)
	}
	if c.Err() == nil || c.Err().Error() != err.Error() || errorCode(c.Err()) != "left_behind" {
		t.Errorf("Err: %v, want %v", c.Err(), err)
	}
	ev, _ := c.Events(0)
	if d, ok := ev[len(ev)-1].Detail.(ErrorDetail); !ok || !strings.HasPrefix(d.Text, "the cluster ends without "+want) {
		t.Errorf("the last event: %+v", ev[len(ev)-1])
	}
	if !dead(started) {
		t.Error("what it has started lives")
		_ = syscall.Kill(started, syscall.SIGKILL)
	}
	free()
	poll(t, "it is reaped when its tracer has gone", func() bool { return stateOf(pid) == 0 })
}

// TestAListenerThatHangsKeptAStop: Run waited for it for ever.
func TestAListenerThatHangsKeptAStop(t *testing.T) {
	t.Parallel()
	c, stop := boundedStop(t, "listens")
	free := make(chan struct{})
	c.OnExit(func(*Worker, ExitDetail) { <-free })
	poll(t, "it listens", func() bool { return c.Snapshot().Count().Listening == 1 })
	if err := stop(); !errors.Is(err, ErrLeftBehind) || !strings.Contains(err.Error(), "a listener") {
		t.Errorf("Run: %v", err)
	}
	close(free)
}

// TestTheOwnerWentOnBeforeAPanicWasTold: the cluster's end returned while OnPanic was
// still at work, so that the owner could end the process before the panic's text.
func TestTheOwnerWentOnBeforeAPanicWasTold(t *testing.T) {
	t.Parallel()
	told, free := make(chan struct{}), make(chan struct{})
	o := Options{Grace: time.Millisecond, KillTimeout: time.Millisecond, OnPanic: func(any, []byte) {
		close(told)
		<-free
		runtime.Goexit() // in place of the process's end
	}}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- c.Run(t.Context()) }()
	c.loop.spawnTask(func() { panic("a test") })
	<-told
	c.Stop()
	<-c.loop.done
	select {
	case err := <-ran:
		t.Errorf("Run came back before: %v", err)
	case <-time.After(o.Grace + o.KillTimeout + stopSlack + 2*tasksFor):
	}
	close(free)
	if err := receive(t, ran); err != nil {
		t.Error(err)
	}
}

// TestAForkThatHangsKeptAStop: its process came when the cluster had ended, and
// nobody was there to end it.
func TestAForkThatHangsKeptAStop(t *testing.T) {
	t.Parallel()
	c, stop := boundedStop(t, "listens")
	poll(t, "it listens", func() bool { return c.Snapshot().Count().Listening == 1 })
	free := make(chan struct{})
	after := make(chan struct{})
	c.loop.supervisor.spawner.Do(func() { <-free }) // as a file system that does not answer
	w, err := c.Fork()
	if err != nil {
		t.Fatal(err)
	}
	// The end of the thread that forks would end it too (PR_SET_PDEATHSIG).
	defer close(after)
	c.loop.supervisor.spawner.Do(func() { <-after })
	if err := stop(); !errors.Is(err, ErrLeftBehind) || !strings.Contains(err.Error(), "worker 2, whose process is still being started") {
		t.Errorf("Run: %v", err)
	}
	close(free)
	pid := w.Process().PID()
	poll(t, "it has ended and is reaped", func() bool { return stateOf(pid) == 0 })
}
