package proc

import (
	"maps"
	"slices"
	"sync"
)

// Set is the worker processes that are not reaped. Any goroutine may use it:
// the workers must be killed even if the goroutine that owns them has failed.
// The zero Set is empty.
type Set struct {
	mu      sync.Mutex
	all     map[*Process]bool
	forking map[int]bool  // ids of workers whose process is being started
	handles bool          // a process had a pidfd
	gone    chan struct{} // closed and replaced at every removal
	Changed chan struct{} // sent to, if there is room, when a process came or went; nil = nobody is told. Set it before the first use
}

// Begin says that the process of a worker is about to be started; Add or Failed
// must follow.
func (s *Set) Begin(worker int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forking == nil {
		s.forking = make(map[int]bool)
	}
	s.forking[worker] = true
}

// Failed says that the process of a worker could not be started.
func (s *Set) Failed(worker int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.forking, worker)
}

// Add takes in a process that was started.
func (s *Set) Add(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.gone = make(map[*Process]bool), make(chan struct{})
	}
	s.all[p] = true
	s.handles = s.handles || p.hasPidfd()
	delete(s.forking, p.Worker)
	s.tell()
}

// Remove takes out a process that is reaped.
func (s *Set) Remove(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[p] {
		delete(s.all, p)
		close(s.gone)
		s.gone = make(chan struct{})
		s.tell()
	}
}

func (s *Set) tell() {
	select {
	case s.Changed <- struct{}{}:
	default:
	}
}

// List returns all processes of the set, and a channel that is closed at the
// next removal.
func (s *Set) List() ([]*Process, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.all)), s.gone
}

// Leads returns the workers by their process's number, and the ids of workers
// whose process is not there yet.
func (s *Set) Leads() (byPID map[int]int, forking map[int]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byPID = make(map[int]int, len(s.all))
	for p := range s.all {
		byPID[p.PID] = p.Worker
	}
	return byPID, maps.Clone(s.forking)
}

// Pidfds tells whether os.Process has pidfds here.
func (s *Set) Pidfds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handles
}
