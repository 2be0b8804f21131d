//go:build linux

package kit

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/engine"
)

// Patience is how long a test waits for something that must happen. It is not a
// limit under test: the tests have those.
const Patience = 60 * time.Second

// Log is the events of a cluster, or a command, so far. It may grow while it is
// read. Methods that wait end the test when Patience is over: call them from
// the test's own goroutine.
type Log struct {
	T *testing.T

	mu      sync.Mutex
	events  []engine.Event
	changed chan struct{} // closed and replaced with every addition
	over    bool          // no more events come
}

// NewLog is an empty log.
func NewLog(t *testing.T) *Log { return &Log{T: t, changed: make(chan struct{})} }

// Add appends events; without any it makes waiting methods look again.
func (l *Log) Add(ev ...engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, ev...)
	close(l.changed)
	l.changed = make(chan struct{})
}

// End says that no more events come: a method that still waits ends the test
// now.
func (l *Log) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	close(l.changed)
	l.changed = make(chan struct{})
}

// SoFar are the events so far.
func (l *Log) SoFar() []engine.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.events)
}

// Await waits until ok returns true for the events so far.
func (l *Log) Await(what string, ok func([]engine.Event) bool) {
	l.T.Helper()
	l.AwaitFor(Patience, what, ok)
}

// AwaitFor is Await with a time limit of the test's own.
func (l *Log) AwaitFor(d time.Duration, what string, ok func([]engine.Event) bool) {
	l.T.Helper()
	deadline := time.After(d)
	for {
		l.mu.Lock()
		events, changed, over := slices.Clip(l.events), l.changed, l.over
		l.mu.Unlock()
		if ok(events) {
			return
		}
		if over {
			l.T.Fatalf("it ended before: %s", what)
		}
		select {
		case <-changed:
		case <-deadline:
			l.T.Fatalf("not in %v: %s", d, what)
		}
	}
}

// AwaitKind waits for n events of a kind and returns them.
func (l *Log) AwaitKind(n int, kind engine.Kind) []engine.Event {
	l.T.Helper()
	l.Await(fmt.Sprintf("%d events %s", n, kind), func(ev []engine.Event) bool { return len(OfKind(ev, kind)) >= n })
	return OfKind(l.SoFar(), kind)
}

// AwaitOf waits for an event of a kind of one worker.
func (l *Log) AwaitOf(worker int, kind engine.Kind) engine.Event {
	l.T.Helper()
	var found []engine.Event
	l.Await(fmt.Sprintf("%s of worker %d", kind, worker), func(ev []engine.Event) bool {
		found = Of(ev, worker, kind)
		return len(found) > 0
	})
	return found[0]
}

// AwaitLines waits for n lines of workers' output that contain a text and returns
// them.
func (l *Log) AwaitLines(n int, text string) []engine.Event {
	l.T.Helper()
	var found []engine.Event
	l.Await(fmt.Sprintf("%d lines with %q", n, text), func(ev []engine.Event) bool {
		found = found[:0]
		for _, e := range OfKind(ev, engine.KindOutput) {
			if strings.Contains(e.Detail.(engine.OutputDetail).Text, text) {
				found = append(found, e)
			}
		}
		return len(found) >= n
	})
	return found
}

// Addr waits until the first server listens and returns its address.
func (l *Log) Addr() string {
	l.T.Helper()
	d := l.AwaitKind(1, engine.KindListening)[0].Detail.(engine.ListeningDetail)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port))
}

// Dump shows the last events when the test has failed.
func (l *Log) Dump() {
	if !l.T.Failed() {
		return
	}
	events := l.SoFar()
	const most = 60
	if n := len(events); n > most {
		l.T.Logf("(%d events before these)", n-most)
		events = events[n-most:]
	}
	for _, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			b = fmt.Appendf(nil, "%+v: %v", e, err)
		}
		l.T.Logf("%.400s", b)
	}
}

// OfKind are the events of one kind.
func OfKind(events []engine.Event, kind engine.Kind) (found []engine.Event) {
	for _, e := range events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// Of are the events of one worker and kind.
func Of(events []engine.Event, worker int, kind engine.Kind) (found []engine.Event) {
	for _, e := range events {
		if e.Kind == kind && e.Worker == worker {
			found = append(found, e)
		}
	}
	return found
}

// Listening are the workers that can take connections, by their listening
// events; the one that has listened longest comes first.
func Listening(events []engine.Event) (up []engine.Event) {
	for _, e := range events {
		switch e.Kind {
		case engine.KindListening:
			up = append(up, e)
		case engine.KindLeave, engine.KindDisconnect, engine.KindExit:
			up = slices.DeleteFunc(up, func(l engine.Event) bool { return l.Worker == e.Worker })
		}
	}
	return up
}
