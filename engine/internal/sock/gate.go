package sock

import (
	"fmt"
	"slices"
)

// Gate names one of an address's listening sockets: its index in the group, in
// the order of listen(2). The gate program returns that index to the kernel.
type Gate int

// What the sockets are for: at Front the primary accepts, and hands off. Common
// is the one all workers have a copy of and accept on. The others, from Own(0)
// on, belong to one worker each.
const (
	Front  Gate = 0
	Common Gate = 1
)

// Own is the socket with number i among those that belong to one worker each.
func Own(i int) Gate { return Common + 1 + Gate(i) }

// String is "front", "common" or "own 3".
func (g Gate) String() string {
	switch {
	case g == Front:
		return "front"
	case g == Common:
		return "common"
	case g >= Own(0):
		return fmt.Sprintf("own %d", int(g-Own(0)))
	}
	return fmt.Sprintf("gate(%d)", int(g))
}

// Way is how the kernel picks the socket that gets a new connection.
type Way struct {
	by  byWhat
	to  []Gate
	mul uint32 // of byClient
}

type byWhat int

const (
	byNothing byWhat = iota // all go to to[0]
	evenly
	byClient
)

// To sends every new connection to one socket.
func To(g Gate) Way { return Way{by: byNothing, to: []Gate{g}} }

// Evenly sends each new connection to one of the sockets: to each in turn if this
// process may load an eBPF program, else at random, all with the same chance. A socket
// that is named twice gets twice as many. gs must not be empty.
func Evenly(gs []Gate) Way { return Way{by: evenly, to: slices.Clone(gs)}.short() }

// ByClient sends each new connection to the socket of its client's group, gs[g].
// With 2^n groups g is the upper n bits of h*mul in 32 bits; h is the client's IPv4
// address or, of its IPv6 address, the first 32 bits times mul plus the next 32. The
// number of groups must be a power of two from 2 to 512: a program for more may be
// larger than older kernels take (net.core.optmem_max).
func ByClient(gs []Gate, mul uint32) Way {
	return Way{by: byClient, to: slices.Clone(gs), mul: mul}.short()
}

// short is To if there is only one socket to choose from.
func (w Way) short() Way {
	for _, g := range w.to[1:] {
		if g != w.to[0] {
			return w
		}
	}
	return To(w.to[0])
}

// String is "front", "evenly to [own 0 own 1]" or "by client to 2 sockets".
func (w Way) String() string {
	switch w.by {
	case evenly:
		return fmt.Sprintf("evenly to %v", w.to)
	case byClient:
		return fmt.Sprintf("by client to %d sockets", len(slices.Compact(slices.Sorted(slices.Values(w.to)))))
	}
	return w.to[0].String()
}

func (w Way) equal(o Way) bool { return w.by == o.by && w.mul == o.mul && slices.Equal(w.to, o.to) }
