package tour

import (
	"errors"
	"time"

	"muster/engine"
)

// playing is one step under way.
type playing struct {
	p      *Player
	s      *scene
	at     place
	v      View
	barred string // why the step is only described, not done
}

// prepare brings the cluster and the requests to where the step starts. Events
// of that time do not count for the step.
func (pl *playing) prepare(exactly bool) error {
	s, step := pl.s, pl.at.step
	s.heard, s.show = func(engine.Event) {}, func() {}
	if err := s.prepare(step.From, exactly); err != nil {
		return err
	}
	if pl.p.traffic.now == step.Traffic {
		return nil
	}
	addr, err := target(s.snap)
	if err != nil {
		return err
	}
	return pl.p.traffic.start(addr, step.Traffic)
}

// begin makes events and answers count for the step from here on.
func (pl *playing) begin() {
	s, step := pl.s, pl.at.step
	s.mark()
	pick := step.pick
	if pick == nil {
		pick = firstListening
	}
	s.about(pick(s.snap))
	if step.bar != nil {
		pl.barred = step.bar(s.snap)
	}
	pl.v.State, pl.v.Call = Acting, step.Shown(s.worker, s.pid)
	pl.show()
	if h := pl.p.o.Heard; h != nil {
		h.Begin(pl.v)
		s.heard = h.Event
	}
	s.show = pl.show
}

// act does what the step is about and waits until it has happened, unless the
// step failed already.
func (pl *playing) act(err error) {
	s, step, v := pl.s, pl.at.step, &pl.v
	if err == nil && step.act != nil && pl.barred == "" {
		err = step.act(s)
	}
	limit := step.limit
	if limit == 0 {
		limit = stepLimit
	}
	done := err == nil && s.until(limit, func(s *scene) bool {
		return pl.barred != "" || step.happened(s) || s.snap.Stopping
	})
	v.State = Done
	if !done && s.ctx.Err() == nil && !errors.Is(err, engine.ErrStopped) {
		v.State, v.Trouble = Failed, "not seen within "+limit.String()
		if err != nil {
			v.Trouble = err.Error()
		}
		pl.p.trouble(pl.at.String() + ": " + v.Trouble)
	}
	_, more := pl.at.after(moveNext, pl.p.script)
	v.Last = !more
	pl.show()
	if h := pl.p.o.Heard; h != nil {
		h.End(*v)
	}
}

// show makes the present state of the step the player's view.
func (pl *playing) show() {
	s, v := pl.s, &pl.v
	v.Events, v.Fact, v.Load = s.events, "", s.traffic.words()
	switch {
	case pl.barred != "":
		v.Fact = "not here: " + pl.barred
	case pl.at.step.fact != nil:
		v.Fact = pl.at.step.fact(s)
	}
	pl.p.set(*v)
}

// await waits for a move, or for the pause of a tour that plays itself.
func (pl *playing) await() move {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var pause <-chan time.Time
	if pl.p.o.Auto {
		t := time.NewTimer(pl.p.o.Pause)
		defer t.Stop()
		pause = t.C
	}
	for {
		select {
		case m := <-pl.p.moves:
			if _, moved := pl.at.after(m, pl.p.script); moved || pl.p.o.Auto && m == moveNext {
				return m
			}
		case <-pause:
			return moveNext
		case <-tick.C:
			pl.s.look()
			if pl.s.snap.Stopping {
				return moveNext
			}
			pl.show()
		case <-pl.s.ctx.Done():
			return moveNext
		}
	}
}
