package engine

import (
	"syscall"
	"time"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
)

// stopWithin bounds how long a process may take to stop.
const stopWithin = 100 * time.Millisecond

// countStopped stops a process that is about to be killed and lists its
// connections at the ports. ok is false if the connections cannot be known.
func countStopped(p *proc.Process, ports map[int]bool) (conns map[uint32]sock.Verdict, ok bool) {
	if p.Signal(syscall.SIGSTOP) != nil {
		return nil, false
	}
	for end := time.Now().Add(stopWithin); !p.Stopped(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return nil, false
		}
	}
	all, err := sock.Unended(ports)
	if err != nil {
		return nil, false
	}
	own, ok := sock.InodesOf(p.PID)
	// A shell around the program does not have the program's connections.
	ok = ok && !heldBelow(p.PID, func(inode uint32) bool { _, isOurs := all[inode]; return isOurs })
	conns = make(map[uint32]sock.Verdict)
	for _, inode := range own {
		if v, isOurs := all[inode]; isOurs {
			conns[inode] = v
		}
	}
	return conns, ok
}
