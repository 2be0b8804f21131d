package sock

import (
	"testing"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// result runs a program that chooses by the accumulator.
func result(t *testing.T, prog []unix.SockFilter, a uint32) Gate {
	t.Helper()
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
		default:
			t.Fatalf("instruction %d: %+v", i, f)
		}
	}
	t.Fatal("the program has no end")
	return 0
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
			if got := result(t, prog, uint32(i)); got != want {
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
	if err := p.SetGate(AtRandom(all)); err != nil {
		t.Fatal(err)
	}
	chosen := []Gate{Own(7), Own(0), Own(299)}
	if err := p.SetGate(AtRandom(chosen)); err != nil {
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
