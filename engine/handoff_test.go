package engine

import (
	"testing"
	"time"
)

// Two workers refuse, one of them for the fifth time: the other one's wait is
// not as long as the first one's.
func TestRefusalsWaitEachForItself(t *testing.T) {
	l := &loop{now: func() time.Time { return epoch }, conns: []held{{}}}
	s := &server{dealer: newDealer()}
	l.refused(&worker{}, s, 0, epoch.Add(time.Second))
	l.refused(&worker{}, s, 0, epoch.Add(50*time.Millisecond))
	if at, ok := l.timers.next(); !ok || at.After(epoch.Add(50*time.Millisecond)) {
		t.Errorf("asked again after %v, want 50ms", at.Sub(epoch))
	}
}
