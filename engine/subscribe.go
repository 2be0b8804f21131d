package engine

import "sync"

// subscribers are the channels that are woken when something has changed. The
// loop wakes them, any goroutine subscribes. The zero value is ready.
type subscribers struct {
	mu  sync.Mutex
	all map[chan struct{}]struct{}
}

func (s *subscribers) subscribe() (changed <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[chan struct{}]struct{})
	}
	s.all[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, c)
		select {
		case <-c: // a wake-up that was not received yet
		default:
		}
	}
}

// wake never waits: a subscriber that has not received the last wake-up needs
// no other.
func (s *subscribers) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
