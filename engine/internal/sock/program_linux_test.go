package sock

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/internal/testkit"
)

// result runs a program that begins with a in its accumulator, for a packet whose IP
// header is ip.
func result(t *testing.T, prog []unix.SockFilter, a uint32, ip []byte) Gate {
	t.Helper()
	var x uint32
	for i := 0; i < len(prog); i++ {
		switch f := prog[i]; f.Code {
		case unix.BPF_RET | unix.BPF_K:
			return Gate(f.K)
		case unix.BPF_JMP | unix.BPF_JA:
			i += int(f.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			if a >= f.K {
				i += int(f.Jt)
			} else {
				i += int(f.Jf)
			}
		case unix.BPF_LD | unix.BPF_B | unix.BPF_ABS:
			a = uint32(ip[f.K-skfNetOff])
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = binary.BigEndian.Uint32(ip[f.K-skfNetOff:])
		case unix.BPF_LDX | unix.BPF_W | unix.BPF_IMM:
			x = f.K
		case unix.BPF_MISC | unix.BPF_TAX:
			x = a
		case unix.BPF_ALU | unix.BPF_ADD | unix.BPF_X:
			a += x
		case unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K:
			a *= f.K
		case unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K:
			a >>= f.K
		default:
			t.Fatalf("instruction %d: %+v", i, f)
		}
	}
	t.Fatal("the program has no end")
	return 0
}

// header is the IP header of a packet from a client; the bytes the program must not
// read are not zero.
func header(from netip.Addr) []byte {
	ip := bytes.Repeat([]byte{0xa5}, 40)
	if from.Is4() {
		ip[0] = 0x45
		copy(ip[12:16], from.AsSlice())
	} else {
		ip[0] = 0x6a
		copy(ip[8:24], from.AsSlice())
	}
	return ip
}

// ownOfBucket gives each bucket a socket of its own, in an order of no meaning.
func ownOfBucket() []Gate {
	to := make([]Gate, deal.Buckets)
	for i := range to {
		to[i] = Own(i * 7 % len(to))
	}
	return to
}

// Every value has its socket, also where jumps are far.
func TestChoose(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 64, 100, 511, 700} {
		to := make([]Gate, n)
		for i := range to {
			to[i] = Own(i * 7 % n)
		}
		prog := choose(to, 0)
		for i, want := range to {
			if got := result(t, prog, uint32(i), nil); got != want {
				t.Fatalf("%d sockets, value %d: %v, want %v", n, i, got, want)
			}
		}
	}
}

// The kernel takes the program for as many workers as there may be, and deals to
// all that are named, and to no other.
func TestTheKernelDealsAtRandom(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2 + 300})
	if p.Owns() != 300 {
		t.Fatalf("%d sockets of their own: %s", p.Owns(), p.whyFixed)
	}
	all := make([]Gate, p.Owns())
	for i := range all {
		all[i] = Own(i)
	}
	p.turns.refused = true
	if err := p.SetGate(Evenly(all)); err != nil {
		t.Fatal(err)
	}
	chosen := []Gate{Own(7), Own(0), Own(299)}
	if err := p.SetGate(Evenly(chosen)); err != nil {
		t.Fatal(err)
	}
	const clients = 300
	for range clients {
		dial(t, p.addr)
	}
	poll(t, "all wait", func() bool { return p.Waiting() == clients })
	for _, g := range chosen {
		if n := p.WaitingAt(g); n < 60 || n > 140 { // 100 is the mean, 8 the deviation
			t.Errorf("%v: %d of %d", g, n, clients)
		}
		closeAccepted(p.Drain(g, All))
	}
	if n := p.Waiting(); n != 0 {
		t.Errorf("%d wait elsewhere", n)
	}
	if err := p.SetGate(To(Own(300))); err == nil {
		t.Error("a socket that is not there was taken")
	}
}

// The program finds the same group for a client as the primary does.
func TestTheProgramKnowsBuckets(t *testing.T) {
	to := ownOfBucket()
	prog := ByClient(to, deal.Spread).program()
	if len(prog) > 2000 { // the limit is 4096, and net.core.optmem_max allows about 2500 at least
		t.Errorf("%d instructions", len(prog))
	}
	r := rand.New(rand.NewPCG(1, 2))
	clients := []string{"0.0.0.0", "127.0.0.1", "255.255.255.255", "::1", "fe80::1", "2001:db8::1", "2001:db8:ffff:ffff::1", "ffff:ffff:ffff:ffff::"}
	for range 2000 {
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], r.Uint64())
		binary.BigEndian.PutUint64(b[8:], r.Uint64())
		clients = append(clients, netip.AddrFrom16(b).String(), netip.AddrFrom4([4]byte(b[:4])).String())
	}
	for _, c := range clients {
		from := netip.MustParseAddr(c)
		if got, want := result(t, prog, 0, header(from)), to[deal.Bucket(from)]; got != want {
			t.Fatalf("%s: %v, want %v", c, got, want)
		}
	}
}

// loopbacks are the IPv6 addresses of the loopback interface: ::1, and those somebody
// has added.
func loopbacks(t *testing.T) (all []netip.Addr) {
	t.Helper()
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	as, err := lo.Addrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() {
			all = append(all, p.Addr())
		}
	}
	return all
}

// The kernel sends each client to the socket of its bucket, by IPv4, by IPv6, and by
// IPv4 to an IPv6 socket.
func TestTheKernelDealsByClient(t *testing.T) {
	to := ownOfBucket()
	for host, dest := range hosts(t) {
		t.Run("host "+host, func(t *testing.T) {
			testkit.NoSocketLeft(t, patience)
			p := mustOpen(t, Addr{Network: "tcp", Host: host}, Options{Sockets: 2 + len(to)})
			if p.Owns() != len(to) {
				t.Fatalf("%d sockets of their own: %s", p.Owns(), p.whyFixed)
			}
			if err := p.SetGate(ByClient(to, deal.Spread)); err != nil {
				t.Fatal(err)
			}
			clients := loopbacks(t)
			if a := netip.MustParseAddr(dest); a.Is4() {
				for clients = nil; len(clients) < 100; a = a.Next() {
					clients = append(clients, a)
				}
			}
			for _, from := range clients {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Timeout: 10 * time.Second}
				c, err := d.DialContext(context.Background(), "tcp", Addr{"tcp", dest, p.addr.Port}.String())
				if err != nil {
					t.Fatal(err)
				}
				want := to[deal.Bucket(from)]
				poll(t, from.String()+" waits at its socket", func() bool { return p.WaitingAt(want) == 1 })
				closeAccepted(p.Drain(want, All))
				c.Close()
			}
		})
	}
}

// A choice of one is none, and the programs of two choices are told apart.
func TestWaysAreTold(t *testing.T) {
	many := []Gate{Own(1), Front, Own(1), Own(0)}
	for want, w := range map[string]Way{
		"own 2":                               Evenly([]Gate{Own(2), Own(2)}),
		"front":                               ByClient([]Gate{Front, Front}, 3),
		"by client to 3 sockets":              ByClient(many, 3),
		"evenly to [own 1 front own 1 own 0]": Evenly(many),
	} {
		if w.String() != want || !w.equal(w) {
			t.Errorf("%v, want %s", w, want)
		}
	}
	if ByClient(many, 3).equal(ByClient(many, 5)) || ByClient(many, 3).equal(Evenly(many)) {
		t.Error("different programs are equal")
	}
}
