package engine

import "muster/engine/internal/proc"

// startOn starts a process on the spawner's thread and waits for it to be there.
func startOn(s *proc.Spawner, spec proc.Spec) (p *proc.Process, err error) {
	done := make(chan struct{})
	s.Do(func() {
		defer close(done)
		p, err = proc.Start(spec)
	})
	<-done
	return p, err
}
