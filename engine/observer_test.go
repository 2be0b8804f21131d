package engine

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

func newSampler() *sampler { return &sampler{known: make(map[int]*process.Process)} }

func TestSampleOfASpinningChild(t *testing.T) {
	spin := exec.Command("/bin/sh", "-c", "while :; do :; done")
	if err := spin.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	defer func() {
		_ = spin.Process.Kill()
		if ended != nil {
			_ = spin.Wait()
		}
	}()
	s := newSampler()
	look := func() (self, worker usage) {
		r := s.look(os.Getpid(), map[int]target{7: {pid: spin.Process.Pid}}, nil, epoch)
		if !r.at.Equal(epoch) || len(r.workers) != 1 {
			t.Fatalf("%+v", r)
		}
		return r.self, r.workers[7]
	}
	self, w := look()
	if w.cpu != nil || self.cpu != nil {
		t.Error("a first look knows a rate")
	}
	if w.mem == nil || *w.mem == 0 || self.mem == nil || *self.mem < 1<<20 {
		t.Errorf("memory %v and %v", w.mem, self.mem)
	}
	// A busy machine may give it little, but it gets some: look until it shows.
	poll(t, "the spinning child uses its core", func() bool {
		pause(t, 100*time.Millisecond)
		_, w = look()
		return w.cpu != nil && *w.cpu > 10
	})
	if *w.cpu > 150 {
		t.Errorf("CPU of one loop is %v %%", *w.cpu)
	}

	// It is the rate since the last look, not the average of its life.
	if err := spin.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	poll(t, "the stopped child uses nothing", func() bool {
		pause(t, 20*time.Millisecond)
		_, w = look()
		return w.cpu != nil && *w.cpu == 0
	})

	_ = spin.Process.Kill()
	_ = spin.Wait()
	ended = nil
	if _, w = look(); w.cpu != nil || w.mem != nil {
		t.Errorf("a dead worker has %v, %v", w.cpu, w.mem)
	}
	if len(s.known) != 1 {
		t.Errorf("%d processes kept, want this one alone", len(s.known))
	}
}

// pause lets time pass between two looks: a rate needs some.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// A worker whose row is gone is forgotten, or its number could be another's.
func TestSamplerForgets(t *testing.T) {
	s := newSampler()
	self := os.Getpid()
	s.look(self, map[int]target{1: {pid: os.Getppid()}}, nil, epoch)
	if len(s.known) != 2 {
		t.Fatalf("%d kept", len(s.known))
	}
	s.look(self, nil, nil, epoch)
	if s.known[self] == nil || len(s.known) != 1 {
		t.Errorf("kept: %v", s.known)
	}
}

func TestSampledRates(t *testing.T) {
	w := &worker{id: 7, seen: seen{stats: &workerStats{done: 100}}}
	quiet := &worker{id: 8}
	l := loopAt(epoch)
	l.workers[7], l.workers[8] = w, quiet
	l.observer.looking = true
	l.observer.sampled(samples{at: epoch, workers: map[int]usage{7: {cpu: ptr(12.5), mem: ptr(uint64(9))}}})
	if l.observer.looking || l.observer.tick != 1 || w.seen.figures.reqRate != nil || l.observer.reqRate != nil {
		t.Errorf("a first sample has a rate: %v, %v", w.seen.figures.reqRate, l.observer.reqRate)
	}
	if *w.seen.figures.cpu != 12.5 || *w.seen.figures.mem != 9 || quiet.seen.figures.cpu != nil {
		t.Errorf("CPU %v, memory %v", w.seen.figures.cpu, w.seen.figures.mem)
	}
	w.seen.stats = &workerStats{done: 130}
	l.observer.sampled(samples{at: epoch.Add(2 * time.Second)})
	if w.seen.figures.reqRate == nil || *w.seen.figures.reqRate != 15 || l.observer.reqRate == nil || *l.observer.reqRate != 15 || quiet.seen.figures.reqRate != nil {
		t.Errorf("rates %v and %v", w.seen.figures.reqRate, l.observer.reqRate)
	}
	if w.seen.figures.cpu != nil || w.seen.figures.mem != nil {
		t.Error("figures of a worker that could not be read stay")
	}
	delete(l.workers, 7)
	l.observer.sampled(samples{at: epoch.Add(3 * time.Second)})
	if l.observer.reqRate != nil {
		t.Error("a rate though no worker tells")
	}
}
