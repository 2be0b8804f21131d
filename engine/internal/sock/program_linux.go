package sock

import (
	"math"
	"math/bits"

	"golang.org/x/sys/unix"
)

// Loads of a classic BPF program that do not count from the packet's data, which
// here begins behind the TCP header: ancillary ones and, where skfNetOff is added,
// those that count from the IP header. linux/filter.h.
const (
	skfAdOff, skfAdRandom = 0xfffff000, 56
	skfNetOff             = 0xfff00000
)

// program is the gate program: it returns the index of a socket of the group. A
// classic program has no state, so an exact turn is not possible; see turns.
func (w Way) program() []unix.SockFilter {
	var number []unix.SockFilter // leaves in A which of w.to it is
	switch w.by {
	case evenly: // at random
		number = []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: skfAdOff + skfAdRandom},
			{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(len(w.to))},
		}
	case byClient:
		number = clientGroup(w.mul, len(w.to))
	}
	return append(number, choose(w.to, 0)...)
}

// clientGroup leaves in A the group of the packet's client, as ByClient says, of so
// many groups.
func clientGroup(mul uint32, groups int) []unix.SockFilter {
	// The client's address, or the second 32 bits of it, stand at 12 in both headers.
	const version, v6, v6Source, last = 0, 0x60, 8, 12
	return []unix.SockFilter{
		{Code: unix.BPF_LDX | unix.BPF_W | unix.BPF_IMM, K: 0},
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: skfNetOff + version},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: v6, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: skfNetOff + v6Source},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: mul},
		{Code: unix.BPF_MISC | unix.BPF_TAX},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: skfNetOff + last},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_X},
		{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: mul},
		{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: uint32(bits.LeadingZeros32(uint32(groups)) + 1)},
	}
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
