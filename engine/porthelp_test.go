package engine

import (
	"net"
	"os"
	"path/filepath"
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
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came in %v", patience)
		panic("not reached")
	}
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

// checkFlags says that a descriptor is non-blocking and close-on-exec.
func checkFlags(t *testing.T, fd int) {
	t.Helper()
	if fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || fl&unix.O_NONBLOCK == 0 {
		t.Errorf("descriptor %d is blocking (%#x, %v)", fd, fl, err)
	}
	if fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || fl&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor %d survives exec (%#x, %v)", fd, fl, err)
	}
}

// checkNoLeaks compares the sockets open at the end of the test with those now.
// Call it first. Not for parallel tests.
func checkNoLeaks(t *testing.T) {
	t.Helper()
	before := openSockets(t)
	t.Cleanup(func() {
		poll(t, "all sockets closed", func() bool {
			for s := range openSockets(t) {
				if !before[s] {
					return false
				}
			}
			return true
		})
	})
}

func openSockets(t *testing.T) map[string]bool {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of descriptors: %v", err)
	}
	all := make(map[string]bool)
	for _, e := range dir {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err == nil && (len(to) > 7 && to[:7] == "socket:" || to == os.DevNull) {
			all[e.Name()+" "+to] = true
		}
	}
	return all
}
