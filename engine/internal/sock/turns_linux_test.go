package sock

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// needTurns skips where this process may have no eBPF program.
func needTurns(t *testing.T) {
	t.Helper()
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || mode != 0 {
		t.Skipf("system calls are filtered: %d, %v", mode, err)
	}
	attr := [...]uint32{unix.BPF_MAP_TYPE_ARRAY, 4, 8, 1}
	fd, err := bpf(unix.BPF_MAP_CREATE, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	if err != nil {
		t.Skipf("no CAP_BPF: %v", err)
	}
	unix.Close(fd)
}

// programs are this process's descriptors of eBPF programs and their maps.
func programs(t *testing.T) (all []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(to, "bpf") {
			all = append(all, to)
		}
	}
	return all
}

func openGroup(t *testing.T, owns int) *Port {
	t.Helper()
	testkit.NoSocketLeft(t, patience)
	p := mustOpen(t, loopback, Options{Sockets: 2 + owns})
	if p.Owns() != owns {
		t.Fatalf("%d sockets of their own: %s", p.Owns(), p.whyFixed)
	}
	return p
}

// dealt is where so many connections go.
func dealt(t *testing.T, p *Port, clients int) map[Gate]int {
	t.Helper()
	for range clients {
		dial(t, p.addr)
	}
	poll(t, "all wait", func() bool { return p.Waiting() == clients })
	got := map[Gate]int{}
	for g := range Gate(len(p.socks)) {
		if n := p.WaitingAt(g); n > 0 {
			got[g] = n
			closeAccepted(p.Drain(g, All))
		}
	}
	return got
}

func setGate(t *testing.T, p *Port, w Way) {
	t.Helper()
	if err := p.SetGate(w); err != nil {
		t.Fatal(err)
	}
}

// Each socket gets as many as any other, also when the set changes, and one that is
// named twice gets two parts.
func TestTheKernelDealsInTurn(t *testing.T) {
	needTurns(t)
	p := openGroup(t, 300)
	all := make([]Gate, 300)
	for i := range all {
		all[i] = Own(i)
	}
	for _, to := range [][]Gate{
		all,
		{Own(7), Own(0), Own(299)},
		{Own(7), Own(0), Own(299), Own(8)},
		{Own(8), Own(0)},
		{Own(1), Front, Own(1), Own(0), Front, Own(1), Own(5)},
	} {
		setGate(t, p, Evenly(to))
		if p.turns.refused {
			t.Fatalf("%d sockets: the kernel refused the program", len(to))
		}
		const rounds = 3
		want := map[Gate]int{}
		for _, g := range to {
			want[g] += rounds
		}
		if got := dealt(t, p, rounds*len(to)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
		setGate(t, p, To(Front)) // as another policy
	}
	mustClose(t, p)
	if left := programs(t); len(left) > 0 {
		t.Errorf("left open: %v", left)
	}
}

// The turn goes on when the sockets change: it does not begin with the first again.
func TestTheTurnGoesOn(t *testing.T) {
	needTurns(t)
	p := openGroup(t, 6)
	sets := [2][]Gate{{Own(0), Own(1), Own(2)}, {Own(3), Own(4), Own(5)}}
	got := map[Gate]int{}
	for i := range 12 {
		setGate(t, p, Evenly(sets[i%2]))
		for g := range dealt(t, p, 1) {
			got[g]++
		}
	}
	for g := Own(0); g <= Own(5); g++ {
		if got[g] != 2 {
			t.Errorf("%v, want 2 each", got)
			break
		}
	}
	if held := programs(t); len(held) != 1 {
		t.Errorf("descriptors held for it: %v", held)
	}
}

// checkRandom changes the set of a group that may have no program, and sees that all
// of it is dealt to.
func checkRandom(t *testing.T, p *Port) {
	t.Helper()
	setGate(t, p, Evenly([]Gate{Own(2), Own(1), Own(0)}))
	if !p.turns.refused {
		t.Error("the program was tried again")
	}
	if got := dealt(t, p, 90); len(got) != 3 || got[Own(0)]+got[Own(1)]+got[Own(2)] != 90 {
		t.Errorf("dealt %v", got)
	}
	if left := programs(t); len(left) > 0 {
		t.Errorf("left open: %v", left)
	}
}

// Without CAP_BPF the kernel deals at random, and it stays at that.
func TestWithoutCapabilityTheKernelDealsAtRandom(t *testing.T) {
	p := openGroup(t, 3)
	err := withoutCapabilities(t, func() error { return p.SetGate(Evenly([]Gate{Own(0), Own(1), Own(2)})) })
	if err != nil {
		t.Fatal(err)
	}
	if !p.turns.refused {
		t.Skip("this kernel takes programs from everybody: kernel.unprivileged_bpf_disabled is 0")
	}
	checkRandom(t, p)
}

// A program that is refused later, as to a process that has given up its capabilities,
// is replaced by the random one.
func TestTurnsEndWithTheCapability(t *testing.T) {
	needTurns(t)
	p := openGroup(t, 3)
	setGate(t, p, Evenly([]Gate{Own(0), Own(1)}))
	if err := withoutCapabilities(t, func() error { return p.SetGate(Evenly([]Gate{Own(0), Own(1), Own(2)})) }); err != nil {
		t.Fatal(err)
	}
	if !p.turns.refused {
		t.Skip("this kernel takes programs from everybody: kernel.unprivileged_bpf_disabled is 0")
	}
	checkRandom(t, p)
}

func withoutCapabilities(t *testing.T, do func() error) error {
	t.Helper()
	runtime.LockOSThread() // capabilities are the thread's
	defer runtime.UnlockOSThread()
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had [2]unix.CapUserData
	if err := unix.Capget(&head, &had[0]); err != nil {
		t.Fatal(err)
	}
	none := had
	none[0].Effective, none[1].Effective = 0, 0
	if err := unix.Capset(&head, &none[0]); err != nil {
		t.Fatal(err)
	}
	err := do()
	if err := unix.Capset(&head, &had[0]); err != nil {
		t.Fatal(err)
	}
	return err
}

// Where a filter may kill the process for bpf(2) it is not called. Without the guard
// this test's process ends.
func TestFilteredCallsAreNotTried(t *testing.T) {
	p := openGroup(t, 3)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the filter ends with the thread
		if err := dieOfBPF(); err != nil {
			done <- err
			return
		}
		done <- p.SetGate(Evenly([]Gate{Own(0), Own(1), Own(2)}))
	}()
	if err := receive(t, done); err != nil {
		t.Fatal(err)
	}
	checkRandom(t, p)
}

// dieOfBPF makes bpf(2) in this thread the end of the process, as systemd's
// SystemCallFilter= does.
func dieOfBPF() error {
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_BPF, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return fmt.Errorf("filter: %w", errno)
	}
	return nil
}
