package sock

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// turns puts a Way on a group. Where the kernel lets this process load an eBPF program
// (CAP_BPF, Linux 5.12), Evenly is an exact turn; else a classic program deals at
// random. What it decides at the first Evenly stays.
type turns struct {
	counter *os.File // a map with one number: how often a program has dealt. It outlives the programs, so that the turn goes on when the sockets change
	refused bool     // the kernel does not take such programs from us
}

// errFiltered says that bpf(2) was not tried: a seccomp filter, as systemd's
// SystemCallFilter= makes it, may kill the process for it.
var errFiltered = errors.New("system calls are filtered")

// attach replaces the group's program. The kernel swaps it atomically.
func (t *turns) attach(fd int, w Way) error {
	if w.by == evenly && !t.refused {
		if err := t.inTurn(fd, w.to); err == nil {
			return nil
		}
		t.refused = true
		t.close()
	}
	return attachGate(fd, w)
}

func (t *turns) close() {
	_ = t.counter.Close() // there may be none; and it holds nothing that could be lost
	t.counter = nil
}

func (t *turns) inTurn(fd int, to []Gate) error {
	if t.counter == nil {
		if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || mode != 0 {
			return errFiltered
		}
		const keySize, valueSize, elements = 4, 8, 1
		attr := [...]uint32{unix.BPF_MAP_TYPE_ARRAY, keySize, valueSize, elements}
		counter, err := bpf(unix.BPF_MAP_CREATE, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		if err != nil {
			return err
		}
		t.counter = os.NewFile(uintptr(counter), "turns")
	}
	prog, err := load(turnProgram(int32(t.counter.Fd()), to))
	if err != nil {
		return err
	}
	defer unix.Close(prog) // the group keeps the program
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, prog)
}

// insn is an instruction of an eBPF program: struct bpf_insn of linux/bpf.h.
type insn struct {
	code uint8
	regs uint8 // the destination in the lower half, the source in the upper. A big-endian kernel has it the other way round, and refuses these programs
	off  int16
	imm  int32
}

// turnProgram is the gate program that returns each of to in turn: to[c%len(to)],
// where c is what the counter had before the program added one. A packet that belongs
// to no connection and opens none takes a turn, too.
func turnProgram(counter int32, to []Gate) []insn {
	const r0, r1, source = 0, 1, 4
	return append([]insn{
		{code: unix.BPF_LD | unix.BPF_DW | unix.BPF_IMM, regs: r1 | unix.BPF_PSEUDO_MAP_VALUE<<source, imm: counter},
		{}, // the second half of a load of 64 bits
		{code: unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K, regs: r0, imm: 1},
		{code: unix.BPF_STX | unix.BPF_ATOMIC | unix.BPF_DW, regs: r1 | r0<<source, imm: unix.BPF_ADD | unix.BPF_FETCH},
		{code: unix.BPF_ALU64 | unix.BPF_MOD | unix.BPF_K, regs: r0, imm: int32(len(to))},
	}, chooseTurn(to, 0)...)
}

// chooseTurn is choose for an eBPF program, with the number in register 0.
func chooseTurn(to []Gate, first int) []insn {
	if !slices.ContainsFunc(to, func(g Gate) bool { return g != to[0] }) {
		return []insn{
			{code: unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K, imm: int32(to[0])},
			{code: unix.BPF_JMP | unix.BPF_EXIT},
		}
	}
	half := len(to) / 2
	low, high := chooseTurn(to[:half], first), chooseTurn(to[half:], first+half)
	jump := insn{code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, imm: int32(first + half), off: int16(len(low))}
	return slices.Concat([]insn{jump}, low, high)
}

// load gives the kernel a program. The descriptor is close-on-exec.
func load(prog []insn) (int, error) {
	license := []byte("MIT\x00")
	var pin runtime.Pinner // attr has addresses that Go does not know of
	defer pin.Unpin()
	pin.Pin(&prog[0])
	pin.Pin(&license[0])
	attr := struct {
		typ, insns    uint32
		prog, license uint64
	}{
		unix.BPF_PROG_TYPE_SOCKET_FILTER, uint32(len(prog)),
		uint64(uintptr(unsafe.Pointer(&prog[0]))), uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	for tries := 1; ; tries++ {
		fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		if err != unix.EAGAIN || tries == 20 { // a signal, as the runtime sends them, ends the check of a program
			return fd, err
		}
	}
}

func bpf(cmd uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	fd, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
