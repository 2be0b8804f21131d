package tour

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/engine"
)

// prepareLimit bounds how long the cluster may take to get to where a step
// starts.
const prepareLimit = 15 * time.Second

// prepare brings the cluster to where a step starts. exactly also takes away
// surplus workers; without it they stay, and so does a slot that waits.
func (s *scene) prepare(from From, exactly bool) error {
	policy := from.Policy
	if policy == 0 {
		policy = engine.SchedRR
	}
	s.catchUp()
	if s.snap.Policy != policy && s.snap.PolicyFixed == "" {
		if _, err := s.do(engine.Command{Op: engine.OpPolicy, Policy: policy}); err != nil {
			return err
		}
	}
	if living(s.snap) < from.Workers || exactly {
		// Workers forked or tried again here must come up, whatever the step
		// sets later.
		if err := s.setup(From{}); err != nil {
			return err
		}
		if err := s.count(from.Workers, exactly); err != nil {
			return err
		}
	}
	return s.setup(from)
}

// setup gives later forks the settings a step starts from. Settings that are
// right already are left alone: each change causes a 'setup' event.
func (s *scene) setup(from From) error {
	want := s.base
	if from.Exec != "" {
		want.Exec = from.Exec
	}
	if from.Args != nil {
		want.Args = from.Args
	}
	if want.Args == nil {
		want.Args = []string{} // nil would keep the earlier arguments
	}
	now := s.c.Settings()
	if now.Exec == want.Exec && slices.Equal(now.Args, want.Args) {
		return nil
	}
	if err := s.c.SetupPrimary(engine.Settings{Exec: want.Exec, Args: want.Args}); err != nil {
		return fmt.Errorf("setting the program of the workers: %w", err)
	}
	return nil
}

// count brings the number of listening workers to n.
func (s *scene) count(n int, exactly bool) error {
	told := map[int]bool{} // told to leave, or forked in the place of one that gave up
	var failed error
	ok := s.until(prepareLimit, func(s *scene) bool {
		var here []int // live workers that stay
		coming, leaving := 0, 0
		for i := range s.snap.Workers {
			w := &s.snap.Workers[i]
			switch {
			case w.State == engine.StateExited && w.Next == nil:
			case w.State == engine.StateExited && !w.Next.Stopped:
				coming++ // the supervisor forks this one
			case w.State == engine.StateExited:
				coming++
				if !told[w.ID] {
					told[w.ID] = true
					_, failed = s.do(engine.Command{Op: engine.OpRestart, Worker: w.ID})
				}
			case told[w.ID] || w.State == engine.StateDisconnecting || w.State == engine.StateDisconnected:
				leaving++
			default:
				here = append(here, w.ID)
			}
		}
		switch {
		case failed != nil:
			return true
		case len(here)+coming < n:
			// One at a time: the next snapshot has the new worker.
			var r engine.Result
			if r, failed = s.do(engine.Command{Op: engine.OpFork}); failed == nil {
				s.awaitRow(r.Worker)
			}
			return failed != nil
		case exactly && coming == 0 && len(here) > n:
			last := slices.Max(here)
			told[last] = true
			if _, err := s.do(engine.Command{Op: engine.OpDisconnect, Worker: last}); err != nil && !errors.Is(err, engine.ErrBusy) && !errors.Is(err, engine.ErrNoWorker) {
				failed = err
			}
			return failed != nil
		}
		return listening(s.snap) >= n && (!exactly || listening(s.snap) == n && coming+leaving == 0)
	})
	switch {
	case failed != nil:
		return failed
	case !ok && s.ctx.Err() == nil:
		return fmt.Errorf("there are %d workers that listen and not %d", listening(s.snap), n)
	}
	return nil
}

// awaitRow waits until the snapshot has a worker: snapshots come a little after
// what they show.
func (s *scene) awaitRow(id int) {
	s.until(time.Second, func(s *scene) bool { return s.snap.ByID(id) != nil })
}
