package tour

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/load"
)

const (
	lookEvery = 25 * time.Millisecond // how often to look at the cluster while waiting
	doLimit   = 5 * time.Second       // how long the cluster may take to answer a command
	maxEvents = 200                   // kept events of one step
)

// scene is a step under way. Only the player's goroutine uses it.
type scene struct {
	ctx     context.Context
	c       engine.View
	traffic *traffic
	base    engine.Settings // the settings the cluster was made with
	show    func()          // called when something that may be shown has changed
	heard   func(engine.Event)

	snap   *engine.Snapshot
	events []engine.Event // the step has caused, oldest first
	after  uint64         // the newest event that was read
	worker int            // the step is about, 0 = none
	pid    int
	answer string // the last single request's

	measured []measured // by the step, one policy after the other
}

// look takes new events and the snapshot from the cluster.
func (s *scene) look() {
	ev, _ := s.c.Events(s.after)
	s.snap = s.c.Snapshot()
	for _, e := range ev {
		s.after = e.Seq
		if e.Kind == engine.KindOutput {
			continue // a crash writes a page of output; the log has it
		}
		s.events = append(s.events, e)
		s.heard(e)
	}
	if n := len(s.events) - maxEvents; n > 0 {
		s.events = s.events[n:]
	}
}

// catchUp waits for a snapshot that shows all events read so far: it comes up
// to 100 ms after them.
func (s *scene) catchUp() {
	s.until(time.Second, func(*scene) bool { return true })
}

// mark makes the step's events and answers begin here.
func (s *scene) mark() {
	s.catchUp()
	s.events, s.worker, s.pid, s.answer, s.measured = nil, 0, 0, "", nil
	s.traffic.mark()
}

// until looks at the cluster until ok is true, and tells whether that happened
// within d. It ends early if the scene ends. It calls ok only when the snapshot
// is as new as the events, except the last time.
func (s *scene) until(d time.Duration, ok func(*scene) bool) bool {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for deadline := time.Now().Add(d); ; {
		s.look()
		if s.snap.Seq >= s.after && ok(s) {
			return true
		}
		s.show()
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return false
		}
		if time.Now().After(deadline) {
			return ok(s)
		}
	}
}

// about makes the step be about a worker.
func (s *scene) about(id int) {
	s.worker, s.pid = id, 0
	if w := s.snap.ByID(id); w != nil {
		s.pid = w.PID
	}
}

// do makes the cluster carry out a command.
func (s *scene) do(c engine.Command) (engine.Result, error) {
	ctx, cancel := context.WithTimeout(s.ctx, doLimit)
	defer cancel()
	r, err := s.c.Do(ctx, c)
	if err != nil {
		return r, fmt.Errorf("%s: %w", c.Op, err)
	}
	return r, nil
}

// fork forks n workers and makes the step be about the last one.
func (s *scene) fork(n int) error {
	for range n {
		r, err := s.do(engine.Command{Op: engine.OpFork})
		if err != nil {
			return err
		}
		s.look()
		s.about(r.Worker)
	}
	return nil
}

// get sends one request and keeps its answer.
func (s *scene) get(path string) error {
	addr, err := target(s.snap)
	if err != nil {
		return err
	}
	res, err := load.Run(s.ctx, load.Options{Addr: addr, Anywhere: true, Path: path, Requests: 1, Timeout: requestLimit,
		OnPanic: s.traffic.onPanic, OnAnswer: func(a *load.Answer, err error) {
			if err == nil {
				s.answer = strings.TrimSpace(string(a.Body))
			}
		}})
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	if res.OK != 1 {
		return fmt.Errorf("GET %s: %w: %s", path, errNoAnswer, strings.Join(res.Errors, "; "))
	}
	return nil
}

// errNoAnswer: a single request was not answered.
var errNoAnswer = errors.New("no answer")

// saw tells whether the step has caused an event of this kind, of any worker
// or of one.
func (s *scene) saw(kind engine.Kind, worker int) bool { return s.find(kind, worker) != nil }

// find is the newest event of a kind the step has caused, of worker if that is
// not 0; nil = none yet.
func (s *scene) find(kind engine.Kind, worker int) *engine.Event {
	for i := len(s.events) - 1; i >= 0; i-- {
		if e := &s.events[i]; e.Kind == kind && (worker == 0 || e.Worker == worker) {
			return e
		}
	}
	return nil
}

// exited is how the worker the step is about ended; nil = it has not.
func (s *scene) exited() *engine.ExitDetail {
	if e := s.find(engine.KindExit, s.worker); e != nil {
		if d, ok := e.Detail.(engine.ExitDetail); ok {
			return &d
		}
	}
	return nil
}

// replaced tells whether the worker the step is about has a successor that
// listens.
func (s *scene) replaced() bool {
	for i := range s.events {
		d, ok := s.events[i].Detail.(engine.ForkDetail)
		if ok && d.Replaces == s.worker && s.saw(engine.KindListening, s.events[i].Worker) {
			return true
		}
	}
	return false
}

// answered is how many right answers came since the step began.
func (s *scene) answered() uint64 {
	n, _ := s.traffic.answers()
	return n
}

// calm tells that no request of the running traffic has failed.
func (s *scene) calm() bool { return s.traffic.failures() == 0 }

// row is the worker the step is about, nil if it has no row.
func (s *scene) row() *engine.Row { return s.snap.ByID(s.worker) }

// Workers in a snapshot.

func listening(snap *engine.Snapshot) int { return snap.Count().Listening }

func firstListening(snap *engine.Snapshot) int {
	for i := range snap.Workers {
		if w := &snap.Workers[i]; w.State == engine.StateListening {
			return w.ID
		}
	}
	return 0
}

func newestListening(snap *engine.Snapshot) int {
	id := 0
	for i := range snap.Workers {
		if w := &snap.Workers[i]; w.State == engine.StateListening {
			id = max(id, w.ID)
		}
	}
	return id
}

// living is how many workers have not ended.
func living(snap *engine.Snapshot) int {
	n := 0
	for i := range snap.Workers {
		if snap.Workers[i].State != engine.StateExited {
			n++
		}
	}
	return n
}

// givenUp is the last worker of a slot that has given up or waits for its next
// try; 0 = there is none.
func givenUp(snap *engine.Snapshot) int {
	for i := range snap.Workers {
		if w := &snap.Workers[i]; w.State == engine.StateExited && w.Next != nil {
			return w.ID
		}
	}
	return 0
}
