package tour

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/engine"
)

// Options is how a tour is played. The zero value waits for Next after each
// step, from the first chapter on.
type Options struct {
	Workers int           // the cluster grows to this many; at least LeastWorkers
	Chapter int           // the first one played, from 1; 0 = 1
	Auto    bool          // goes on by itself, and Run returns after the last step
	Pause   time.Duration // with Auto: how long a finished step is shown

	// Heard is told what the tour does, on the goroutine of Run, which waits
	// for each call. nil = nobody is told.
	Heard Listener
	// OnPanic is called before a panic of the requests ends the process, to
	// restore a terminal. nil = no call.
	OnPanic func(v any)
}

// Listener hears of a tour's steps.
type Listener interface {
	Begin(View)         // a step begins to act
	Event(engine.Event) // the step caused an event
	End(View)           // the step is done, or has failed
}

// Player plays the tour on a cluster. Run is called once; all other methods
// may be called from any goroutine.
type Player struct {
	c       engine.View
	o       Options
	script  []Chapter
	moves   chan move
	changed chan struct{}

	traffic traffic // used by the goroutine of Run only
	owner   place   // the step whose traffic runs

	mu       sync.Mutex
	view     View
	troubles []string
}

// place is a step with its position.
type place struct {
	Position
	chapter *Chapter
	step    *Step
}

// String is `3.2 "shared, live"`.
func (p place) String() string {
	return fmt.Sprintf("%d.%d %q", p.Chapter+1, p.Step+1, p.step.Name)
}

// New is a player of the tour on c. The cluster must run, or start soon, with
// at least one worker.
func New(c engine.View, o Options) (*Player, error) {
	script := Script(o.Workers)
	if o.Chapter == 0 {
		o.Chapter = 1
	}
	if o.Chapter < 1 || o.Chapter > len(script) {
		return nil, fmt.Errorf("chapter %d: the tour has 1 to %d", o.Chapter, len(script))
	}
	p := &Player{
		c: c, o: o, script: script,
		moves: make(chan move, 8), changed: make(chan struct{}, 1),
	}
	p.traffic.onPanic = o.OnPanic
	p.traffic.mark()
	p.view = p.blank(p.at(Position{Chapter: o.Chapter - 1}))
	return p, nil
}

// Next goes on to the next step as soon as this one is done.
func (p *Player) Next() { p.ask(moveNext) }

// Back goes one step back and does it again.
func (p *Player) Back() { p.ask(moveBack) }

// Reset goes back to the start of the chapter.
func (p *Player) Reset() { p.ask(moveReset) }

// ask never waits: if a key is held, surplus moves are dropped.
func (p *Player) ask(m move) {
	select {
	case p.moves <- m:
	default:
	}
}

// Changed is sent to (capacity 1) when View has changed.
func (p *Player) Changed() <-chan struct{} { return p.changed }

// View is the tour as it stands.
func (p *Player) View() View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

// Err tells which steps did not go as the script says, nil if all did so far.
func (p *Player) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.troubles) == 0 {
		return nil
	}
	return errors.New(strings.Join(p.troubles, "; "))
}

// Run plays until ctx ends, the cluster is told to stop or, with Auto, the last
// step is done, and returns Err. If the tour has ended its requests have ended
// too; if it was stopped before, no more are sent.
func (p *Player) Run(ctx context.Context) error {
	defer p.traffic.abandon()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &scene{ctx: ctx, c: p.c, traffic: &p.traffic, heard: func(engine.Event) {}, show: func() {}}
	// The settings the cluster was made with are complete only after its first
	// fork.
	if !s.until(prepareLimit, func(s *scene) bool { return listening(s.snap) > 0 }) {
		if ctx.Err() == nil {
			p.trouble("no worker listens")
		}
		return p.Err()
	}
	s.base = p.c.Settings()

	for at, m := (Position{Chapter: p.o.Chapter - 1}), moveReset; ; {
		m = p.play(s, p.at(at), at.exactly(m))
		if ctx.Err() != nil || s.snap.Stopping {
			return p.Err()
		}
		to, moved := at.after(m, p.script)
		if !moved && m == moveNext {
			p.settle(Traffic{})
			return p.Err()
		}
		at = to
	}
}

// at is the place of a position.
func (p *Player) at(pos Position) place {
	c := &p.script[pos.Chapter]
	return place{pos, c, &c.Steps[pos.Step]}
}

// play plays one step, until a move or the end of the pause. It returns where
// to go.
func (p *Player) play(s *scene, at place, exactly bool) move {
	pl := &playing{p: p, s: s, at: at, v: p.blank(at)}
	p.set(pl.v)
	p.settle(at.step.Traffic)
	err := pl.prepare(exactly)
	p.owner = at
	pl.begin()
	pl.act(err)
	return pl.await()
}

// settle ends the running traffic, unless the next step has the same, and says
// what has failed in it.
func (p *Player) settle(next Traffic) {
	failed := p.traffic.newlyFailed()
	var texts []string
	if p.traffic.now != next {
		rest, all, err := p.traffic.stop()
		failed, texts = failed+rest, all
		if err != nil {
			p.trouble(fmt.Sprintf("%v: %v", p.owner, err))
		}
	}
	if failed > 0 && !p.owner.step.MayFail {
		p.trouble(fmt.Sprintf("%v: %d requests failed %s", p.owner, failed, strings.Join(texts, ", ")))
	}
}

func (p *Player) trouble(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubles = append(p.troubles, text)
}

// set makes v the view, if it differs.
func (p *Player) set(v View) {
	p.mu.Lock()
	same := p.view.same(v)
	if !same {
		v.Events = append([]engine.Event(nil), v.Events...) // the view is immutable, the scene's slice is not
		p.view = v
	}
	p.mu.Unlock()
	if same {
		return
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// happened tells whether all that the step is about was seen.
func (st *Step) happened(s *scene) bool {
	for _, kind := range st.Causes {
		if !s.saw(kind, 0) {
			return false
		}
	}
	return st.done == nil || st.done(s)
}

// Shown is the call with its worker put in; 0 = the worker is not known.
func (st *Step) Shown(worker, pid int) string {
	number := func(n int) string {
		if n == 0 {
			return "?"
		}
		return strconv.Itoa(n)
	}
	return strings.NewReplacer("{worker}", number(worker), "{pid}", number(pid)).Replace(st.Call)
}
