//go:build linux

package soak

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"muster/engine"
)

const (
	fewest = 2 // workers that listen, before anything else is done to one
	most   = 8 // that live
	// restTime is the longest pause between two deeds.
	restTime = 300 * time.Millisecond
)

// deed is something that is done to the cluster.
type deed struct {
	name string
	odds int
	do   func(*soak, *rand.Rand)
}

var deeds = []deed{
	{"fork", 6, func(s *soak, r *rand.Rand) { s.fork(r) }},
	{"disconnect", 6, onWorker(func(s *soak, _ *rand.Rand, w *engine.Worker) { w.Disconnect() })},
	{"restart", 6, onWorker(func(s *soak, _ *rand.Rand, w *engine.Worker) {
		s.do(engine.Command{Op: engine.OpRestart, Worker: w.ID()})
	})},
	{"kill", 3, onWorker(func(s *soak, r *rand.Rand, w *engine.Worker) { _ = w.Kill(oneOf(r, syscall.SIGTERM, syscall.SIGKILL)) })},
	{"signal from outside", 6, onWorker(func(s *soak, r *rand.Rand, w *engine.Worker) {
		_ = w.Process().Signal(oneOf(r, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGKILL, syscall.SIGSEGV))
	})},
	{"stop and go on", 8, onWorker(func(s *soak, r *rand.Rand, w *engine.Worker) {
		_ = w.Process().Signal(syscall.SIGSTOP)
		after := time.Duration(r.IntN(2 * int(stall)))
		s.chaos.Go(func() { // even if the chaos is over by then
			<-time.After(after)
			_ = w.Process().Signal(syscall.SIGCONT)
		})
	})},
	{"policy", 5, func(s *soak, r *rand.Rand) {
		p := oneOf(r, engine.SchedRR, engine.SchedNone)
		if err := s.c.SetSchedulingPolicy(p); err != nil {
			s.t.Errorf("policy %v: %v", p, err)
		}
	}},
	{"program", 4, func(s *soak, r *rand.Rand) { s.setProgram(r.IntN(2) == 0) }},
	{"fault", 8, func(s *soak, r *rand.Rand) {
		with := make([]byte, 1+r.IntN(200))
		for i := range with {
			with[i] = byte(r.IntN(256))
		}
		what := oneOf(r, "garbage", "cut", "half", "deaf", "odd", "odd", "panic", "exit")
		s.ask("/fault/" + what + "?with=" + url.QueryEscape(strings.ReplaceAll(string(with), "\n", "-")))
	}},
	{"messages", 3, onWorker(func(s *soak, r *rand.Rand, w *engine.Worker) {
		text, err := json.Marshal(strings.Repeat("x", r.IntN(64<<10)))
		for range r.IntN(200) {
			if err == nil {
				err = w.Send(json.RawMessage(text))
			}
		}
		// It may have gone, or be stopped with all it can be sent in its channel.
	})},
	{"idle connections", 4, func(s *soak, r *rand.Rand) {
		n, hold, reset := 50+r.IntN(200), time.Duration(r.IntN(2000))*time.Millisecond, r.IntN(2) == 0
		s.chaos.Go(func() { s.flood(n, hold, reset) })
	}},
	{"half a request", 3, func(s *soak, r *rand.Rand) {
		if conn, err := net.DialTimeout("tcp", s.addr, patience); err == nil {
			_, _ = conn.Write([]byte("GET / HTT"))
			_ = conn.(*net.TCPConn).SetLinger(oneOf(r, -1, 0))
			conn.Close()
		}
	}},
}

// onWorker is a deed to one of the workers that listen, if enough of them do.
func onWorker(do func(*soak, *rand.Rand, *engine.Worker)) func(*soak, *rand.Rand) {
	return func(s *soak, r *rand.Rand) {
		ws := s.listening()
		if len(ws) < fewest {
			s.fork(r)
			return
		}
		do(s, r, ws[r.IntN(len(ws))])
	}
}

func oneOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// makeChaos does deeds until the time is over.
func (s *soak) makeChaos(r *rand.Rand, d time.Duration) {
	all := 0
	for _, one := range deeds {
		all += one.odds
	}
	ctx, cancel := context.WithTimeout(s.asking, d)
	defer cancel()
	for s.sleep(ctx, time.Duration(r.Int64N(int64(restTime)))) {
		n := r.IntN(all)
		i := slices.IndexFunc(deeds, func(one deed) bool { n -= one.odds; return n < 0 })
		s.done[deeds[i].name]++
		deeds[i].do(s, r)
	}
	s.chaos.Wait()
}

func (s *soak) do(cmd engine.Command) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// That a worker leaves already, or has gone, is as well.
	if _, err := s.c.Do(ctx, cmd); err != nil && ctx.Err() != nil {
		s.t.Errorf("%s of worker %d: %v", cmd.Op, cmd.Worker, err)
	}
}

// fork forks one more worker, if there is room. One in four is short of descriptors.
func (s *soak) fork(r *rand.Rand) {
	if len(s.c.Workers()) >= most {
		return
	}
	var env []string
	if r.IntN(4) == 0 {
		env = append(env, fmt.Sprintf("%s=%d", noFileEnv, 24+r.IntN(16)))
	}
	w, err := s.c.Fork(env...)
	if err != nil {
		s.t.Errorf("fork: %v", err)
		return
	}
	if env != nil && s.node {
		from := time.Now()
		s.watch.Go(func() {
			<-w.Done()
			s.account.wasShort(spell{from, time.Now().Add(slack)})
		})
	}
}

// setProgram has later forks start the Go worker or the one in Node.
func (s *soak) setProgram(node bool) {
	if node && s.nodePath == "" {
		return
	}
	s.node = node
	set := engine.Settings{Exec: s.self, ExecArgv: []string{}, Args: []string{}, Env: []string{"SOAK_ADDR=" + s.addr}}
	if node {
		_, port, _ := net.SplitHostPort(s.addr)
		set.Exec, set.ExecArgv = "/bin/sh", []string{"-c", `ulimit -n "${` + noFileEnv + `:-1024}"; exec "$0" testdata/server.js`, s.nodePath}
		set.Env = []string{"PORT=" + port}
	}
	if err := s.c.SetupPrimary(set); err != nil {
		s.t.Errorf("settings: %v", err)
	}
}

// listening are the workers that listen and do not leave, by id.
func (s *soak) listening() (ws []*engine.Worker) {
	for _, w := range s.c.Workers() {
		if w.State() == engine.StateListening && !w.IsDead() {
			ws = append(ws, w)
		}
	}
	slices.SortFunc(ws, func(a, b *engine.Worker) int { return cmp.Compare(a.ID(), b.ID()) })
	return ws
}

// ask makes a request whose answer may be anything.
func (s *soak) ask(path string) {
	s.chaos.Go(func() {
		conn, err := net.DialTimeout("tcp", s.addr, patience)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(2 * stall))
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path); err == nil {
			_, _ = conn.Read(make([]byte, 1))
		}
	})
}

// flood holds n connections on which nothing is sent.
func (s *soak) flood(n int, hold time.Duration, reset bool) {
	var conns []net.Conn
	for range n {
		conn, err := net.DialTimeout("tcp", s.addr, patience)
		if err != nil {
			s.t.Errorf("an idle connection: %v", err)
			break
		}
		conns = append(conns, conn)
	}
	s.sleep(s.asking, hold)
	for _, conn := range conns {
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
}
