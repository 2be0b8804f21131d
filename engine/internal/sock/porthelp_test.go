package sock

import (
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

var loopback = Addr{Network: "tcp", Host: "127.0.0.1"}

func mustOpen(t *testing.T, a Addr, o Options) *Port {
	t.Helper()
	p, err := Open(a, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, p) })
	return p
}

func mustClose(t *testing.T, p *Port) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// dial connects to a; the connection is closed with the test.
func dial(t *testing.T, a Addr) net.Conn {
	t.Helper()
	c, err := net.DialTimeout(a.Network, a.String(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// patience is how long a test waits for what must happen: long, since other tests
// run at the same time.
const patience = 30 * time.Second

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	return testkit.Receive(t, patience, ch)
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testkit.Eventually(t, patience, ok, what)
}

func closeAccepted(b []Accepted) {
	for _, a := range b {
		_ = unix.Close(a.FD)
	}
}

// echo answers one byte on every connection with the side it came in on.
type echo struct {
	side byte
	n    sync.WaitGroup
	mu   sync.Mutex
	took int
}

func (e *echo) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.took
}

func (e *echo) serve(c net.Conn) {
	e.mu.Lock()
	e.took++
	e.mu.Unlock()
	e.n.Go(func() {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			_, _ = c.Write([]byte{e.side})
		}
	})
}

// batch serves what the primary accepted.
func (e *echo) batch(b []Accepted) {
	for _, a := range b {
		f := os.NewFile(uintptr(a.FD), "")
		if c, err := net.FileConn(f); err == nil {
			e.serve(c)
		}
		_ = f.Close()
	}
}

// onCommon accepts on a copy of common as a worker does, until the function it
// returns is called.
func (e *echo) onCommon(t *testing.T, p *Port) (stop func()) {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(p.FD(Common)), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "common")
	l, err := net.FileListener(f)
	_ = f.Close()
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.serve(c)
		}
	})
	return func() {
		l.Close()
		done.Wait()
	}
}

// ask is one client: it connects, sends a byte and returns the answer.
func ask(a Addr) (byte, error) {
	c, err := net.DialTimeout(a.Network, a.String(), 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte{'?'}); err != nil {
		return 0, fmt.Errorf("after connecting: %w", err)
	}
	b := make([]byte, 1)
	if _, err := c.Read(b); err != nil {
		return 0, fmt.Errorf("after connecting: %w", err)
	}
	return b[0], nil
}
