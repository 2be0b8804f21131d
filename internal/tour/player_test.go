package tour

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/engine"
	"muster/internal/viewtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// fake is a cluster without processes: a worker listens once it is forked and
// is gone once it is told to leave.
type fake struct {
	*viewtest.Replay // its events

	mu       sync.Mutex
	snap     engine.Snapshot
	settings engine.Settings
	next     int
	did      []string
	deny     map[engine.Op]error
	late     *engine.Snapshot // the picture of before, while the real one is late
}

func newFake(workers int) *fake {
	f := &fake{Replay: viewtest.NewReplay(&engine.Snapshot{}), settings: engine.Settings{Exec: "/self", Args: []string{}}}
	f.snap.Policy = engine.SchedRR
	for range workers {
		f.fork()
	}
	return f
}

func (f *fake) emit(kind engine.Kind, worker int) {
	f.Publish(engine.Event{Kind: kind, Worker: worker})
	f.snap.Seq++
}

func (f *fake) fork() int {
	f.next++
	f.snap.Workers = append(slices.Clone(f.snap.Workers), engine.Row{ID: f.next, State: engine.StateListening, PID: 100 + f.next, Connected: true})
	for _, k := range []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening} {
		f.emit(k, f.next)
	}
	return f.next
}

func (f *fake) Do(_ context.Context, c engine.Command) (engine.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, fmt.Sprintf("%s %d %s", c.Op, c.Worker, f.settings.Exec))
	if err := f.deny[c.Op]; err != nil {
		return engine.Result{}, err
	}
	switch c.Op {
	case engine.OpFork:
		return engine.Result{Worker: f.fork()}, nil
	case engine.OpDisconnect:
		f.snap.Workers = slices.DeleteFunc(slices.Clone(f.snap.Workers), func(w engine.Row) bool { return w.ID == c.Worker })
		f.emit(engine.KindExit, c.Worker)
	case engine.OpRestart:
		f.snap.Workers = slices.DeleteFunc(slices.Clone(f.snap.Workers), func(w engine.Row) bool { return w.ID == c.Worker })
		return engine.Result{Worker: f.fork()}, nil
	case engine.OpPolicy:
		f.snap.Policy = c.Policy
		f.emit(engine.KindPolicy, 0)
	}
	return engine.Result{}, nil
}

func (f *fake) Snapshot() *engine.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.late != nil {
		return f.late
	}
	s := f.snap
	return &s
}

func (f *fake) SetupPrimary(s engine.Settings) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settings.Exec, f.settings.Args = s.Exec, s.Args
	f.did = append(f.did, "setup "+s.Exec)
	f.emit(engine.KindSetup, 0)
	return nil
}

func (f *fake) Settings() engine.Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}

func (f *fake) change(c func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c()
}

func (f *fake) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.did)
}

// played is a player of a script at work.
type played struct {
	*Player
	t     *testing.T
	ended chan error
	stop  func()
}

func play(t *testing.T, f *fake, o Options, script ...Chapter) *played {
	t.Helper()
	p, err := New(f, Options{Auto: o.Auto, Pause: o.Pause, Heard: o.Heard})
	if err != nil {
		t.Fatal(err)
	}
	p.script = script
	ctx, stop := context.WithCancel(context.Background())
	r := &played{p, t, make(chan error, 1), stop}
	go func() { r.ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	return r
}

// see waits until the view is that of a step in a state.
func (p *played) see(chapter, step int, st State) View {
	p.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if v := p.View(); v.Chapter == chapter && v.Step == step && v.State == st {
			return v
		}
	}
	p.t.Fatalf("never saw %d.%d in state %d; it is %+v", chapter, step, st, p.View())
	return View{}
}

// end waits for the end of Run.
func (p *played) end() error {
	p.t.Helper()
	select {
	case err := <-p.ended:
		p.ended <- nil // for the cleanup
		return err
	case <-time.After(patience):
		p.t.Fatal("the player does not end")
		return nil
	}
}

func ready(*scene) bool { return true }

func simple(steps ...string) Chapter {
	c := Chapter{Title: steps[0]}
	for _, name := range steps {
		c.Steps = append(c.Steps, Step{Name: name, Say: name, From: From{Workers: 1}, done: ready})
	}
	return c
}

func TestForwardBackAndReset(t *testing.T) {
	forked := Step{Name: "c", From: From{Workers: 1}, act: func(s *scene) error { return s.fork(1) }, done: func(s *scene) bool { return s.cameUp(1) }}
	second := simple("x", "y")
	second.Steps = append(second.Steps, forked)
	f := newFake(1)
	p := play(t, f, Options{}, simple("a", "b"), second)
	p.see(1, 1, Done)
	p.Back() // there is nothing before
	p.Next()
	p.see(1, 2, Done)
	p.Next()
	p.see(2, 1, Done)
	p.Back()
	p.see(1, 2, Done)
	p.Next()
	p.see(2, 1, Done)
	p.Next()
	p.see(2, 2, Done)
	p.Next()
	v := p.see(2, 3, Done)
	if !v.Last || len(v.Events) != 3 {
		t.Errorf("the last step is %+v", v)
	}
	p.Next() // there is nothing after
	p.Back()
	p.see(2, 2, Done)
	if n := listening(f.Snapshot()); n != 1 {
		t.Errorf("back left %d workers", n)
	}
	p.Next()
	p.see(2, 3, Done)
	p.Reset()
	p.see(2, 1, Done)
	if n := listening(f.Snapshot()); n != 1 {
		t.Errorf("reset left %d workers", n)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
}

// What somebody has forked meanwhile stays until the next chapter.
func TestOnlyAChapterStartsFromExactlyItsWorkers(t *testing.T) {
	f := newFake(1)
	p := play(t, f, Options{}, simple("a", "b"), simple("x"))
	p.see(1, 1, Done)
	f.change(func() { f.fork() })
	p.Next()
	p.see(1, 2, Done)
	if n := listening(f.Snapshot()); n != 2 {
		t.Errorf("%d workers in the midst of a chapter, want 2", n)
	}
	p.Next()
	p.see(2, 1, Done)
	if n := listening(f.Snapshot()); n != 1 {
		t.Errorf("%d workers at the start of a chapter, want 1", n)
	}
}

// A key that comes while a step acts is for when it is done.
func TestNextWaitsForTheStep(t *testing.T) {
	f := newFake(1)
	c := simple("a", "b")
	c.Steps[0].done = func(s *scene) bool { return s.saw(engine.KindMessage, 0) }
	p := play(t, f, Options{}, c)
	p.see(1, 1, Acting)
	p.Next()
	f.change(func() { f.emit(engine.KindMessage, 1) })
	p.see(1, 2, Done)
}

func TestAStepThatDoesNotGetThere(t *testing.T) {
	f := newFake(1)
	f.deny = map[engine.Op]error{engine.OpSend: errors.New("no such luck")}
	c := simple("fine", "never", "denied", "fine again")
	c.Steps[1].done, c.Steps[1].limit = func(*scene) bool { return false }, 30*time.Millisecond
	c.Steps[2].act = func(s *scene) error { _, err := s.do(engine.Command{Op: engine.OpSend}); return err }
	c.Steps = append(c.Steps, Step{Name: "causes nothing", Causes: []engine.Kind{engine.KindFork}, limit: 30 * time.Millisecond})
	p := play(t, f, Options{Auto: true}, c)
	err := p.end()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`1.2 "never": not seen within 30ms`, `1.3 "denied": send: no such luck`, `1.5 "causes nothing": not seen`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "fine") {
		t.Errorf("%q", err)
	}
	if v := p.View(); v.Step != 5 || v.State != Failed {
		t.Errorf("it did not go on: %+v", v)
	}
}

// The end of the cluster, or of the context, is no trouble.
func TestTheEndInTheMidstOfAStep(t *testing.T) {
	never := simple("a")
	never.Steps[0].done = func(*scene) bool { return false }
	f := newFake(1)
	p := play(t, f, Options{}, never)
	p.see(1, 1, Acting)
	f.change(func() { f.snap.Stopping = true })
	if err := p.end(); err != nil {
		t.Errorf("after a stop: %v", err)
	}
	p = play(t, newFake(1), Options{}, never)
	p.see(1, 1, Acting)
	p.stop()
	if err := p.end(); err != nil {
		t.Errorf("after the context's end: %v", err)
	}
}

func TestPrepare(t *testing.T) {
	stopped := engine.Row{ID: 50, State: engine.StateExited, Next: &engine.Next{Stopped: true}}
	for name, c := range map[string]struct {
		before  func(*fake)
		from    From
		exactly bool
		workers int
		did     []string
	}{
		"nothing to do": {from: From{Workers: 1}, exactly: true, workers: 1},
		"fork":          {from: From{Workers: 3}, workers: 3, did: []string{"fork 0 /self", "fork 0 /self"}},
		"too many":      {before: func(f *fake) { f.fork(); f.fork() }, from: From{Workers: 1}, exactly: true, workers: 1, did: []string{"disconnect 3 /self", "disconnect 2 /self"}},
		"may stay":      {before: func(f *fake) { f.fork() }, from: From{Workers: 1}, workers: 2},
		"none":          {from: From{}, exactly: true, did: []string{"disconnect 1 /self"}},
		"policy":        {from: From{Workers: 1, Policy: engine.SchedNone}, workers: 1, did: []string{"policy 0 /self"}},
		"fixed policy":  {before: func(f *fake) { f.snap.PolicyFixed = "no gate" }, from: From{Workers: 1, Policy: engine.SchedNone}, workers: 1},
		"settings":      {from: From{Workers: 1, Exec: "/other"}, workers: 1, did: []string{"setup /other"}},
		// What is forked to get there is well, whatever the step's settings are.
		"settings come last": {from: From{Workers: 2, Exec: "/bad"}, workers: 2, did: []string{"fork 0 /self", "setup /bad"}},
		"set back first":     {before: func(f *fake) { f.settings.Exec = "/bad" }, from: From{Workers: 2}, workers: 2, did: []string{"setup /self", "fork 0 /self"}},
		"a place that gave up": {before: func(f *fake) { f.snap.Workers = append(f.snap.Workers, stopped) },
			from: From{Workers: 1}, exactly: true, workers: 1, did: []string{"restart 50 /self", "disconnect 2 /self"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(1)
			s := &scene{ctx: t.Context(), c: f, traffic: &traffic{}, base: f.settings, show: func() {}, heard: func(engine.Event) {}}
			if c.before != nil {
				c.before(f)
			}
			if err := s.prepare(c.from, c.exactly); err != nil {
				t.Fatal(err)
			}
			if n := listening(f.Snapshot()); n != c.workers {
				t.Errorf("%d workers, want %d", n, c.workers)
			}
			if got := f.told(); !slices.Equal(got, c.did) {
				t.Errorf("it did %q, want %q", got, c.did)
			}
		})
	}
}

// Workers that are too many may stay where they may, also when they are counted.
func TestCountLeavesThoseThatMayStay(t *testing.T) {
	f := newFake(2)
	s := &scene{ctx: t.Context(), c: f, traffic: &traffic{}, show: func() {}, heard: func(engine.Event) {}}
	if err := s.count(1, false); err != nil || len(f.told()) > 0 {
		t.Errorf("%v, it did %q", err, f.told())
	}
}

// heard keeps what a listener is told.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (h *heard) add(format string, a ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, fmt.Sprintf(format, a...))
}
func (h *heard) Begin(v View)         { h.add("begin %d.%d", v.Chapter, v.Step) }
func (h *heard) Event(e engine.Event) { h.add("%s %d", e.Kind, e.Worker) }
func (h *heard) End(v View)           { h.add("end %s", v.Fact) }

// What brings the cluster to where a step starts is not what the step caused,
// and neither is a line a worker wrote.
func TestAListenerHearsWhatEachStepCauses(t *testing.T) {
	f, h := newFake(1), &heard{}
	c := simple("a", "b", "c")
	c.Steps[0].From.Workers, c.Steps[2].From.Workers = 2, 4
	c.Steps[1].act = func(s *scene) error {
		f.change(func() { f.emit(engine.KindOutput, 1) })
		return s.fork(1)
	}
	c.Steps[1].done = func(s *scene) bool { return s.cameUp(1) }
	c.Steps[1].fact = func(s *scene) string { return fmt.Sprint("of ", s.worker) }
	if err := play(t, f, Options{Auto: true, Heard: h}, c).end(); err != nil {
		t.Error(err)
	}
	want := []string{"begin 1.1", "end ", "begin 1.2", "fork 3", "online 3", "listening 3", "end of 3", "begin 1.3", "end "}
	if !slices.Equal(h.all, want) {
		t.Errorf("heard %q, want %q", h.all, want)
	}
}

// The requests of a step run until a step with others, and one that fails is
// trouble unless the step may.
func TestTrafficAndItsFailures(t *testing.T) {
	for _, may := range []bool{false, true} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Muster-Worker", "7 (pid 1)")
			if r.URL.Path == "/bad" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
		addr := netip.MustParseAddrPort(srv.Listener.Addr().String())
		f := newFake(1)
		f.snap.Addresses = []engine.Address{{Network: "tcp", Host: addr.Addr().String(), Port: int(addr.Port())}}
		good, bad := Traffic{Path: "/", Clients: 2, Think: time.Millisecond}, Traffic{Path: "/bad", Clients: 1, Think: time.Millisecond}
		c := simple("good", "still good", "bad", "none")
		for i, tr := range []Traffic{good, good, bad, {}} {
			c.Steps[i].Traffic = tr
		}
		enough := func(s *scene) bool {
			n, by := s.traffic.answers()
			return n >= 5 && by[7] == n && s.calm()
		}
		var runners []any
		c.Steps[0].done = enough
		c.Steps[1].done = func(s *scene) bool { runners = append(runners, s.traffic.runner); return enough(s) }
		c.Steps[1].act = func(s *scene) error {
			if s.answered() >= 5 { // the mark has to begin anew
				t.Error("the answers of the step before count")
			}
			return nil
		}
		c.Steps[2].MayFail = may
		c.Steps[2].done = func(s *scene) bool { return !s.calm() }
		c.Steps[3].done = func(s *scene) bool { return s.traffic.runner == nil }
		err := play(t, f, Options{Auto: true}, c).end()
		srv.Close()
		switch {
		case may && err != nil:
			t.Error(err)
		case !may && (err == nil || !strings.Contains(err.Error(), `1.3 "bad": `) || !strings.Contains(err.Error(), "failed") || strings.Contains(err.Error(), "good")):
			t.Errorf("the failures are not told: %v", err)
		}
	}
}

func TestNewChecksTheChapter(t *testing.T) {
	for chapter, ok := range map[int]bool{-1: false, 0: true, 1: true, 10: true, 11: false} {
		_, err := New(newFake(1), Options{Chapter: chapter})
		if (err == nil) != ok {
			t.Errorf("chapter %d: %v", chapter, err)
		}
	}
	p, err := New(newFake(1), Options{Chapter: 5, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if v := p.View(); v.Chapter != 5 || v.Chapters != 10 || v.Step != 1 || v.State != Preparing || v.Say == "" {
		t.Errorf("the first view is %+v", v)
	}
	for range 100 {
		p.Next() // never waits, whoever plays or not
	}
}

// A picture comes after the events it shows: one that is older says nothing.
func TestAnOldPictureIsNotAsked(t *testing.T) {
	f := newFake(1)
	before := f.Snapshot()
	f.fork()
	f.late = before
	s := &scene{ctx: t.Context(), c: f, traffic: &traffic{}, show: func() {}, heard: func(engine.Event) {}}
	asked := 0
	ok := s.until(50*time.Millisecond, func(s *scene) bool { asked++; return listening(s.snap) == 2 })
	if ok || asked != 1 { // for the last time
		t.Errorf("%t, asked %d times", ok, asked)
	}
	f.late = nil
	if !s.until(patience, func(s *scene) bool { return listening(s.snap) == 2 }) {
		t.Error("the picture is not asked when it has come")
	}
}

// What this cluster cannot do is only told of, with the reason.
func TestABarredStep(t *testing.T) {
	c := simple("a")
	c.Steps[0].bar = func(*engine.Snapshot) string { return "no gate" }
	c.Steps[0].act = func(*scene) error { return errors.New("it acts") }
	c.Steps[0].done = func(*scene) bool { return false }
	p := play(t, newFake(1), Options{}, c)
	if v := p.see(1, 1, Done); v.Fact != "not here: no gate" {
		t.Errorf("the fact is %q", v.Fact)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
}
