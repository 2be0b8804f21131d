package hist

import "muster/engine"

// teller finds out whether the workers tell what they answer. All run the same
// program, so one worker shows it for all. A Go worker tells a quarter of a
// second after its first connection: a worker that has told nothing two ticks
// after that does not tell.
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

// Silent is true if the workers do not tell what they answer.
func (h *History) Silent() bool { return h != nil && !h.told.tells && h.told.mute > 1 }
