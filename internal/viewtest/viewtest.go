// Package viewtest says what an engine.View does, as tests that every View must
// pass, and has a View for tests that need no workers.
package viewtest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"muster/engine"
)

// patience is how long a test waits for what must happen.
const patience = 15 * time.Second

// Subject is a View to be tested. Its cluster has one worker that lives, and ends
// with the test.
type Subject struct {
	View engine.View
	// Happen makes one event happen, or more.
	Happen func()
	// End ends the cluster in good order. It may return before Done is closed.
	End func()
}

// Run tests the Views that start makes, a new one for each part.
func Run(t *testing.T, start func(*testing.T) Subject) {
	for _, part := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"picture", picture},
		{"events", events},
		{"lost events", lostEvents},
		{"two subscribers", twoSubscribers},
		{"a canceled subscription", canceled},
		{"a slow subscriber", slowSubscriber},
		{"errors", codes},
		{"settings", settings},
		{"leases", leases},
		{"a dead viewer", deadViewer},
		{"values survive the wire", wire},
		{"the end", theEnd},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, start(t)) })
	}
}

// until waits for ok, looking again whenever v has changed.
func until(t *testing.T, v engine.View, what string, ok func() bool) {
	t.Helper()
	changed, cancel := v.Subscribe()
	defer cancel()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !ok() {
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// receive waits for one wake-up.
func receive(t *testing.T, changed <-chan struct{}, who string) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(patience):
		t.Fatalf("%s was not woken", who)
	}
}

// newest is the number of the newest event.
func newest(v engine.View) uint64 {
	ev, _ := v.Events(0)
	if len(ev) == 0 {
		return 0
	}
	return ev[len(ev)-1].Seq
}

func picture(t *testing.T, s Subject) {
	snap := s.View.Snapshot()
	if snap == nil {
		t.Fatal("there is no picture")
	}
	before := snap.Seq
	s.Happen()
	want := newest(s.View)
	until(t, s.View, "a picture with the new event", func() bool { return s.View.Snapshot().Seq >= want })
	if snap.Seq != before {
		t.Error("an old picture has changed")
	}
}

func events(t *testing.T, s Subject) {
	s.Happen()
	s.Happen()
	all, lost := s.View.Events(0)
	if len(all) < 2 || lost != 0 {
		t.Fatalf("%d events, %d lost", len(all), lost)
	}
	for i, e := range all {
		if e.Seq != uint64(i+1) {
			t.Fatalf("event %d is number %d", i+1, e.Seq)
		}
	}
	last := all[len(all)-1].Seq
	if rest, lost := s.View.Events(last - 1); len(rest) == 0 || rest[0].Seq != last || lost != 0 {
		t.Errorf("after the last but one: %+v, %d lost", rest, lost)
	}
	if none, lost := s.View.Events(1<<64 - 1); len(none) != 0 || lost != 0 {
		t.Errorf("after all that will ever be: %d events, %d lost", len(none), lost)
	}
}

// lostEvents: events the ring has no more room for are counted.
func lostEvents(t *testing.T, s Subject) {
	for range 10_000 {
		s.Happen()
		if _, lost := s.View.Events(0); lost > 0 {
			break
		}
	}
	ev, lost := s.View.Events(0)
	if lost == 0 || len(ev) == 0 || ev[0].Seq != lost+1 {
		t.Fatalf("%d events, %d lost", len(ev), lost)
	}
	if _, again := s.View.Events(lost); again > lost {
		t.Errorf("%d are lost of which %d were read", again, lost)
	}
	for i := range ev[1:] {
		if ev[i+1].Seq != ev[i].Seq+1 {
			t.Fatalf("event %d comes after %d", ev[i+1].Seq, ev[i].Seq)
		}
	}
}

func twoSubscribers(t *testing.T, s Subject) {
	a, cancelA := s.View.Subscribe()
	defer cancelA()
	b, cancelB := s.View.Subscribe()
	defer cancelB()
	for range 3 {
		before := newest(s.View)
		s.Happen()
		receive(t, a, "the first subscriber")
		receive(t, b, "the second subscriber")
		until(t, s.View, "the event", func() bool { return newest(s.View) > before })
	}
}

// canceled: a canceled subscription is silent, others are not, and nothing is
// left of it.
func canceled(t *testing.T, s Subject) {
	gone, cancel := s.View.Subscribe()
	stays, cancelStays := s.View.Subscribe()
	defer cancelStays()
	s.Happen() // not received by gone
	receive(t, stays, "a subscriber")
	cancel()
	cancel()
	s.Happen()
	receive(t, stays, "one that stays")
	select {
	case _, open := <-gone:
		t.Errorf("a canceled subscription is woken (not closed: %t)", open)
	default:
	}

	before := runtime.NumGoroutine()
	for range 1000 {
		_, cancel := s.View.Subscribe()
		cancel()
	}
	until(t, s.View, "the goroutines of canceled subscriptions to end", func() bool {
		s.Happen()
		return runtime.NumGoroutine() < before+100
	})
}

// slowSubscriber: one that never receives holds nobody up, and has missed only
// wake-ups.
func slowSubscriber(t *testing.T, s Subject) {
	changed, cancel := s.View.Subscribe()
	defer cancel()
	before := newest(s.View)
	for range 50 {
		s.Happen()
	}
	until(t, s.View, "all of them", func() bool { return newest(s.View) >= before+50 })
	receive(t, changed, "the slow one")
}

// code is what err has in docs/wire.md.
func code(err error) string {
	if err == nil {
		return ""
	}
	return engine.NewWireError(err).Code
}

func codes(t *testing.T, s Subject) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		cmd  engine.Command
		code string
		is   error
	}{
		{"no such worker", t.Context(), engine.Command{Op: engine.OpKill, Worker: 9999}, "no_worker", engine.ErrNoWorker},
		{"no such operation", t.Context(), engine.Command{Op: "eat", Worker: 1}, "bad_request", engine.ErrBadRequest},
		{"nobody watches", t.Context(), engine.Command{Op: engine.OpWatch, For: time.Second}, "bad_request", engine.ErrBadRequest},
		{"no variable", t.Context(), engine.Command{Op: engine.OpFork, Env: []string{"no variable"}}, "bad_request", engine.ErrBadRequest},
		{"given up before", ended, engine.Command{Op: engine.OpDisconnectAll}, "canceled", context.Canceled},
	} {
		_, err := s.View.Do(c.ctx, c.cmd)
		if got := code(err); got != c.code || !errors.Is(err, c.is) {
			t.Errorf("%s: %v (%s), want %s", c.name, err, got, c.code)
		}
	}
}

func settings(t *testing.T, s Subject) {
	v, dir := s.View, os.TempDir()
	if err := v.SetupPrimary(engine.Settings{Cwd: dir, Args: []string{}}); err != nil {
		t.Fatal(err)
	}
	got := v.Settings()
	if got.Cwd != dir || got.Args == nil || len(got.Args) != 0 {
		t.Errorf("%+v", got)
	}
	got.Cwd = "/elsewhere"
	if now := v.Settings().Cwd; now != dir {
		t.Errorf("what was returned is the cluster's own: %q", now)
	}
	if err := v.SetupPrimary(engine.Settings{Env: []string{"no variable"}}); code(err) != "bad_request" {
		t.Errorf("%v", err)
	}
	until(t, v, "a picture with the settings", func() bool { return v.Snapshot().Settings.Cwd == dir })
}

// watch has connections watched for a viewer.
func watch(t *testing.T, v engine.View, viewer string, d time.Duration) {
	t.Helper()
	if _, err := v.Do(t.Context(), engine.Command{Op: engine.OpWatch, Viewer: viewer, For: d}); err != nil {
		t.Fatal(err)
	}
}

func watched(v engine.View) bool { return v.Snapshot().Traffic != nil }

// leases: one viewer that looks away blinds no other.
func leases(t *testing.T, s Subject) {
	v := s.View
	if watched(v) {
		t.Fatal("connections are watched, and nobody wants it")
	}
	watch(t, v, "first", time.Minute)
	watch(t, v, "second", time.Minute)
	until(t, v, "the traffic", func() bool { return watched(v) })
	watch(t, v, "first", 0)
	s.Happen()
	want := newest(v)
	until(t, v, "a picture from after the first has gone", func() bool { return v.Snapshot().Seq >= want })
	if !watched(v) {
		t.Error("the second is blind because the first has gone")
	}
	watch(t, v, "second", 0)
	until(t, v, "the end of the watching", func() bool { return !watched(v) })
}

// deadViewer: one that does not ask again watches nothing.
func deadViewer(t *testing.T, s Subject) {
	watch(t, s.View, "dies", 500*time.Millisecond)
	until(t, s.View, "the traffic", func() bool { return watched(s.View) })
	until(t, s.View, "its end", func() bool { return !watched(s.View) })
}

// wire: what a View says can be sent on.
func wire(t *testing.T, s Subject) {
	watch(t, s.View, "wire", time.Minute)
	until(t, s.View, "the traffic", func() bool { return watched(s.View) })
	s.Happen()
	same(t, s.View.Snapshot())
	ev, _ := s.View.Events(0)
	for _, e := range ev {
		same(t, &e)
	}
	res, err := s.View.Do(t.Context(), engine.Command{Op: engine.OpWatch, Viewer: "wire"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, &res)
}

func same[T any](t *testing.T, v *T) {
	t.Helper()
	first, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	back := new(T)
	if err := json.Unmarshal(first, back); err != nil {
		t.Fatalf("%v: %s", err, first)
	}
	if second, err := json.Marshal(back); err != nil || string(second) != string(first) {
		t.Errorf("%s\nbecame %s (%v)", first, second, err)
	}
}

// theEnd: Done is closed, Err says why, and the View keeps returning the last
// state.
func theEnd(t *testing.T, s Subject) {
	v := s.View
	s.Happen()
	if err := v.Err(); err != nil {
		t.Errorf("before the end: %v", err)
	}
	select {
	case <-v.Done():
		t.Fatal("it is over before it ends")
	default:
	}
	_, cancel := v.Subscribe()
	s.End()
	select {
	case <-v.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	cancel()
	if err := v.Err(); err != nil {
		t.Errorf("after an end in good order: %v", err)
	}
	if _, err := v.Do(t.Context(), engine.Command{Op: engine.OpFork}); code(err) != "stopped" {
		t.Errorf("a command after the end: %v", err)
	}
	if err := v.SetupPrimary(engine.Settings{}); code(err) != "stopped" {
		t.Errorf("a setup after the end: %v", err)
	}
	last := newest(v)
	if snap := v.Snapshot(); snap == nil || snap.Seq != last || last == 0 {
		t.Errorf("the last picture is of event %d, want %d", snap.Seq, last)
	}
	_, cancel = v.Subscribe()
	cancel()
}
