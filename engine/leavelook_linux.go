package engine

import (
	"os"
	"strconv"
	"strings"

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

// inbound counts those of a process's sockets that are connections which came
// to it: at a port of the cluster, or one it listens at itself.
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

// statusField is a field of /proc/PID/status (proc(5)), "" if there is none.
func statusField(pid int, name string) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// tracerOf is the process that traces pid by ptrace(2): a debugger, strace. 0 =
// none. Its name is outside text. The kernel names the thread of it that does.
func tracerOf(pid int) (tracer int, name string) {
	thread, _ := strconv.Atoi(statusField(pid, "TracerPid"))
	if thread == 0 {
		return 0, ""
	}
	tracer, err := strconv.Atoi(statusField(thread, "Tgid"))
	if err != nil { // it is not ours to look at
		tracer = thread
	}
	return tracer, validText(statusField(tracer, "Name"))
}

// inItsEnd tells whether a process is known to be ending.
func inItsEnd(p *proc.Process) bool { return p.Dying() }
