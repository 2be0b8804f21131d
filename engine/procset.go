package engine

import (
	"maps"
	"slices"
	"sync"
)

// procSet is the worker processes that are not reaped. It is apart from the
// loop, because they must be killed even when the loop is what failed.
type procSet struct {
	mu      sync.Mutex
	all     map[*proc]bool
	forking map[int]bool  // ids of workers whose process is being started
	handles bool          // one had a pidfd
	gone    chan struct{} // closed and replaced at every removal
	changed chan struct{} // the keeper's: sent to, if there is room, when one came or went; nil = no keeper
}

// begin says that the process of a worker is about to be started; add or failed
// ends that.
func (s *procSet) begin(worker int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forking == nil {
		s.forking = make(map[int]bool)
	}
	s.forking[worker] = true
}

func (s *procSet) failed(worker int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.forking, worker)
}

func (s *procSet) add(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.gone = make(map[*proc]bool), make(chan struct{})
	}
	s.all[p] = true
	s.handles = s.handles || p.hasPidfd()
	delete(s.forking, p.worker)
	s.tell()
}

func (s *procSet) remove(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[p] {
		delete(s.all, p)
		close(s.gone)
		s.gone = make(chan struct{})
		s.tell()
	}
}

func (s *procSet) tell() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *procSet) list() ([]*proc, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.all)), s.gone
}

// leads are the workers by their process's number, and the ids of those whose
// process is not there yet.
func (s *procSet) leads() (byPID map[int]int, forking map[int]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byPID = make(map[int]int, len(s.all))
	for p := range s.all {
		byPID[p.pid] = p.worker
	}
	return byPID, maps.Clone(s.forking)
}

// pidfds tells whether os.Process has pidfds here.
func (s *procSet) pidfds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handles
}
