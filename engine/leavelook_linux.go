package engine

import (
	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
)

// connectionsOf counts the connections of processes, by sock_diag and proc(5).
func connectionsOf(targets map[int]lookTarget, ports map[int]bool) map[int]lookFound {
	sockets, err := sock.TCPSockets(sock.StatesOpen | sock.StateListens)
	all := make(map[int]lookFound, len(targets))
	for id, t := range targets {
		children, known := childrenOf(t.pid)
		f := lookFound{open: -1, children: !known || len(children) > 0}
		if inodes, ok := sock.InodesOf(t.pid); ok && err == nil {
			f.open, f.listens = inbound(inodes, sockets, t, ports)
		}
		all[id] = f
	}
	return all
}

// inbound counts a process's sockets that are incoming connections: at a port
// of the cluster, or at one of its own.
func inbound(inodes []uint32, sockets map[uint32]sock.TCPSocket, t lookTarget, ports map[int]bool) (open int, listens []int) {
	own := make(map[int]bool)
	for _, i := range inodes {
		if s, ok := sockets[i]; ok && s.Listens && !ports[s.Port] {
			own[s.Port] = true
			listens = append(listens, s.Port)
		}
	}
	any := t.any && len(own) == 0
	for _, i := range inodes {
		if s, ok := sockets[i]; ok && !s.Listens && (any || ports[s.Port] || own[s.Port] || t.ports[s.Port]) {
			open++
		}
	}
	return open, listens
}

// inItsEnd tells whether a process is known to be ending.
func inItsEnd(p *proc.Process) bool { return p.Dying() }
