package engine

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
	"muster/internal/testkit"
)

// epoch is where the clocks of the pure tests start.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var loopback = sock.Addr{Network: "tcp", Host: "127.0.0.1"}

func mustOpen(t *testing.T, a sock.Addr, o sock.Options) *sock.Port {
	t.Helper()
	p, err := sock.Open(a, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, p) })
	return p
}

func mustClose(t *testing.T, p *sock.Port) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// dial connects to a; the connection is closed with the test.
func dial(t *testing.T, a Address) net.Conn {
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

func closeAccepted(b []sock.Accepted) {
	for _, a := range b {
		_ = unix.Close(a.FD)
	}
}
