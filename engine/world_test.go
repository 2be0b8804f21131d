package engine

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// world is a system without processes: what a test's workers say, and when they
// end, is said by the test. With synctest its clock is the test's too.
type world struct {
	kernel
	t       *testing.T
	started chan *puppet // in their order
}

// puppet is a worker without a process.
type puppet struct {
	id    int
	at    time.Time // of its start
	deaf  bool      // SIGTERM does not end it
	heard chan ipc.Message
	ended chan proc.Exit
	cut   chan struct{} // its channel is closed

	mu      sync.Mutex
	over    bool
	signals []signalAt
}

// signalAt is a signal a puppet got.
type signalAt struct {
	sig syscall.Signal
	at  time.Time
}

// playOn runs a cluster in a new world, and f with it; afterwards the cluster is
// closed. Call it in a bubble of synctest.
func playOn(t *testing.T, o Options, f func(c *Cluster, s *world)) {
	t.Helper()
	o.NoGuard, o.KeepChildren = true, true // there is nothing to guard, and no child
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &world{t: t, started: make(chan *puppet, 100)}
	c.loop.sys = s
	ran := make(chan error, 1)
	go func() { ran <- c.Run(context.Background()) }()
	f(c, s)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

func (s *world) start(spec proc.Spec, _ [3]Stdio) (*proc.Process, channel, [3]*os.File, error) {
	p := &puppet{
		id: spec.Worker, at: time.Now(),
		heard: make(chan ipc.Message, 16), ended: make(chan proc.Exit, 1), cut: make(chan struct{}),
	}
	s.started <- p
	// No process has such a number.
	return &proc.Process{Calls: p, PID: 1<<30 + spec.Worker, Worker: spec.Worker}, puppetChannel{p}, [3]*os.File{}, nil
}

// next waits for the next worker that is started.
func (s *world) next() *puppet {
	s.t.Helper()
	select {
	case p := <-s.started:
		return p
	case <-time.After(time.Hour):
		s.t.Fatal("no worker is started any more")
		return nil
	}
}

// says has the worker say one of Node's cluster messages.
func (p *puppet) says(m ipc.ClusterMsg) {
	p.heard <- ipc.Message{Kind: ipc.Cluster, FD: -1, Cluster: m}
}

// listens has it come up, and listen for datagrams: nobody has to accept these.
func (p *puppet) listens() {
	local := "127.0.0.1"
	q := &ipc.Query{Address: &local, AddressType: "udp4", FD: -1}
	p.says(ipc.ClusterMsg{Act: "online"})
	p.says(ipc.ClusterMsg{Act: "queryServer", Seq: 1, Query: q})
	p.says(ipc.ClusterMsg{Act: "listening", Seq: 2, Query: q})
}

// exits ends it, once.
func (p *puppet) exits(e proc.Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	p.ended <- e
	close(p.heard)
}

func (p *puppet) got() []signalAt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signals
}

// Signal is of proc.Calls, as are those below.
func (p *puppet) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	p.signals = append(p.signals, signalAt{sig, time.Now()})
	p.mu.Unlock()
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM && !p.deaf {
		p.exits(proc.Exit{Signal: sig})
	}
	return nil
}

func (p *puppet) SignalGroup(sig syscall.Signal)      { _ = p.Signal(sig) }
func (p *puppet) AwaitEnd() (proc.Exit, error)        { return <-p.ended, nil }
func (p *puppet) Reap() error                         { return nil }
func (p *puppet) IsReaped() bool                      { return false }
func (p *puppet) Stopped() bool                       { return false }
func (p *puppet) WithPidfd(func(pidfd uintptr)) error { return errors.New("no process") }
func (p *puppet) Dying() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// puppetChannel is the primary's end of a puppet's channel. What the primary says
// is heard by nobody.
type puppetChannel struct{ p *puppet }

func (c puppetChannel) Read(dst []ipc.Message) ([]ipc.Message, error) {
	select {
	case m, ok := <-c.p.heard:
		if !ok {
			return dst[:0], io.EOF
		}
		return append(dst[:0], m), nil
	case <-c.p.cut:
		return dst[:0], ipc.ErrClosed
	}
}

func (c puppetChannel) Close() error {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	select {
	case <-c.p.cut:
	default:
		close(c.p.cut)
	}
	return nil
}

func (c puppetChannel) Fail(error)                     { _ = c.Close() }
func (c puppetChannel) Send([]byte, int) error         { return nil }
func (c puppetChannel) TrySend([]byte, int) error      { return nil }
func (c puppetChannel) TrySendAll([]byte, []int) error { return nil }
func (c puppetChannel) Pending() int                   { return 0 }
func (c puppetChannel) Flush(context.Context) error    { return nil }
func (c puppetChannel) PeerGone() bool                 { return c.p.Dying() }

// kindsOf are the kinds of a worker's events, in their order.
func kindsOf(c *Cluster, worker int) (kinds []Kind) {
	all, _ := c.Events(0)
	for _, e := range all {
		if e.Worker == worker {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
