package sock

import (
	"math"

	"golang.org/x/sys/unix"
)

// Ancillary loads of a classic BPF program, linux/filter.h.
const skfAdOff, skfAdRandom = 0xfffff000, 56

// program is the gate program: it returns the index of a socket of the group. A
// classic program has no state, so an exact turn is not possible.
func (w Way) program() []unix.SockFilter {
	if w.by == byChance {
		return append([]unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: skfAdOff + skfAdRandom},
			{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(len(w.to))},
		}, choose(w.to, 0)...)
	}
	return choose(w.to, 0)
}

// choose is a program that returns to[A-first], for an accumulator A of
// first to first+len(to)-1. It halves: n sockets cost 2n instructions, and a
// connection about log n of them.
func choose(to []Gate, first uint32) []unix.SockFilter {
	half := len(to) / 2
	same := true
	for i := range to {
		same = same && to[i] == to[0]
	}
	if same {
		return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: uint32(to[0])}}
	}
	low, high := choose(to[:half], first), choose(to[half:], first+uint32(half))
	jump := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: first + uint32(half)}
	prog := []unix.SockFilter{jump}
	if far := len(low); far <= math.MaxUint8 {
		prog[0].Jt = uint8(far)
	} else {
		prog[0].Jf = 1
		prog = append(prog, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(far)})
	}
	return append(append(prog, low...), high...)
}
