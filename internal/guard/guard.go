// Package guard is the process that ends a cluster's workers when their primary
// is gone and could not do it: after kill -9. The kernel ends them too, by the
// signal they asked for (PR_SET_PDEATHSIG), but takes that from a process that
// changes its user or runs a file with capabilities (prctl(2)), and what a worker
// has started never had it.
//
// The guard is the program itself, started again with Env in its environment:
// the init function here never returns then, so nobody's main runs in it. It must
// run early, before packages allocate what a guard has no use for, so this package
// imports next to nothing: Go initialises packages in the order of their import
// paths, each as soon as all it imports is initialised. All of this is Linux's.
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

// Charge is what a guard is told at its start.
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

// What a packet says of the worker whose number follows. That of one that has
// started carries its pidfd.
const (
	started = '+'
	reaped  = '-'
)

// Started is the packet for a worker that has started.
func Started(pid int) []byte { return packet(started, pid) }

// Reaped is the packet for one whose number, and whose group's, is free again.
func Reaped(pid int) []byte { return packet(reaped, pid) }

func packet(what byte, pid int) []byte { return strconv.AppendInt([]byte{what}, int64(pid), 10) }

func parsePacket(b []byte) (what byte, pid int, ok bool) {
	if len(b) < 2 || b[0] != started && b[0] != reaped {
		return 0, 0, false
	}
	pid, err := strconv.Atoi(string(b[1:]))
	return b[0], pid, err == nil && pid > 0
}
