// Package guard is the process that ends a cluster's workers when their primary
// is gone and could not end them itself: after kill -9. The kernel ends workers
// too, by the signal they asked for (PR_SET_PDEATHSIG). But it clears that
// setting when a process changes its user or runs a file with capabilities
// (prctl(2)), and a worker's children never had it.
//
// The guard is the program itself, started again with Env in its environment:
// then this package's init function never returns, so main does not run in the
// guard. The init must run early, before packages allocate what a guard does
// not need, so this package imports next to nothing: Go initialises packages in
// the order of their import paths, each as soon as all its imports are
// initialised. All of this is for Linux only.
package guard

import "strconv"

// Env makes a process the guard; its value is a Charge.
const Env = "MUSTER_GUARD"

// FD is the guard's end of the socket to the primary.
const FD = 3

// Reach is what the guard ends.
type Reach byte

const (
	Workers Reach = 'w' // the workers alone
	Groups  Reach = 'g' // and their process groups
	Marked  Reach = 'm' // and all that carry the mark
)

// Charge is what a guard is told when it starts.
type Charge struct {
	Primary int
	Reach   Reach
	Mark    string // begins the variable that marks what comes from a worker: "NAME=TOKEN."
}

// String is the value of Env.
func (c Charge) String() string { return strconv.Itoa(c.Primary) + string(rune(c.Reach)) + c.Mark }

// parse reads the value of Env.
func parse(s string) (c Charge, ok bool) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil || n <= 1 || i+1 >= len(s) {
		return c, false
	}
	c = Charge{n, Reach(s[i]), s[i+1:]}
	return c, c.Reach == Workers || c.Reach == Groups || c.Reach == Marked
}

// What a packet says of the worker whose number follows. The packet of a worker
// that has started carries its pidfd.
const (
	started = '+'
	reaped  = '-'
)

// Started is the packet for a worker that has started.
func Started(pid int) []byte { return packet(started, pid) }

// Reaped is the packet for a worker whose number, and whose group's, is free
// again.
func Reaped(pid int) []byte { return packet(reaped, pid) }

func packet(what byte, pid int) []byte { return strconv.AppendInt([]byte{what}, int64(pid), 10) }

func parsePacket(b []byte) (what byte, pid int, ok bool) {
	if len(b) < 2 || b[0] != started && b[0] != reaped {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(string(b[1:]))
	return b[0], pid, err == nil && pid > 0
}
