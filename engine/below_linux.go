package engine

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
)

// belowMax bounds how many processes heldBelow looks at.
const belowMax = 64

// heldBelow tells whether a descendant of pid has one of the sockets for which
// is returns true: then the descendant is the program, and pid a shell around
// it. It is also true if that cannot be known.
func heldBelow(pid int, is func(inode uint32) bool) bool {
	below := []int{pid}
	for i := 0; i < len(below); i++ {
		children, ok := childrenOf(below[i])
		if !ok || len(below)+len(children) > belowMax {
			return true
		}
		for _, child := range children {
			inodes, ok := sock.InodesOf(child)
			if !ok && !errors.Is(unix.Kill(child, 0), unix.ESRCH) || slices.ContainsFunc(inodes, is) {
				return true
			}
		}
		below = append(below, children...)
	}
	return false
}

// childrenOf lists the children of a process (proc_pid_task(5)); ok is false if
// they cannot be known.
func childrenOf(pid int) (children []int, ok bool) {
	tasks := "/proc/" + strconv.Itoa(pid) + "/task/"
	dir, err := os.Open(tasks)
	if err != nil {
		return nil, errors.Is(err, os.ErrNotExist) // it has ended
	}
	defer dir.Close()
	tids, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, false
	}
	for _, tid := range tids {
		b, err := os.ReadFile(tasks + tid + "/children")
		if err != nil {
			if _, there := os.Stat(tasks + tid); there == nil {
				return nil, false // this kernel has no such file
			}
			continue // the thread has just ended
		}
		for _, f := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(f); err == nil {
				children = append(children, child)
			}
		}
	}
	return children, true
}

// listensBelow tells whether a process, or one that descends from it, listens
// at a TCP port. It is also true if that cannot be known.
func listensBelow(pid, port int) bool {
	sockets, err := sock.TCPSockets(sock.StateListens)
	if err != nil {
		return true
	}
	there := func(inode uint32) bool { return sockets[inode].Port == port }
	own, ok := sock.InodesOf(pid)
	return !ok || slices.ContainsFunc(own, there) || heldBelow(pid, there)
}
