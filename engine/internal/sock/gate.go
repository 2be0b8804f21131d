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
	by byWhat
	to []Gate
}

type byWhat int

const (
	byNothing byWhat = iota // all go to to[0]
	byChance
)

// To sends every new connection to one socket.
func To(g Gate) Way { return Way{byNothing, []Gate{g}} }

// AtRandom sends each new connection to one of the sockets, all with the same
// chance. gs must not be empty.
func AtRandom(gs []Gate) Way {
	if len(gs) == 1 {
		return To(gs[0])
	}
	return Way{byChance, slices.Clone(gs)}
}

// String is "front" or "random of [own 0 own 1]".
func (w Way) String() string {
	if w.by == byChance {
		return fmt.Sprintf("random of %v", w.to)
	}
	return w.to[0].String()
}

func (w Way) equal(o Way) bool { return w.by == o.by && slices.Equal(w.to, o.to) }
