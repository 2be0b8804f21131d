//go:build linux

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/load"
	"muster/internal/testkit"
)

// eachPolicy runs f once for each policy, all at once.
func eachPolicy(t *testing.T, of []engine.Policy, f func(t *testing.T, p engine.Policy)) {
	for _, p := range of {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			f(t, p)
		})
	}
}

// every is a walk over all policies in which each follows each other once.
func every() (walk []engine.Policy) {
	left := map[[2]engine.Policy]bool{}
	for _, a := range engine.Policies() {
		for _, b := range engine.Policies() {
			left[[2]engine.Policy{a, b}] = a != b
		}
	}
	var from func(p engine.Policy)
	from = func(p engine.Policy) { // Hierholzer's way: the walk comes out backwards
		for _, q := range engine.Policies() {
			if e := [2]engine.Policy{p, q}; left[e] {
				left[e] = false
				from(q)
			}
		}
		walk = append([]engine.Policy{p}, walk...)
	}
	from(engine.SchedRR)
	return walk
}

// Every policy to every other, under load: nothing fails.
func TestPolicy01SwitchMatrix(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 3, Policy: engine.SchedRR, Grace: 5 * time.Second, Stall: 10 * time.Second})
	p.AwaitKind(3, engine.KindListening)
	r := startLoad(t, load.Options{Addr: p.Addr(), Concurrency: clients / 2})
	walk := every()
	if n := len(engine.Policies()); len(walk) != n*(n-1)+1 {
		t.Fatalf("%d policies, the walk is %v", n, walk)
	}
	for _, to := range walk[1:] {
		want := r.Stats().OK + 50
		testkit.Eventually(t, kit.Patience, func() bool { return r.Stats().OK >= want }, "the load is not answered")
		p.do("policy %v", to)
	}
	noneFailed(t, r)
	if n := len(kit.OfKind(p.SoFar(), engine.KindFork)); n != 3 {
		t.Errorf("%d forks, want the first 3", n)
	}
}

// kill -9 in each policy, under connections that are kept and that are not: only
// requests at the dead worker fail.
func TestPolicy02KillFromOutside(t *testing.T) {
	t.Parallel()
	of := []engine.Policy{engine.SchedSpread, engine.SchedSticky} // rr is TestCheck05's, which least is dealt like
	if deaths(1) > 1 {
		of = append(of, engine.SchedNone, engine.SchedLeast)
	}
	eachPolicy(t, of, func(t *testing.T, policy engine.Policy) {
		killsFromOutside(t, policy, 4, deaths(3), 15*time.Millisecond)
	})
}

// whoAnswersFor stops a worker, has n requests come, kills it, and counts by which
// worker they were answered. All must be.
func (p *run) whoAnswersFor(pid, n int) (by map[int]int) {
	p.T.Helper()
	stop(p.T, pid)
	var cs []*client
	for range n {
		c := mustDial(p.T, p.Addr())
		if err := c.send("/"); err != nil {
			p.T.Fatal(err)
		}
		cs = append(cs, c)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		p.T.Fatal(err)
	}
	by = make(map[int]int)
	for i, c := range cs {
		if _, err := c.receive(); err != nil {
			p.T.Errorf("connection %d: %v", i, err)
		}
		by[c.worker]++
	}
	return by
}

// What waits at the socket of a worker that dies is not lost, and does not wait for
// the next worker.
func TestPolicy02WhatWaitsAtADeadWorkerIsDealtToOthers(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedSpread, Grace: time.Second})
	victim := p.AwaitKind(2, engine.KindListening)[0]
	p.inSpread(2)
	by := p.whoAnswersFor(victim.PID, 40)
	if by[victim.Worker] > 0 {
		t.Errorf("answers by %v, and %d was dead", by, victim.Worker)
	}
}

// inSpread waits until the kernel deals to all workers.
func (p *run) inSpread(workers int) {
	p.T.Helper()
	met := map[int]bool{}
	accepted := uint64(1)
	ok := testkit.Within(kit.Patience, func() bool {
		before := p.do("snapshot").Snapshot.Accepted
		c, err := dial(p.Addr())
		if err != nil {
			return false
		}
		defer c.conn.Close()
		if _, err := c.ask("/"); err != nil {
			return false
		}
		if accepted = p.snapshot(0).Accepted - before; accepted == 0 {
			met[c.worker] = true
		}
		return len(met) == workers
	})
	if !ok {
		p.T.Fatalf("by themselves only workers %v accepted", met)
	}
}

// A worker that stands still does not hold up what the kernel deals to it.
func TestPolicy03AStoppedWorkerIsLeftOut(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 4, Policy: engine.SchedSpread, Grace: time.Second, Stall: 30 * time.Second})
	victim := p.AwaitKind(4, engine.KindListening)[0]
	p.inSpread(4)
	r := startLoad(t, load.Options{Addr: p.Addr(), Rate: 100})
	testkit.Eventually(t, kit.Patience, func() bool { return r.Stats().OK >= 50 }, "the load is not answered")
	stop(t, victim.PID)
	<-time.After(3 * time.Second) // the pause
	if err := syscall.Kill(victim.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.Stop()
	res, err := r.Wait()
	if err != nil || res.Failed() > 0 {
		t.Errorf("%v, %v %q", err, res, res.Errors)
	}
	t.Logf("the slowest took %v", res.Latency.Max) // 0.1 to 0.3 s on a quiet machine
	if res.Latency.Max > 2*time.Second {
		t.Errorf("a request took %v: it waited for the worker to go on", res.Latency.Max)
	}
	p.inSpread(4) // it is back
}

// jain is Jain's index of fairness: 1 if all are equal, 1/n if one has all.
func jain(by map[string]uint64, workers int) float64 {
	var sum, squares float64
	for _, n := range by {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	return sum * sum / (float64(workers) * squares)
}

func TestPolicy04Fairness(t *testing.T) {
	t.Parallel()
	const workers = 4
	eachPolicy(t, []engine.Policy{engine.SchedRR, engine.SchedSpread, engine.SchedLeast}, func(t *testing.T, policy engine.Policy) {
		p := startPrimary(t, nil, primaryConfig{Workers: workers, Policy: policy, Grace: 5 * time.Second, Stall: 10 * time.Second})
		p.AwaitKind(workers, engine.KindListening)
		if policy == engine.SchedSpread {
			p.inSpread(workers)
		}
		many := 4_000 // at random, fewer could be uneven by chance
		if deaths(1) > 1 {
			many = 12_000
		}
		for _, c := range []struct{ at, n int }{{1, 1_600}, {32, many}} {
			res, err := load.Run(context.Background(), load.Options{Addr: p.Addr(), Concurrency: c.at, Requests: c.n, ExpectBody: page, Timeout: kit.Patience})
			if err != nil || res.Failed() > 0 {
				t.Fatalf("%v, %v %q", err, res, res.Errors)
			}
			if j := jain(res.ByWorker, workers); j < 0.99 {
				t.Errorf("%d connections, %d at once: Jain %.4f, %v", c.n, c.at, j, res.ByWorker)
			}
		}
	})
}

// Workers leave and others come, in each policy, with connections that are kept and
// that are not: nothing fails.
func TestPolicy05DisconnectAndFork(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("kept %t", kept), func(t *testing.T) {
			t.Parallel()
			eachPolicy(t, []engine.Policy{engine.SchedSpread, engine.SchedSticky}, func(t *testing.T, policy engine.Policy) {
				rounds := max(4, min(deaths(1), 10))
				p := startPrimary(t, nil, primaryConfig{Workers: 3, Policy: policy, Grace: 10 * time.Second, Stall: 10 * time.Second})
				p.AwaitKind(3, engine.KindListening)
				r := startLoad(t, load.Options{Addr: p.Addr(), Concurrency: clients / 2, KeepAlive: kept, Think: 5 * time.Millisecond})
				for i := range rounds {
					p.do("disconnect %d", i+1)
					p.do("fork")
					p.AwaitKind(3+i+1, engine.KindListening)
				}
				p.AwaitKind(rounds, engine.KindExit)
				noneFailed(t, r)
			})
		})
	}
}

// dialFrom asks once from an address of this machine, and returns the worker.
func dialFrom(t *testing.T, from, addr string) int {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: kit.Patience}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(conn)
	defer conn.Close()
	if _, err := c.ask("/"); err != nil {
		t.Fatalf("from %s: %v", from, err)
	}
	return c.worker
}

// Every client address meets one worker, however often it comes. When a worker dies
// the clients of the others stay, and the worker that replaces it has its clients.
// That holds whoever deals: the kernel, for want of descriptors the primary, or both.
func TestPolicy07StickyClients(t *testing.T) {
	t.Parallel()
	for by, c := range map[string]struct {
		files       uint64
		least, most uint64 // of 100 connections that come to the primary
	}{
		"kernel":  {0, 0, 0},
		"both":    {160, 1, 99}, // sockets for two of the four
		"primary": {60, 100, 100},
	} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			p := startPrimary(t, nil, primaryConfig{Workers: stickyWorkers, Policy: engine.SchedSticky, Grace: time.Second, Stall: 10 * time.Second, Files: c.files})
			p.stickyClients()
			var came uint64
			ok := testkit.Within(kit.Patience, func() bool { // each may not have its socket yet
				before := p.newSnapshot().Accepted
				for i := 1; i <= 100; i++ {
					dialFrom(t, "127.0.0."+strconv.Itoa(i), p.Addr())
				}
				came = p.newSnapshot().Accepted - before
				return c.least <= came && came <= c.most
			})
			if !ok {
				t.Errorf("%d of 100 connections came to the primary, want %d to %d", came, c.least, c.most)
			}
			if s := p.do("snapshot").Snapshot; s.PrimaryDeals() != (by == "primary") {
				t.Errorf("the primary deals, says the snapshot: %v", s.PrimaryDeals())
			}
			p.whatWaitsGoesOn()
		})
	}
}

// whatWaitsGoesOn: what waits at a worker that stands still and dies goes to the next
// worker of the client, or to the one that replaces the dead.
func (p *run) whatWaitsGoesOn() {
	t := p.T
	t.Helper()
	home := dialFrom(t, "127.0.0.1", p.Addr())
	var slot, pid int
	for _, e := range kit.OfKind(p.SoFar(), engine.KindListening) {
		if e.Worker == home {
			slot, pid = e.Slot, e.PID
		}
	}
	by := p.whoAnswersFor(pid, 12)
	next := 0
	for _, e := range kit.OfKind(p.SoFar(), engine.KindListening) {
		if by[e.Worker] > 0 && e.Slot != slot {
			next++
		}
	}
	if by[home] > 0 || next > 1 {
		t.Errorf("of the clients of worker %d, which is dead, answers by %v", home, by)
	}
}

// newSnapshot is a picture of now: others are up to 100 ms old.
func (p *run) newSnapshot() (s *engine.Snapshot) {
	p.T.Helper()
	since := time.Now()
	testkit.Eventually(p.T, kit.Patience, func() bool { s = p.do("snapshot").Snapshot; return s.Time.After(since) }, "no snapshot is new")
	return s
}

const stickyWorkers = 4

// stickyClients has 100 client addresses ask before, during and after the death of a
// worker.
func (p *run) stickyClients() {
	t := p.T
	t.Helper()
	p.AwaitKind(stickyWorkers, engine.KindListening)
	slots := map[int]int{} // of the workers
	see := func() {
		for _, e := range kit.OfKind(p.SoFar(), engine.KindListening) {
			slots[e.Worker] = e.Slot
			p.snapshot(e.Seq) // clients go to it by then
		}
	}
	home := map[string]int{}
	for round := range 3 {
		see()
		for i := 1; i <= 100; i++ {
			from := "127.0.0." + strconv.Itoa(i)
			slot := slots[dialFrom(t, from, p.Addr())]
			if was, known := home[from]; known && was != slot {
				t.Errorf("round %d: %s was at slot %d, and is at %d", round, from, was, slot)
			}
			home[from] = slot
		}
		if round == 1 { // it has lived for a second by then, or the test has: the next one comes at once, or later
			victim := kit.Listening(p.SoFar())[0]
			if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.AwaitOf(victim.Worker, engine.KindExit)
			for i := 1; i <= 100; i++ { // meanwhile the others keep theirs
				from := "127.0.0." + strconv.Itoa(i)
				if home[from] != victim.Slot {
					if w := dialFrom(t, from, p.Addr()); slots[w] != home[from] {
						t.Errorf("a worker is dead, and %s of slot %d is at worker %d", from, home[from], w)
					}
				}
			}
			p.Await("its replacement", slotsUp(stickyWorkers))
		}
	}
	by := map[int]int{}
	for _, slot := range home {
		by[slot]++
	}
	if len(by) != stickyWorkers {
		t.Errorf("clients are at %v", by)
	}
}

// Another process of the same user may join the port, and gets nothing.
func TestPolicy08AStrangerGetsNothing(t *testing.T) {
	t.Parallel()
	p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: engine.SchedRR, Grace: time.Second})
	p.AwaitKind(2, engine.KindListening)
	var got atomic.Int32
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}), err)
	}}
	ln, err := lc.Listen(context.Background(), "tcp", p.Addr())
	if err != nil {
		t.Skipf("the kernel lets nobody join: %v", err)
	}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			got.Add(1)
			c.Close()
		}
	})
	for _, policy := range engine.Policies() {
		p.do("policy %v", policy)
		for i := range 100 {
			c, err := dial(p.Addr())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.ask("/"); err != nil {
				t.Errorf("%v, connection %d: %v", policy, i, err)
			}
			c.conn.Close()
		}
	}
	ln.Close()
	accepting.Wait()
	if n := got.Load(); n > 0 {
		t.Errorf("the stranger got %d connections", n)
	}
}

// No connection is read by two workers, whatever dies meanwhile.
func TestPolicy10NoConnectionIsReadTwice(t *testing.T) {
	t.Parallel()
	eachPolicy(t, []engine.Policy{engine.SchedRR, engine.SchedSpread}, func(t *testing.T, policy engine.Policy) {
		const workers = 3
		many := 1500 * deaths(1)
		p := startMuster(t, []string{pathsEnv}, nil, "--workers", fmt.Sprint(workers), "--addr", "127.0.0.1:0", "--policy", policy.String())
		p.Await("all workers listening", slotsUp(workers))
		var next atomic.Int64
		var asking sync.WaitGroup
		for range 16 {
			asking.Go(func() {
				for {
					i := next.Add(1)
					if int(i) > many {
						return
					}
					if c, err := dial(p.Addr()); err == nil {
						_, _ = c.ask(fmt.Sprintf("/n/%d", i)) // the worker may die
						c.conn.Close()
					}
				}
			})
		}
		for kills := 0; int(next.Load()) < many; {
			at := int64(many * (kills + 1) / (2 + 4*deaths(1)))
			testkit.Eventually(t, kit.Patience, func() bool { return next.Load() >= min(at, int64(many)) }, "the requests do not go on")
			if up := kit.Listening(p.SoFar()); len(up) > 1 {
				_ = syscall.Kill(up[0].PID, syscall.SIGKILL) // it may have died by itself
				kills++
			}
		}
		asking.Wait()
		reads := map[string]int{}
		for _, e := range kit.OfKind(p.SoFar(), engine.KindOutput) {
			if text := e.Detail.(engine.OutputDetail).Text; strings.Contains(text, "/n/") {
				reads[text]++
			}
		}
		if len(reads) < many/2 {
			t.Errorf("%d of %d requests were told", len(reads), many)
		}
		for path, n := range reads {
			if n > 1 {
				t.Errorf("%s was read %d times", path, n)
			}
		}
	})
}

// deaths is n, or as many as MUSTER_DEATHS says: then these tests are as long as they
// can be (make deaths).
func deaths(n int) int {
	if more, err := strconv.Atoi(os.Getenv("MUSTER_DEATHS")); err == nil {
		return more
	}
	return n
}
