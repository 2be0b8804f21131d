package guard

import (
	"strconv"
	"syscall"
)

// sweep looks at all processes once and kills those with the mark that are to
// be ended. It returns how many it killed.
func (g *guard) sweep() (found int) {
	// The /proc of another PID namespace shows other processes.
	var link [16]byte
	n, err := syscall.Readlink("/proc/self", link[:])
	if err != nil || string(link[:n]) != strconv.Itoa(syscall.Getpid()) {
		return 0
	}
	dir, err := syscall.Open("/proc", syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer syscall.Close(dir)
	buf := make([]byte, 8192)
	var names []string
	for {
		n, err := syscall.ReadDirent(dir, buf)
		if err != nil || n <= 0 {
			return found
		}
		_, _, names = syscall.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil && g.ends(pid) {
				found++
			}
		}
	}
}

// ends kills a process if it is to be ended, and tells whether it was.
func (g *guard) ends(pid int) bool {
	if !g.ours(pid) {
		return false
	}
	// The check is repeated once the pidfd is open: only now is the number
	// surely this process's.
	fd, err := pidfdOpen(pid)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	if !g.ours(pid) {
		return false
	}
	pidfdKill(fd, 0)
	return true
}

// ours tells whether a process has the mark and is within reach.
func (g *guard) ours(pid int) bool {
	if g.Reach != Marked {
		group, err := syscall.Getpgid(pid)
		if err != nil || !g.leads(group) {
			return false
		}
	}
	fd, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/environ", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return g.marked(func(b []byte) int {
		n, _ := syscall.Read(fd, b)
		return n
	})
}

func (g *guard) leads(group int) bool {
	for _, w := range g.workers {
		if w.pid == group {
			return true
		}
	}
	return false
}

// marked tells whether an environment has the mark. read is called until it
// returns nothing.
func (g *guard) marked(read func([]byte) int) bool {
	at, mark := 0, g.Mark // how much of the mark this variable has matched so far; -1 = it is another variable
	for {
		n := read(g.environ[:])
		if n <= 0 {
			return false
		}
		for _, c := range g.environ[:n] {
			switch {
			case c == 0:
				at = 0
			case at < 0:
			case c != mark[at]:
				at = -1
			default:
				if at++; at == len(mark) {
					return true
				}
			}
		}
	}
}
