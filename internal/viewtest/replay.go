package viewtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"muster/engine"
)

// replayKept is how many events a Replay keeps, as the engine does.
const replayKept = 2048

// Replay is a View without a cluster: a test says what happens. Its methods may
// be called from any goroutine.
type Replay struct {
	mu       sync.Mutex
	snap     *engine.Snapshot
	events   []engine.Event
	next     uint64 // Seq of the next event
	settings engine.Settings
	readers  map[chan struct{}]bool
	watchers map[string]*time.Timer
	done     chan struct{}
	ended    bool
	err      error
}

// NewReplay is a View that shows snap.
func NewReplay(snap *engine.Snapshot) *Replay {
	return &Replay{snap: snap, next: 1, readers: map[chan struct{}]bool{}, watchers: map[string]*time.Timer{}, done: make(chan struct{})}
}

// Publish makes an event happen, with the next number, and wakes the
// subscribers.
func (r *Replay) Publish(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Seq = r.next
	r.next++
	if len(r.events) == replayKept {
		r.events = r.events[1:]
	}
	r.events = append(r.events, e)
	r.change(func(s *engine.Snapshot) { s.Seq = e.Seq })
}

// Lose makes n events happen and disappear before anybody could read them.
func (r *Replay) Lose(n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events, r.next = nil, r.next+n
}

// Show makes the cluster look like snap.
func (r *Replay) Show(snap *engine.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snap = snap
	r.wake()
}

// End closes Done; err is why.
func (r *Replay) End(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended, r.err = true, err
	for _, t := range r.watchers {
		t.Stop()
	}
	close(r.done)
	r.wake()
}

// change makes a new snapshot; older ones do not change. The lock is held.
func (r *Replay) change(how func(*engine.Snapshot)) {
	snap := *r.snap
	how(&snap)
	r.snap = &snap
	r.wake()
}

func (r *Replay) wake() {
	for c := range r.readers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Snapshot is the newest picture.
func (r *Replay) Snapshot() *engine.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap
}

// Events are those after a number, and how many are gone.
func (r *Replay) Events(after uint64) (ev []engine.Event, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if after >= r.next-1 {
		return nil, 0
	}
	first := r.next - uint64(len(r.events))
	if after+1 < first {
		lost, after = first-after-1, first-1
	}
	return append(ev, r.events[after+1-first:]...), lost
}

// Subscribe is that of a View.
func (r *Replay) Subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readers[c] = true
	return c, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.readers, c)
		select {
		case <-c:
		default:
		}
	}
}

// Do succeeds in whatever a cluster would understand.
func (r *Replay) Do(ctx context.Context, cmd engine.Command) (engine.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch err := ctx.Err(); {
	case err != nil:
		return engine.Result{}, err
	case r.ended:
		return engine.Result{}, engine.ErrStopped
	}
	switch cmd.Op {
	case engine.OpWatch:
		return engine.Result{}, r.watch(cmd.Viewer, cmd.For)
	case engine.OpFork:
		for _, kv := range cmd.Env {
			if !isVariable(kv) {
				return engine.Result{}, fmt.Errorf("variable %q: %w", kv, engine.ErrBadRequest)
			}
		}
		return engine.Result{}, nil
	case engine.OpPolicy:
		r.change(func(s *engine.Snapshot) { s.Policy = cmd.Policy })
		return engine.Result{Policy: cmd.Policy}, nil
	case engine.OpStop, engine.OpDisconnectAll:
		return engine.Result{}, nil
	case engine.OpKill, engine.OpCrash, engine.OpDisconnect, engine.OpRestart, engine.OpSend, engine.OpInspect:
	default:
		return engine.Result{}, fmt.Errorf("command %q: %w", cmd.Op, engine.ErrBadRequest)
	}
	if r.snap.ByID(cmd.Worker) == nil {
		return engine.Result{}, fmt.Errorf("worker %d: %w", cmd.Worker, engine.ErrNoWorker)
	}
	return engine.Result{}, nil
}

// watch is OpWatch. The lock is held.
func (r *Replay) watch(viewer string, d time.Duration) error {
	if viewer == "" {
		return fmt.Errorf("watching for nobody: %w", engine.ErrBadRequest)
	}
	if t := r.watchers[viewer]; t != nil {
		t.Stop()
		delete(r.watchers, viewer)
	}
	if d > 0 {
		var own *time.Timer
		own = time.AfterFunc(d, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.watchers[viewer] == own { // not asked again meanwhile
				delete(r.watchers, viewer)
				r.showWatched()
			}
		})
		r.watchers[viewer] = own
	}
	r.showWatched()
	return nil
}

func (r *Replay) showWatched() {
	switch want := len(r.watchers) > 0; {
	case want && r.snap.Traffic == nil:
		r.change(func(s *engine.Snapshot) { s.Traffic = &engine.Traffic{OneIn: 1} })
	case !want && r.snap.Traffic != nil:
		r.change(func(s *engine.Snapshot) { s.Traffic = nil })
	}
}

func isVariable(kv string) bool {
	for i := range kv {
		if kv[i] == '=' {
			return i > 0
		}
	}
	return false
}

// Settings is what SetupPrimary was given.
func (r *Replay) Settings() engine.Settings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.settings
}

// SetupPrimary replaces the settings.
func (r *Replay) SetupPrimary(s engine.Settings) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return engine.ErrStopped
	}
	for _, kv := range s.Env {
		if !isVariable(kv) {
			return fmt.Errorf("variable %q: %w", kv, engine.ErrBadRequest)
		}
	}
	r.settings = s
	r.change(func(snap *engine.Snapshot) { snap.Settings = s })
	return nil
}

// Done is closed by End.
func (r *Replay) Done() <-chan struct{} { return r.done }

// Err is what End was given.
func (r *Replay) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

var _ engine.View = (*Replay)(nil)
