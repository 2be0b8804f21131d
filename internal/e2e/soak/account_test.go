//go:build linux

package soak

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"muster/engine"
)

// account is what clients have seen and what the cluster has told of it.
type account struct {
	mu       sync.Mutex
	answers  int
	by       map[string]int // answers, by the kind of worker
	secrets  map[int]string // of the workers that answered
	kinds    map[int]string
	failures []failure
	exits    map[int]exit
	checked  bool
	told     int            // failures that were told with what happened then
	twice    []int          // workers with two exits
	short    []spell        // times in which a Node worker was short of descriptors
	events   []engine.Event // that are not output
}

// failure is a request without its whole answer.
type failure struct {
	conn     *connection
	request  request
	idle     time.Duration // of its connection before it
	sent, at time.Time
	err      error
}

func (f failure) String() string {
	who := "no worker had answered on its connection"
	if a := f.conn.last; a != nil {
		who = fmt.Sprintf("worker %d (%s) had answered %d requests on its connection", a.worker, a.kind, a.nth)
	}
	return fmt.Sprintf("%s request %+v, sent %s, after %v: %v (idle for %v before it; %s)", f.at.Format("15:04:05.000"),
		f.request, f.sent.Format("05.000"), f.at.Sub(f.sent).Round(time.Millisecond), f.err, f.idle.Round(time.Millisecond), who)
}

type exit struct {
	engine.ExitDetail
	at time.Time
}

type spell struct{ from, to time.Time }

func newAccount() *account {
	return &account{by: make(map[string]int), secrets: make(map[int]string), kinds: make(map[int]string),
		exits: make(map[int]exit)}
}

func (a *account) answered(x answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers++
	a.by[x.kind]++
	a.kinds[x.worker] = x.kind
	if a.secrets[x.worker] == "" {
		a.secrets[x.worker] = x.secret
	}
}

func (a *account) failed(f failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures = append(a.failures, f)
}

func (a *account) exited(w *engine.Worker, d engine.ExitDetail) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.exits[w.ID()]; again {
		a.twice = append(a.twice, w.ID())
	}
	a.exits[w.ID()] = exit{d, time.Now()}
}

func (a *account) wasShort(s spell) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.short = append(a.short, s)
}

// idleFor is how long a Go worker that leaves lets a connection be idle; a client
// that waits for longer may send just when it is closed.
const idleFor = 900 * time.Millisecond

// check tells every failure nothing accounts for. The clients have stopped, and
// all workers that are to end have.
func (a *account) check(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range a.twice {
		t.Errorf("worker %d exited twice", id)
	}
	whose := make(map[int][]failure) // by worker; 0 = not known
	for _, f := range a.failures {
		id := 0
		if f.conn.last != nil {
			id = f.conn.last.worker
		}
		whose[id] = append(whose[id], f)
	}
	// What the deaths cost beyond what is accounted for by their workers.
	spare := 0
	for id, e := range a.exits {
		if e.Cut != nil {
			spare += max(*e.Cut-len(whose[id]), 0)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(whose)) {
		e, ended := a.exits[id]
		left := 0
		if ended && e.Cut != nil {
			left = *e.Cut
		}
		for _, f := range whose[id] {
			switch {
			case id == 0:
				switch {
				case a.unknownCut(f.conn.opened, f.at) || a.wasShortAt(f):
				case spare > 0 && a.deathBetween(f.conn.opened, f.at):
					spare--
				default:
					a.unexplained(t, f, 0)
				}
			case !ended:
				a.unexplained(t, f, id)
			case e.Cut == nil:
			case left > 0:
				left--
			case a.kinds[id] == "node" && e.Voluntary: // Node closes idle connections at once when it leaves
			case a.kinds[id] == "go" && f.idle > idleFor:
			default:
				a.unexplained(t, f, id)
			}
		}
	}
}

// slack is how much later than its failure a worker's exit may be told.
const slack = 5 * time.Second

// unknownCut tells whether a worker ended of which nobody can say what it cost.
func (a *account) unknownCut(from, to time.Time) bool {
	for _, e := range a.exits {
		if e.Cut == nil && !e.at.Before(from) && e.at.Before(to.Add(slack)) {
			return true
		}
	}
	return false
}

func (a *account) deathBetween(from, to time.Time) bool {
	for _, e := range a.exits {
		if e.Cut != nil && *e.Cut > 0 && !e.at.Before(from) && e.at.Before(to.Add(slack)) {
			return true
		}
	}
	return false
}

// wasShortAt tells whether the failure may be libuv's: where it accepts and has
// no descriptor left, it closes the connection.
func (a *account) wasShortAt(f failure) bool {
	return slices.ContainsFunc(a.short, func(s spell) bool { return s.from.Before(f.at) && f.conn.opened.Before(s.to) })
}

// forget lets go of what the test has kept, which is no leak.
func (a *account) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checked, a.events, a.failures, a.short = true, nil, nil, nil
}

func (a *account) unexplained(t *testing.T, f failure, worker int) {
	t.Helper()
	t.Errorf("nothing accounts for it: %v", f)
	a.told++
	if a.told > 3 {
		return // the first ones have said what happened then
	}
	for _, e := range a.events {
		near := e.Time.After(f.conn.opened.Add(-time.Second)) && e.Time.Before(f.at.Add(time.Second))
		if e.Worker == worker && worker != 0 || worker == 0 && near {
			b, err := e.MarshalJSON()
			t.Logf("  %s %v", b, err)
		}
	}
}

// tell tells what has happened to workers.
func (a *account) tell(t *testing.T, workers ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.events {
		if slices.Contains(workers, e.Worker) {
			b, err := e.MarshalJSON()
			t.Logf("  %s %v", b, err)
		}
	}
}

// String tells what has happened.
func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	cut, unknown := 0, 0
	for _, e := range a.exits {
		if e.Cut == nil {
			unknown++
		} else {
			cut += *e.Cut
		}
	}
	return fmt.Sprintf("%d answers (%d of Go, %d of Node), %d requests failed; %d workers answered, %d ended with %d connections cut, %d of them without a figure",
		a.answers, a.by["go"], a.by["node"], len(a.failures), len(a.secrets), len(a.exits), cut, unknown)
}
