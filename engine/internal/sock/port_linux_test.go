package sock

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// hosts are the addresses the gate is tried on: what to open, where to connect.
func hosts(t *testing.T) map[string]string {
	h := map[string]string{"127.0.0.1": "127.0.0.1", "0.0.0.0": "127.0.0.1"}
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		h["::1"], h["::"], h[""] = "::1", "127.0.0.1", "127.0.0.1" // the last two: IPv4 through a dual-stack socket
	} else {
		t.Logf("no IPv6 here: %v", err)
	}
	return h
}

// Once SetGate has returned, every new connection goes to that side and none to
// the other.
func TestGateIsExact(t *testing.T) {
	for host, to := range hosts(t) {
		t.Run("host "+host, func(t *testing.T) {
			testkit.NoSocketLeft(t, patience)
			p := mustOpen(t, Addr{Network: "tcp", Host: host}, Options{Sockets: 2})
			if !p.gated() || p.whyFixed != "" {
				t.Fatalf("no gate: %s", p.whyFixed)
			}
			front, common := &echo{side: 'f'}, &echo{side: 'c'}
			p.StartAccept(front.batch, func(err error) { t.Errorf("reported: %v", err) })
			defer common.onCommon(t, p)()
			at := Addr{Network: "tcp", Host: to, Port: p.addr.Port}
			for i := range 20 {
				g, want := Front, byte('f') // at first it is front without being set
				if i%2 == 1 {
					g, want = Common, 'c'
				}
				if i > 0 {
					if err := p.SetGate(To(g)); err != nil {
						t.Fatal(err)
					}
				}
				var clients sync.WaitGroup
				for range 10 {
					clients.Go(func() {
						if got, err := ask(at); err != nil || got != want {
							t.Errorf("switch %d to %v: %q, %v", i, g, got, err)
						}
					})
				}
				clients.Wait()
			}
		})
	}
}

// The gate chooses from as many sockets as there are, whichever of them it is:
// each gets all connections while it is chosen, and the others none.
func TestGateOverManySockets(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	const sockets, clients = 5, 8
	p := mustOpen(t, loopback, Options{Sockets: sockets})
	if !p.gated() || len(p.socks) != sockets {
		t.Fatalf("%d sockets: %s", len(p.socks), p.whyFixed)
	}
	for _, g := range []Gate{3, 1, 4, Front, 2} {
		if err := p.SetGate(To(g)); err != nil {
			t.Fatal(err)
		}
		for range clients {
			dial(t, p.addr)
		}
		poll(t, "all wait at one socket", func() bool { return p.WaitingAt(g) == clients })
		if n := p.Waiting(); n != clients {
			t.Errorf("at %v: %d wait in all", g, n)
		}
		b := p.Drain(g, All)
		if len(b) != clients {
			t.Errorf("at %v: %d were accepted", g, len(b))
		}
		closeAccepted(b)
	}
	if err := p.Quiet(); err != nil {
		t.Error(err)
	}
	mustClose(t, p)
	mustOpen(t, p.addr, Options{Sockets: sockets}) // it is free again
}

// Whichever of the workers' sockets somebody makes blocking, it is found and mended:
// an accept there holds up a whole worker.
func TestUnblockMendsEverySocketOfTheWorkers(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 4})
	for _, g := range []Gate{Common, Own(0), Own(1)} {
		if p.Unblock() {
			t.Fatalf("before %v: a socket was blocking", g)
		}
		if err := unix.SetNonblock(p.FD(g), false); err != nil {
			t.Fatal(err)
		}
		if !p.Unblock() {
			t.Errorf("%v was blocking, and it was not said", g)
		}
		flags, err := unix.FcntlInt(uintptr(p.FD(g)), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("%v is still blocking: %v", g, err)
		}
	}
}

// The kernel fills the place of a socket that is shut down with the last one, so the
// program means others than the primary thinks. All must go to front then.
func TestWhereASocketIsShutDownAllGoesToFront(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 4})
	if err := p.SetGate(Evenly([]Gate{Common, Own(0), Own(1)})); err != nil {
		t.Fatal(err)
	}
	if spoilt, err := p.LookSpoilt(); spoilt || err != nil {
		t.Fatalf("spoilt from the start: %v, %v", spoilt, err)
	}
	if err := unix.Shutdown(p.FD(Common), unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	for range 2 { // it stays so
		if spoilt, err := p.LookSpoilt(); !spoilt || err != nil {
			t.Fatalf("spoilt: %v, %v", spoilt, err)
		}
	}
	const clients = 16
	for range clients {
		dial(t, p.addr)
	}
	poll(t, "all wait at front", func() bool { return p.WaitingAt(Front) == clients })
	if can := p.Can(); can.Gate || can.WhyFixed == "" {
		t.Errorf("%+v", can)
	}
	if err := p.SetGate(To(Own(0))); err == nil {
		t.Error("the gate is still used")
	}
	mustClose(t, p) // says nothing of the socket that was shut down
	mustOpen(t, p.addr, Options{Sockets: 4})
}

// 500 clients at once while the gate swings: every one is answered.
func TestGateSwitchesLoseNothing(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	front, common := &echo{side: 'f'}, &echo{side: 'c'}
	p.StartAccept(front.batch, func(err error) { t.Errorf("reported: %v", err) })
	stopCommon := common.onCommon(t, p)
	var clients sync.WaitGroup
	for range 500 {
		clients.Go(func() {
			for range 4 {
				if _, err := ask(p.addr); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { clients.Wait(); close(ended) }()
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	switches := 0
	for running := true; running; {
		select {
		case <-tick.C:
			switches++
			if err := p.SetGate(To(Gate(switches % 2))); err != nil {
				t.Error(err)
			}
		case <-ended:
			running = false
		}
	}
	stopCommon()
	if front.count() == 0 || common.count() == 0 || front.count()+common.count() != 2000 {
		t.Errorf("front %d, common %d in %d switches; want 2000 in all", front.count(), common.count(), switches)
	}
}

// The start of the group is exact as well: the first connections, that come
// while common is being made, do not go there.
func TestGateHoldsFromTheFirstConnection(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := Addr{"tcp", "127.0.0.1", l.Addr().(*net.TCPAddr).Port}
	l.Close()
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if c, err := net.Dial("tcp", a.String()); err == nil {
					c.Close()
				}
			}
		})
	}
	for range 50 {
		p, err := Open(a, Options{Sockets: 2})
		if err != nil {
			t.Error(err)
			break
		}
		if b := p.Drain(Common, All); len(b) > 0 {
			t.Errorf("%d connections reached common", len(b))
			closeAccepted(b)
		}
		closeAccepted(p.Drain(Front, 1000))
		mustClose(t, p)
	}
	close(stop)
	clients.Wait()
}

// A port in use is found whoever uses it and however, and its holder is named.
func TestPortInUse(t *testing.T) {
	plain := func(t *testing.T) int {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().(*net.TCPAddr).Port
	}
	group := func(host string) func(t *testing.T) int {
		return func(t *testing.T) int {
			return mustOpen(t, Addr{Network: "tcp", Host: host}, Options{Sockets: 2}).addr.Port
		}
	}
	foreignGroup := func(t *testing.T) int {
		lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			if e := c.Control(func(fd uintptr) { err = setReusePort(int(fd), true) }); e != nil {
				return e
			}
			return err
		}}
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().(*net.TCPAddr).Port
	}
	for _, c := range []struct {
		name string
		hold func(t *testing.T) int
		host string
	}{
		{"a plain listener", plain, "127.0.0.1"},
		{"a plain listener, asked for all addresses", plain, ""},
		{"another muster", group("127.0.0.1"), "127.0.0.1"},
		{"another muster on all addresses", group(""), "127.0.0.1"},
		{"another SO_REUSEPORT group", foreignGroup, "127.0.0.1"},
	} {
		for _, n := range []int{2, 1} {
			t.Run(fmt.Sprintf("%s, %d sockets", c.name, n), func(t *testing.T) {
				testkit.NoSocketLeft(t, patience)
				a := Addr{"tcp", c.host, c.hold(t)}
				poll(t, "the holder is named", func() bool { // on a busy machine not in the time there is for it
					p, err := Open(a, Options{Sockets: n})
					if err == nil {
						mustClose(t, p)
						t.Fatal("opened")
					}
					if !errors.Is(err, syscall.EADDRINUSE) {
						t.Fatal(err)
					}
					pid := Holder(a, err)
					if pid != 0 && pid != os.Getpid() {
						t.Fatalf("it is us, not %d", pid)
					}
					return pid != 0
				})
			})
		}
	}
}

// Of several that start at one moment, at most one gets the address.
func TestOpenRace(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		a := Addr{"tcp", "127.0.0.1", l.Addr().(*net.TCPAddr).Port}
		l.Close()
		var opened atomic.Int32
		var all sync.WaitGroup
		ports := make(chan *Port, 8)
		for range 8 {
			all.Go(func() {
				if p, err := Open(a, Options{Sockets: 2}); err == nil {
					opened.Add(1)
					ports <- p
				}
			})
		}
		all.Wait()
		close(ports)
		for p := range ports {
			mustClose(t, p)
		}
		if n := opened.Load(); n > 1 {
			t.Fatalf("%d of 8 share one address", n)
		}
	}
}

func TestNotThisMachines(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	_, err := Open(Addr{"tcp", "192.0.2.77", 0}, Options{Sockets: 2})
	if !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Error(err)
	}
}

// Connections in TIME_WAIT at the server, and even open ones, do not block a restart.
func TestRestart(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	a := p.addr
	first, second := dial(t, a), dial(t, a)
	poll(t, "both wait", func() bool { n := p.WaitingAt(Front); return n == 2 })
	b := p.Drain(Front, 2)
	if len(b) != 2 {
		t.Fatalf("%d connections", len(b))
	}
	_ = unix.Close(b[0].FD) // the server closes first: TIME_WAIT is its
	for _, c := range []net.Conn{first, second} {
		if c.LocalAddr().String() == b[0].From.String() {
			_, _ = c.Read(make([]byte, 1))
			c.Close()
		}
	}
	mustClose(t, p)
	again := mustOpen(t, a, Options{Sockets: 2})
	if again.addr != a || !again.gated() {
		t.Errorf("%v, gate %v", again.addr, again.gated())
	}
	_ = unix.Close(b[1].FD)
}

func TestSocketsOfAPort(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, Addr{Network: "tcp", Host: "localhost"}, Options{Sockets: 2, Backlog: 7})
	if p.addr.Host != "127.0.0.1" && p.addr.Host != "::1" || p.addr.Port == 0 {
		t.Errorf("bound to %v", p.addr)
	}
	p.StartAccept(closeAccepted, func(err error) { t.Errorf("reported: %v", err) })
	for _, fd := range []int{p.FD(Front), p.FD(Common), p.acc.reserve} {
		if fd != p.acc.reserve {
			testkit.CheckFlags(t, fd)
		} else if fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || fl&unix.FD_CLOEXEC == 0 {
			t.Errorf("the reserve survives exec (%#x, %v)", fl, err)
		}
	}
	if p.FD(Common) == p.FD(Front) {
		t.Error("common is front")
	}

	single := mustOpen(t, loopback, Options{})
	if single.gated() || single.whyFixed == "" || single.FD(Common) != single.FD(Front) {
		t.Errorf("without a gate: %+v", single)
	}
	if err := single.SetGate(To(Common)); err == nil || err.Error() != single.whyFixed {
		t.Errorf("SetGate without a gate: %v", err)
	}
	if v, err := unix.GetsockoptInt(single.FD(Front), unix.SOL_SOCKET, unix.SO_REUSEPORT); err != nil || v != 0 {
		t.Errorf("others may join the one socket (%d, %v)", v, err)
	}
}

// A worker that makes its copy blocking must not make the primary wait for ever.
func TestDrainOfABlockingSocket(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2})
	if err := unix.SetNonblock(p.FD(Common), false); err != nil {
		t.Fatal(err)
	}
	done := make(chan []Accepted, 1)
	go func() { done <- p.Drain(Common, All) }()
	if b := receive(t, done); len(b) != 0 {
		t.Errorf("%d connections", len(b))
	}
}

// The end under clients: who has connected is answered, the others are refused.
func TestStopLosesNothing(t *testing.T) {
	for _, g := range []Gate{Front, Common} {
		t.Run(g.String(), func(t *testing.T) {
			testkit.NoSocketLeft(t, patience)
			times := 3
			if testkit.Race {
				times = 1 // each is a thousand connections
			}
			for range times {
				stopUnderClients(t, g)
			}
		})
	}
}

func stopUnderClients(t *testing.T, g Gate) {
	p := mustOpen(t, loopback, Options{Sockets: 2})
	front, common := &echo{side: 'f'}, &echo{side: 'c'}
	p.StartAccept(front.batch, func(err error) { t.Errorf("reported: %v", err) })
	stopCommon := common.onCommon(t, p)
	if err := p.SetGate(To(g)); err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	var answered atomic.Int64
	for range 64 {
		clients.Go(func() {
			for {
				switch _, err := ask(p.addr); {
				case err == nil:
					answered.Add(1)
				case errors.Is(err, syscall.ECONNREFUSED):
					return
				default:
					t.Error(err)
					return
				}
			}
		})
	}
	target := 200 + rand.Int64N(200)
	poll(t, "the clients are at it", func() bool { return answered.Load() > target })
	stopCommon() // the workers leave without another look at common
	if err := p.Quiet(); err != nil {
		t.Fatal(err)
	}
	<-time.After(50 * time.Millisecond) // not a wait for something: the time quiet asks for
	front.batch(p.Drain(Front, 1<<20))
	front.batch(p.Drain(Common, All))
	mustClose(t, p)
	clients.Wait()
	front.n.Wait()
	common.n.Wait()
}

// A worker's copy of the common socket outlives the port for a moment: the
// address can be had again all the same.
func TestClosedPortIsFreeWhileAWorkerHasACopy(t *testing.T) {
	p, err := Open(Addr{Network: "tcp", Host: "127.0.0.1"}, Options{Sockets: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !p.gated() {
		t.Skip(p.whyFixed)
	}
	copied, err := unix.FcntlInt(uintptr(p.FD(Common)), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(copied)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(p.addr, Options{Sockets: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
