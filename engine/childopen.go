package engine

import (
	"io"
	"maps"
	"slices"
	"sync"
)

// openSet is what a worker has open and a disconnect closes.
type openSet struct {
	mu        sync.Mutex
	all       map[io.Closer]struct{}
	listeners map[string]*listener // by key: listeners that take hand-offs
	ended     bool                 // the worker has left, nothing is added any more
}

func newOpenSet() *openSet {
	return &openSet{all: make(map[io.Closer]struct{}), listeners: make(map[string]*listener)}
}

// adopt adds o, which a disconnect closes, and l, if it is not nil, which takes
// the hand-offs of that key. It returns false if the worker has left already.
func (s *openSet) adopt(o io.Closer, key string, l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.all[o] = struct{}{}
	if l != nil {
		s.listeners[key] = l
	}
	return true
}

// forget undoes adopt.
func (s *openSet) forget(o io.Closer, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, o)
	if l := s.listeners[key]; l != nil && io.Closer(l) == o {
		delete(s.listeners, key)
	}
}

// listener is the listener that takes the hand-offs of a key, nil if there is
// none.
func (s *openSet) listener(key string) *listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listeners[key]
}

// end returns everything that must be closed now; afterwards nothing can be
// added.
func (s *openSet) end() []io.Closer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return slices.Collect(maps.Keys(s.all))
}
