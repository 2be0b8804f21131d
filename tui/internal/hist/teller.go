package hist

import "muster/engine"

// teller finds out whether the workers tell what they answer. All run the same
// program, so what one does goes for all. One of Go tells a quarter of a second
// after its first connection: two ticks after it, who has not does not.
type teller struct {
	tells bool
	mute  int // ticks in which a worker that told nothing was seen to have had connections
}

func (t *teller) see(s *engine.Snapshot) {
	had := false
	for i := range s.Workers {
		w := &s.Workers[i]
		t.tells = t.tells || w.Done != nil
		had = had || w.State != engine.StateExited && w.Done == nil && (w.HandOff != nil || w.Open != nil && *w.Open > 0)
	}
	if had {
		t.mute = min(t.mute+1, 2)
	}
}

// Silent tells that the workers do not tell what they answer.
func (h *History) Silent() bool { return h != nil && !h.told.tells && h.told.mute > 1 }
