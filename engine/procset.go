package engine

import (
	"sync"
	"time"
)

// procSet is the worker processes that are not reaped. It is apart from the
// loop, because they must be killed even when the loop is what failed.
type procSet struct {
	mu   sync.Mutex
	all  map[*proc]bool
	gone chan struct{} // closed and replaced at every removal
}

func (s *procSet) add(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.gone = make(map[*proc]bool), make(chan struct{})
	}
	s.all[p] = true
}

func (s *procSet) remove(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[p] {
		delete(s.all, p)
		close(s.gone)
		s.gone = make(chan struct{})
	}
}

func (s *procSet) list() ([]*proc, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ps := make([]*proc, 0, len(s.all))
	for p := range s.all {
		ps = append(ps, p)
	}
	return ps, s.gone
}

// killAll kills every process group and waits until all are reaped, one second
// at most.
func (s *procSet) killAll() {
	over := time.After(time.Second)
	for {
		ps, gone := s.list()
		if len(ps) == 0 {
			return
		}
		for _, p := range ps {
			p.killGroup()
		}
		select {
		case <-gone:
		case <-over:
			return
		}
	}
}
