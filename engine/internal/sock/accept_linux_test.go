package sock

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// An accept that fails costs pauses, not a busy loop; one connection a time is
// closed by giving up the reserve; one report a second.
func TestAcceptFailures(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	var calls atomic.Int64
	var failing atomic.Bool
	failing.Store(true)
	reports := make(chan error, 100)
	got := make(chan []Accepted, 100)
	shed := dial(t, p.addr)
	p.startAcceptWith(func(fd int) (int, netip.AddrPort, error) {
		n := calls.Add(1)
		if failing.Load() && n%2 == 1 {
			return -1, netip.AddrPort{}, unix.EMFILE // every first try; the second has the reserve
		}
		return Accept(fd)
	}, func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { reports <- err })

	if _, err := shed.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a connection without a descriptor was not closed")
	}
	err := receive(t, reports)
	if !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "closed without an answer: 1") {
		t.Errorf("report: %v", err)
	}
	before := calls.Load()
	during := time.NewTimer(300 * time.Millisecond)
	<-during.C
	// 5 + 10 + 20 + 40 + 80 + 160 ms: 6 rounds of at most 3 calls.
	if n := calls.Load() - before; n > 20 {
		t.Errorf("%d accepts in 300 ms of trouble", n)
	}
	if len(reports) > 0 {
		t.Error("two reports in a second")
	}
	failing.Store(false)
	dial(t, p.addr)
	closeAccepted(receive(t, got))
}

// A connection that was reset before it was accepted is skipped: no pause, no report.
func TestAcceptSkipsAborted(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	var calls atomic.Int64
	got := make(chan []Accepted, 100)
	p.startAcceptWith(func(fd int) (int, netip.AddrPort, error) {
		if n := calls.Add(1); n <= 3*batchMax { // also whole batches of them lose no wake-up
			return -1, netip.AddrPort{}, unix.ECONNABORTED
		}
		return Accept(fd)
	}, func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { t.Errorf("reported: %v", err) })
	c := dial(t, p.addr)
	b := receive(t, got)
	if len(b) != 1 || b[0].From.String() != c.LocalAddr().String() || b[0].At.IsZero() {
		t.Errorf("%+v from %v", b, c.LocalAddr())
	}
	closeAccepted(b)
}

func TestPauseAccept(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	got := make(chan []Accepted, 10)
	empty := make(chan bool, 1)
	p.startAcceptWith(func(fd int) (int, netip.AddrPort, error) {
		n, from, err := Accept(fd)
		if errors.Is(err, unix.EAGAIN) {
			select {
			case empty <- true:
			default:
			}
		}
		return n, from, err
	}, func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { t.Errorf("reported: %v", err) })
	receive(t, empty) // from here on it waits, and is woken by the first connection
	p.PauseAccept()
	p.PauseAccept()
	for range 3 {
		dial(t, p.addr)
	}
	poll(t, "all three wait in the kernel", func() bool { n := p.WaitingAt(Front); return n == 3 })
	if b := p.Drain(Front, 1); len(b) != 1 {
		t.Errorf("drained %d, want 1", len(b))
	} else {
		closeAccepted(b)
	}
	p.ResumeAccept()
	p.ResumeAccept()
	for n := 0; n < 2; {
		b := receive(t, got)
		n += len(b)
		closeAccepted(b)
	}
	p.PauseAccept()
	mustClose(t, p) // also while paused
	mustClose(t, p)
}

// Batches are bounded, and the descriptors are as workers need them.
func TestAcceptBatches(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	const clients = 2*batchMax + 10
	for range clients {
		dial(t, p.addr)
	}
	got := make(chan []Accepted)
	p.StartAccept(func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { t.Errorf("reported: %v", err) })
	for n := 0; n < clients; {
		b := receive(t, got)
		n += len(b)
		if len(b) > batchMax {
			t.Errorf("a batch of %d", len(b))
		}
		for _, a := range b {
			testkit.CheckFlags(t, a.FD)
		}
		closeAccepted(b)
	}
}

// What a Go worker makes of a hand-off has TCP_NODELAY, so accept need not set it.
func TestFileConnSetsNoDelay(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	got := make(chan []Accepted, 1)
	p.StartAccept(func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { t.Errorf("reported: %v", err) })
	dial(t, p.addr)
	b := receive(t, got)
	f := os.NewFile(uintptr(b[0].FD), "")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if v, err := unix.GetsockoptInt(b[0].FD, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v == 0 {
		t.Errorf("TCP_NODELAY is %d (%v)", v, err)
	}
	testkit.CheckFlags(t, b[0].FD)
}

const outOfDescriptorsEnv = "MUSTER_TEST_OUT_OF_DESCRIPTORS"

// The same as TestAcceptFailures with a real limit, in a process of its own.
func TestAcceptOutOfDescriptors(t *testing.T) {
	t.Parallel()
	if os.Getenv(outOfDescriptorsEnv) == "" {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAcceptOutOfDescriptors$", "-test.v")
		cmd.Env = append(os.Environ(), outOfDescriptorsEnv+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	p := mustOpen(t, loopback, Options{Sockets: 2})
	reports := make(chan error, 100)
	got := make(chan []Accepted, 100)
	p.StartAccept(func(b []Accepted) { got <- slices.Clone(b) }, func(err error) { reports <- err })

	var clients []net.Conn
	for range 4 {
		clients = append(clients, dial(t, p.addr)) // these have their descriptors before the limit
	}
	held := receive(t, got)
	for len(held) < 4 {
		held = append(held, receive(t, got)...)
	}
	p.PauseAccept()
	late := []net.Conn{dial(t, p.addr), dial(t, p.addr)}
	lowest, err := unix.Dup(p.FD(Front))
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(lowest)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest), Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	p.ResumeAccept()
	for _, c := range late {
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection beyond the limit: %v", err)
		}
	}
	if err := receive(t, reports); !errors.Is(err, unix.EMFILE) {
		t.Errorf("report: %v", err)
	}
	// Descriptors come free: accepting goes on by itself.
	for _, c := range clients {
		c.Close()
	}
	closeAccepted(held)
	dial(t, p.addr)
	closeAccepted(receive(t, got))
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
}

// The front socket's accept reads addresses by itself, and allocates nothing.
func TestAcceptFront(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	for _, c := range []struct {
		name, client string
		addr         Addr
	}{
		{"IPv4", "127.0.0.1", Addr{"tcp", "127.0.0.1", 0}},
		{"IPv6", "::1", Addr{"tcp", "::1", 0}},
		{"IPv4 at IPv6", "127.0.0.1", Addr{"tcp", "::", 0}},
		{"unix", "", Addr{"unix", t.TempDir() + "/s", 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Open(c.addr, Options{})
			if err != nil {
				t.Skip(err) // no IPv6 here
			}
			t.Cleanup(func() { mustClose(t, p) })
			if _, _, err := Accept(p.FD(Front)); err != unix.EAGAIN {
				t.Fatalf("nobody waits: %v", err)
			}
			at := p.Addr()
			if c.client != "" {
				at.Host = c.client
			}
			client := dial(t, at)
			fd, from, err := Accept(p.FD(Front))
			if err != nil {
				t.Fatal(err)
			}
			testkit.CheckFlags(t, fd)
			if want, _ := netip.ParseAddrPort(client.LocalAddr().String()); from != want {
				t.Errorf("from %v, want %v", from, want)
			}
			if err := unix.Close(fd); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a link's address", func(t *testing.T) {
		sa := unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: [16]byte{0: 0xfe, 1: 0x80, 15: 1}, Scope_id: 7}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&sa.Port))[:], 8080)
		from := addrPortOfRaw((*unix.RawSockaddrAny)(unsafe.Pointer(&struct {
			unix.RawSockaddrInet6
			_ [unsafe.Sizeof(unix.RawSockaddrAny{})]byte
		}{RawSockaddrInet6: sa})))
		if want := netip.MustParseAddrPort("[fe80::1%7]:8080"); from != want {
			t.Errorf("from %v, want %v", from, want)
		}
	})
	t.Run("allocations", func(t *testing.T) {
		p := mustOpen(t, loopback, Options{})
		const clients = 20
		for range clients + 1 {
			dial(t, p.addr)
		}
		if n := testing.AllocsPerRun(clients, func() {
			if fd, _, err := Accept(p.FD(Front)); err == nil {
				_ = unix.Close(fd)
			} else {
				t.Error(err)
			}
		}); n > 0 {
			t.Errorf("%v allocations a connection", n)
		}
	})
}
