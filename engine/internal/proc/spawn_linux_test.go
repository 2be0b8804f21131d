package proc

import (
	"os"
	"sync"
	"testing"
	"time"
)

// poll itself, and not what AwaitEnd falls back to: it says so when the process has
// ended, and leaves it to be reaped.
func TestPollByPidfd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var spawning sync.WaitGroup
	s := NewSpawner(spawning.Go, 1)
	defer func() { s.Close(); spawning.Wait() }()
	var p *Process
	started := make(chan struct{})
	s.Do(func() {
		defer close(started)
		p, err = Start(Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", "read x"}, Stdout: w, Stderr: w, Channel: w})
	})
	<-started
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	k := p.Calls.(*kernelProcess)
	done := make(chan error, 1)
	go func() { done <- k.poll() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("poll: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("poll goes on")
	}
	wantZombie(t, p)
	if exit, err := p.AwaitEnd(); err != nil || exit.Code == nil || *exit.Code != 1 || exit.Signal != 0 {
		t.Errorf("AwaitEnd: %+v, %v", exit, err)
	}
	wantZombie(t, p)
	if err := p.Reap(); err != nil {
		t.Errorf("Reap: %v", err)
	}
	if k.poll() == nil {
		t.Error("poll of a process that is gone")
	}
}

func wantZombie(t *testing.T, p *Process) {
	t.Helper()
	if f := StatFields(p.PID); len(f) == 0 || f[StatState] != "Z" {
		t.Errorf("stat %q, want a zombie", f)
	}
}
