package engine

// start starts a process on the spawner's thread and waits for it to be there.
func (s *spawner) start(spec spawnSpec) (p *proc, err error) {
	done := make(chan struct{})
	s.do(func() {
		defer close(done)
		p, err = startProc(spec)
	})
	<-done
	return p, err
}
