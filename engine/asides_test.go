//go:build unix

package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// slowSystem is one of whose calls one kind does not return until it is released.
type slowSystem struct {
	kernel
	mu      sync.Mutex
	which   string
	entered chan struct{} // sent to by each call that stands still
	release chan struct{}
	calls   map[string]int
}

// slow has a kind of call stand still from now on; the function it returns ends
// that.
func (s *slowSystem) slow(which string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := make(chan struct{})
	s.which, s.release, s.entered = which, ch, make(chan struct{}, 64)
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.which = ""
		close(ch)
	})
}

func (s *slowSystem) call(which string) {
	s.mu.Lock()
	s.calls[which]++
	is, entered, release := s.which == which, s.entered, s.release
	s.mu.Unlock()
	if is {
		entered <- struct{}{}
		<-release
	}
}

func (s *slowSystem) called(which string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[which]
}

func (s *slowSystem) resolve(_ context.Context, host string) (netip.Addr, error) {
	s.call("resolve")
	if host == "nowhere.test" {
		return netip.Addr{}, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
}

func (s *slowSystem) openPath(a Address, o sock.Options) (*sock.Port, error) {
	s.call("openPath")
	return s.kernel.openPath(a, o)
}

func (s *slowSystem) explain(a Address, err error) *AddrError {
	s.call("explain")
	return s.kernel.explain(a, err)
}

func (s *slowSystem) quiet(p *sock.Port) error {
	s.call("quiet")
	return s.kernel.quiet(p)
}

func (s *slowSystem) close(p *sock.Port) error {
	s.call("close")
	return s.kernel.close(p)
}

func (s *slowSystem) putBack(n *sock.Name) (bool, error) {
	s.call("putBack")
	return s.kernel.putBack(n)
}

func (s *slowSystem) inspect(d *Details) {
	s.call("inspect")
	s.kernel.inspect(d)
}

func (s *slowSystem) debugger(pid, inspector int) string {
	s.call("debugger")
	return s.kernel.debugger(pid, inspector)
}

func (s *slowSystem) closeFD(fd int) {
	s.call("closeFD")
	s.kernel.closeFD(fd)
}

// With a dumb name server a question of one worker stopped everything for 5 s;
// with a file system that does not answer, for ever. Each call that may stand
// still does, one after another, and the cluster goes on.
func TestLoopGoesOnWhileTheSystemStandsStill(t *testing.T) {
	t.Parallel()
	addr, named, other, path := freeTCPAddr(t), freeTCPAddr(t), freeTCPAddr(t), filepath.Join(t.TempDir(), "s")
	_, port, _ := net.SplitHostPort(named)
	c, err := New(Options{Workers: 1, Settings: Settings{Env: []string{envAddr + "=" + addr}}})
	if err != nil {
		t.Fatal(err)
	}
	sys := &slowSystem{calls: map[string]int{}}
	c.loop.sys = sys
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }()
	t.Cleanup(func() { _ = c.Close() })
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	goesOn := func(what string) {
		t.Helper()
		res, err := client.Get("http://" + addr)
		if err != nil {
			t.Fatalf("%s: no connection is dealt: %v", what, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	answers := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := c.Do(ctx, Command{Op: OpWatch, Viewer: "test"}); err != nil {
			t.Fatalf("%s: no command is answered: %v", what, err)
		}
	}
	fork := func(at string) *Worker {
		t.Helper()
		w, err := c.Fork(envAddr + "=" + at)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	listens := func(w int) {
		t.Helper()
		poll(t, fmt.Sprintf("worker %d listens", w), func() bool {
			r := c.Snapshot().ByID(w)
			return r != nil && r.State == StateListening
		})
	}
	inLoop := func(f func()) { c.loop.post(msgAside{f}) }
	listens(1)

	var waiting []*Worker
	for _, step := range []struct {
		which string
		begin func()
		after func()
	}{
		{"resolve", func() {
			for range 3 {
				waiting = append(waiting, fork("name:slow.test:"+port))
			}
			poll(t, "all have asked", func() bool {
				asked := make(chan int)
				inLoop(func() { asked <- len(c.loop.granter.lookups["slow.test"]) })
				return receive(t, asked) == len(waiting)
			})
			if _, err := c.Do(t.Context(), Command{Op: OpCrash, Worker: waiting[2].ID()}); err != nil {
				t.Fatal(err)
			}
			poll(t, "one that asked has died", func() bool { r := c.Snapshot().ByID(waiting[2].ID()); return r == nil || r.Dead })
		}, func() {
			listens(waiting[0].ID())
			listens(waiting[1].ID())
			if n := sys.called("resolve"); n != 1 { // the replacement of the dead one has another address
				t.Errorf("%d lookups of one name", n)
			}
			res, err := client.Get("http://" + named)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}},
		{"openPath", func() { waiting = []*Worker{fork("unix:" + path)} }, func() { listens(waiting[0].ID()) }},
		{"putBack", func() {}, func() {}}, // once a second
		{"explain", func() {
			taken, err := net.Listen("tcp", other)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { taken.Close() })
			waiting = []*Worker{fork(other)}
		}, func() {
			poll(t, "its error names who has the address", func() bool {
				ev, _ := c.Events(0)
				for _, e := range ev {
					if d, ok := e.Detail.(ErrorDetail); ok && e.Worker == waiting[0].ID() && d.Errno == "EADDRINUSE" && strings.Contains(d.Text, "in use") {
						return true
					}
				}
				return false
			})
		}},
		{"close", func() {
			inLoop(func() {
				for _, s := range c.loop.ledger.order {
					if s.addr.Network == "unix" {
						c.loop.ledger.closeServer(s)
						return
					}
				}
			})
		}, func() {
			poll(t, "the path has gone", func() bool { _, err := os.Lstat(path); return errors.Is(err, os.ErrNotExist) })
		}},
		{"inspect", func() {
			go func() { _, _ = c.Do(context.Background(), Command{Op: OpInspect, Worker: 1}) }()
		}, func() {}},
		{"debugger", func() { inLoop(func() { c.loop.stalls.debugger(c.loop.workers[1], true, func(string) {}) }) }, func() {}},
		{"closeFD", func() {
			f, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			fd, err := syscall.Dup(int(f.Fd()))
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			inLoop(func() { c.loop.closeForeign(fd) })
		}, func() {}},
	} {
		release := sys.slow(step.which)
		t.Cleanup(release)
		step.begin()
		poll(t, step.which+" is called", func() bool { return len(sys.entered) > 0 })
		goesOn(step.which)
		answers(step.which)
		release()
		step.after()
	}

	listens(fork("unix:" + path).ID()) // the path is back, and known: there is something to quiet
	release := sys.slow("quiet")
	t.Cleanup(release)
	c.Stop()
	receive(t, sys.entered)
	poll(t, "a stop goes on", func() bool { return c.Snapshot().Stopping })
	answers("quiet")
	release()
	if err := receive(t, ended); err != nil {
		t.Error(err)
	}
}

// What never comes back is not waited for, and does not take more than its place.
func TestAsidesAreBoundedInTimeAndNumber(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLoop(Options{}, program{}, nil, func() time.Time { return now })
	release := make(chan struct{})
	got, late := map[int]error{}, 0
	const all = asidesMax + 3
	for i := range all {
		doAside(l.asides, func(context.Context) (int, error) {
			<-release
			return i, nil
		}, func(_ int, err error) { got[i] = err }, func(int, error) { late++ })
	}
	if l.asides.running != asidesMax || len(l.asides.queue) != all-asidesMax {
		t.Errorf("%d are under way, %d wait", l.asides.running, len(l.asides.queue))
	}
	now = now.Add(asideLimit)
	l.timers.run(now)
	if len(got) != all || l.asides.waited != 0 {
		t.Errorf("%d of %d were given up after %v; the end waits for %d", len(got), all, asideLimit, l.asides.waited)
	}
	for i, err := range got {
		if !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("number %d: %v", i, err)
		}
	}
	close(release)
	for range asidesMax {
		receive(t, l.in).(msgAside).take()
	}
	if late != asidesMax || l.asides.running != 0 || len(l.asides.queue) != 0 {
		t.Errorf("%d came late, %d are under way, %d wait", late, l.asides.running, len(l.asides.queue))
	}
	doAside(l.asides, func(context.Context) (int, error) { return 7, nil }, func(v int, err error) { got[v] = err }, nil)
	receive(t, l.in).(msgAside).take()
	now = now.Add(2 * asideLimit)
	l.timers.run(now)
	if err, ok := got[7]; !ok || err != nil {
		t.Errorf("one in time: %v", err)
	}
}

// The answers to a worker come in the order of its questions, also if the first
// is about a path and takes its time.
func TestAnswersOvertookAPath(t *testing.T) {
	c, err := New(Options{Workers: -1})
	if err != nil {
		t.Fatal(err)
	}
	l := c.loop
	t.Cleanup(func() { _ = c.Close() })
	sys := &slowSystem{calls: map[string]int{}}
	l.sys = sys
	release := sys.slow("openPath")
	t.Cleanup(release)
	ours, theirs, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	w := &worker{id: 1, slot: &slot{}, ch: ours, servers: map[*server]bool{}, api: &Worker{}}
	path, host := filepath.Join(t.TempDir(), "s"), "127.0.0.1"
	l.granter.queried(w, &ipc.ClusterMsg{Seq: 1, Query: &ipc.Query{Address: &path, Port: -1, AddressType: "-1", FD: -1}})
	receive(t, sys.entered)
	l.granter.queried(w, &ipc.ClusterMsg{Seq: 2, Query: &ipc.Query{Address: &host, Port: 0, AddressType: "4", FD: -1}})
	if len(w.addrs) != 0 {
		t.Errorf("it has %v while its first question is open", w.addrs)
	}
	release()
	receive(t, l.in).(msgAside).take()
	if len(w.addrs) != 2 || w.addrs[0].Host != path {
		t.Errorf("it has %v, want the path, then the port", w.addrs)
	}
	w.life.leaving = true // its servers go with the cluster
}
