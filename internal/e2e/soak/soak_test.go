//go:build linux

package soak

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

const (
	stall = 2 * time.Second
	base  = 3 // workers at the start and at the end
	// heapMore is what the live heap may be more in the end: the events that are kept
	// are 16 MiB at most. What leaks is more after 15 minutes than after two.
	heapMore = 20 << 20
)

// soak is one run.
type soak struct {
	t        *testing.T
	c        *engine.Cluster
	addr     string
	self     string
	nodePath string // "" = there is none
	node     bool   // later forks are of Node
	account  *account
	asking   context.Context // ends when the clients are to stop
	chaos    sync.WaitGroup  // what deeds have begun
	watch    sync.WaitGroup
	done     map[string]int // deeds, by name
}

// sleep waits, and is false if ctx ends before.
func (s *soak) sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Everything at once, for MUSTER_SOAK long (15m, say) and with MUSTER_SEED: workers
// of Go and Node, both policies, deaths of every kind, orders, stops, garbage, and
// want of descriptors, under 64 clients. Every request is answered or accounted
// for, no connection is on two workers, and in the end there is no more than at
// the start.
func TestEverythingAtOnceLostOrKeptSomething(t *testing.T) {
	d, err := time.ParseDuration(os.Getenv("MUSTER_SOAK"))
	if err != nil {
		t.Skip("MUSTER_SOAK says for how long, as 15m: make soak")
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MUSTER_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("MUSTER_SOAK=%v MUSTER_SEED=%d", d, seed)
	testkit.Check(t)
	before := measure()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.New(engine.Options{Addr: "127.0.0.1:0", Workers: -1, Stall: stall, Grace: 2 * stall})
	if err != nil {
		t.Fatal(err)
	}
	asking, stopAsking := context.WithCancel(context.Background())
	defer stopAsking()
	s := &soak{t: t, c: c, addr: c.Snapshot().Addresses[0].String(), self: self, account: newAccount(), asking: asking, done: make(map[string]int)}
	s.nodePath, _ = exec.LookPath("node")
	c.OnExit(s.account.exited)
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }()
	var pulled sync.WaitGroup
	pulled.Go(s.pull)
	defer func() { // again after the end below: nothing
		c.Close()
		pulled.Wait()
	}()

	s.toBase()
	start := measure()
	t.Logf("at the start: %v", start)
	var asked sync.WaitGroup
	for n := range clients {
		r := rand.New(rand.NewPCG(seed, uint64(n)+1))
		asked.Go(func() { s.client(n, r) })
	}
	s.makeChaos(rand.New(rand.NewPCG(seed, 0)), d)
	t.Logf("done: %v", s.done)
	stopAsking()
	asked.Wait()
	s.toBase()
	t.Log(s.account)
	s.account.check(t)
	if s.account.answers < clients {
		t.Errorf("%d answers", s.account.answers)
	}
	s.account.forget()
	s.noMore("in the end", start)

	c.Stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	pulled.Wait()
	s.watch.Wait()
	snap := c.Snapshot()
	t.Logf("accepted %d, dealt %d, taken %d, refused %d, dealt again %d, lost %d, odd answers %d, restarts %d",
		snap.Accepted, snap.Dealt, snap.Taken, snap.Refused, snap.DealtAgain, snap.Lost, snap.OddAnswers, snap.Restarts)
	s.noMore("after the end", before)
}

// pull keeps the events that are not output, to tell what has happened.
func (s *soak) pull() {
	changed, cancel := s.c.Subscribe()
	defer cancel()
	var seq uint64
	for over := false; !over; {
		select {
		case <-changed:
		case <-s.c.Done():
			over = true
		}
		events, _ := s.c.Events(seq)
		s.account.mu.Lock()
		for _, e := range events {
			seq = e.Seq
			if s.account.checked {
				continue
			}
			switch e.Kind {
			case engine.KindOutput, engine.KindMessage, engine.KindSend, engine.KindSetup:
			default:
				s.account.events = append(s.account.events, e)
			}
		}
		s.account.mu.Unlock()
	}
}

// toBase has the cluster consist of a few fresh Go workers and nothing else.
func (s *soak) toBase() {
	s.t.Helper()
	s.setProgram(false)
	if err := s.c.SetSchedulingPolicy(engine.SchedRR); err != nil {
		s.t.Error(err)
	}
	s.do(engine.Command{Op: engine.OpDisconnectAll})
	// One that has died just before it was told may still be replaced.
	if !testkit.Within(3*patience, func() bool { return len(s.c.Workers()) == 0 }) {
		s.t.Fatalf("workers do not leave: %s", s.states())
	}
	for range base {
		if _, err := s.c.Fork(); err != nil {
			s.t.Fatal(err)
		}
	}
	if !testkit.Within(3*patience, func() bool {
		up := s.listening()
		if len(up) > base {
			up[0].Disconnect()
		}
		return len(up) == base && len(s.c.Workers()) == base
	}) {
		s.t.Fatalf("%d workers are to listen: %s", base, s.states())
	}
}

// states tells of each worker where it is, and what has last happened.
func (s *soak) states() string {
	var b strings.Builder
	for id, w := range s.c.Workers() {
		fmt.Fprintf(&b, "worker %d (pid %d) %s; ", id, w.Process().PID(), w.State())
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	for _, e := range s.account.events[max(0, len(s.account.events)-40):] {
		line, err := e.MarshalJSON()
		fmt.Fprintf(&b, "\n%s %v", line, err)
	}
	return b.String()
}

// holdings are what this process has.
type holdings struct {
	fds        map[string]int // by kind
	goroutines int
	heap       uint64
	zombies    int
}

func (h holdings) String() string {
	return fmt.Sprintf("descriptors %v, %d goroutines, heap %.1f MiB, %d zombies", h.fds, h.goroutines, float64(h.heap)/(1<<20), h.zombies)
}

func measure() holdings {
	runtime.GC()
	runtime.GC() // what finalizers have let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := holdings{fds: make(map[string]int), goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	for _, to := range testkit.FDs(os.Getpid()) {
		kind, _, _ := strings.Cut(to, ":[")
		h.fds[kind]++
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	for _, pid := range strings.Fields(string(children)) {
		stat, _ := os.ReadFile("/proc/" + pid + "/stat")
		if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "Z") {
			h.zombies++
		}
	}
	return h
}

// noMore waits until this process has no more than it had.
func (s *soak) noMore(when string, had holdings) {
	s.t.Helper()
	var has holdings
	more := func() string {
		switch {
		case !maps.Equal(had.fds, has.fds):
			return "descriptors"
		case has.goroutines > had.goroutines:
			return "goroutines"
		case has.heap > had.heap+heapMore:
			return "memory"
		case has.zombies > 0:
			return "zombies"
		}
		return ""
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		has = measure()
		if more() == "" || time.Now().After(deadline) {
			break
		}
		<-time.After(50 * time.Millisecond)
	}
	s.t.Logf("%s: %v", when, has)
	if what := more(); what != "" {
		s.t.Errorf("%s there are more %s: %v, at the start %v", when, what, has, had)
		if what == "goroutines" {
			stacks := make([]byte, 1<<20)
			s.t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}
