package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/engine/internal/proc"
)

// errNoProc: /proc is missing or another PID namespace's, whose numbers mean
// other processes.
var errNoProc = errors.New("/proc is not that of this process")

// pids lists the processes there are.
func (f *family) pids() ([]int, error) {
	if own, err := os.Readlink("/proc/self"); err != nil || own != strconv.Itoa(f.self) {
		return nil, errNoProc
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("listing the processes: %w", err)
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// alone tells whether no other process is in the process group of a worker that
// has ended and is not reaped: until it is reaped the group's number stays in
// use.
func (f *family) alone(p *proc.Process) (bool, error) {
	pids, err := f.pids()
	if err != nil {
		return false, err
	}
	for _, pid := range pids {
		if pid == p.PID {
			continue
		}
		if g, err := unix.Getpgid(pid); err == nil && g == p.PID {
			return false, nil
		}
	}
	return true, nil
}

// readStat reads one process, by the fields of stat in proc_pid_stat(5).
func readStat(pid int) (procStat, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return procStat{}, err
	}
	return parseStat(pid, b)
}

func parseStat(pid int, b []byte) (procStat, error) {
	f := proc.SplitStat(b)
	if len(f) <= proc.StatStart {
		return procStat{}, fmt.Errorf("stat of process %d: %q", pid, b)
	}
	p := procStat{pid: pid}
	var errs [4]error
	var n int
	p.ppid, errs[0] = strconv.Atoi(f[proc.StatPPID])
	p.pgrp, errs[1] = strconv.Atoi(f[proc.StatPgrp])
	n, errs[2] = strconv.Atoi(f[proc.StatThreads])
	p.start, errs[3] = strconv.ParseUint(f[proc.StatStart], 10, 64)
	// A process whose first thread has ended while others go on is a Z too.
	p.dead = (f[proc.StatState] == "Z" || f[proc.StatState] == "X") && n <= 1
	return p, errors.Join(errs[:]...)
}

// look looks at all processes. known is what earlier looks have found.
func (f *family) look(known map[int]kin) (census, error) {
	// Ask this first, so that a worker forked afterwards is not mistaken for an
	// orphan.
	leads, forking := f.procs.Leads()
	pids, err := f.pids()
	if err != nil {
		return census{}, err
	}
	l := census{tab: make(map[int]procStat, len(pids))}
	for _, pid := range pids {
		if p, err := readStat(pid); err == nil { // an error: it has just gone
			l.tab[pid] = p
		}
	}
	of := descent(l.tab, f.self, leads, func(p procStat) (int, bool) {
		k, ok := known[p.pid]
		return k.worker, ok && k.start == p.start
	}, f.markOf)
	for pid, worker := range of {
		if p := l.tab[pid]; !p.dead && !forking[worker] {
			l.kin = append(l.kin, kin{p, worker})
		}
	}
	if !f.adopting() {
		return l, nil
	}
	ended, live := orphansOf(l.tab, f.self, leads, nil)
	if len(ended)+len(live) == 0 {
		return l, nil
	}
	ours, ok := startedHere(), f.procs.Pidfds()
	for _, pid := range ended {
		if ok && !ours[pid] || of[pid] != 0 {
			l.adopted = append(l.adopted, pid)
		}
	}
	if !ok || len(forking) > 0 || !f.adoptsAll() {
		return l, nil
	}
	_, live = orphansOf(l.tab, f.self, leads, ours)
	for pid, p := range l.tab {
		if of[pid] == 0 && !p.dead && below(l.tab, pid, live) {
			l.unknown = append(l.unknown, kin{p, 0})
		}
	}
	return l, nil
}

// markOf reads the mark in the environment a process was started with.
func (f *family) markOf(pid int) (int, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return 0, false
	}
	for kv := range bytes.SplitSeq(b, []byte{0}) {
		if v, ok := bytes.CutPrefix(kv, []byte(envMark+"=")); ok {
			return f.marked(string(v))
		}
	}
	return 0, false
}

// startedHere lists the processes this one has a pidfd of. os.StartProcess
// makes a pidfd for every process it starts and keeps it until somebody has
// waited, so these are the children that somebody waits for.
func startedHere() map[int]bool {
	ours := make(map[int]bool)
	for _, fd := range proc.OpenDescriptors() {
		to, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err != nil || to != "anon_inode:[pidfd]" && !strings.HasPrefix(to, "pidfd:") {
			continue
		}
		b, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(fd))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(line, "Pid:"); ok {
				if pid, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
					ours[pid] = true
				}
			}
		}
	}
	return ours
}

// waitable tells whether a child has ended and is not reaped, whoever started
// it.
func waitable() bool {
	var si unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &si, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err == nil && si.Signo != 0
}

// reapAdopted reaps one orphan that has ended.
func reapAdopted(pid int) {
	_ = unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG, nil)
}

// signal sends a signal to this very process, never to another one that got its
// number.
func (k kin) signal(sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(k.pid, 0)
	if err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
		return err
	}
	if now, serr := readStat(k.pid); serr != nil || now.start != k.start {
		if err == nil {
			unix.Close(fd)
		}
		return unix.ESRCH
	}
	if err != nil { // a kernel without pidfds: use the number, which was right just now
		return unix.Kill(k.pid, sig)
	}
	defer unix.Close(fd)
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}

// command is the command line of a process for people, cut; not safe for a
// terminal. "" = it has gone.
func (k kin) command() string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(k.pid) + "/cmdline")
	if err != nil {
		return ""
	}
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return processName(k.pid)
	}
	b = bytes.ReplaceAll(b, []byte{0}, []byte{' '})
	return lineText(b[:min(len(b), orphanNameMax)], len(b) > orphanNameMax)
}

// bootTicks is the time now in the unit of procStat.start: hundredths of a
// second since the machine was started.
func bootTicks() uint64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return ^uint64(0)
	}
	return uint64(ts.Nano() / 1e7)
}

// subreaper counts the clusters of this process that adopt: the setting applies
// to the whole process.
var subreaper struct {
	sync.Mutex
	users int
	was   bool // the setting before the first of them
}

// becomeSubreaper makes orphans children of this process until undo is called.
func becomeSubreaper() (undo func(), err error) {
	subreaper.Lock()
	defer subreaper.Unlock()
	if subreaper.users == 0 {
		var was int32
		_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&was)), 0)
		if errno != 0 {
			return nil, fmt.Errorf("becoming a subreaper: %w", errno)
		}
		subreaper.was = was != 0
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return nil, fmt.Errorf("becoming a subreaper: %w", err)
		}
	}
	subreaper.users++
	return func() {
		subreaper.Lock()
		defer subreaper.Unlock()
		subreaper.users--
		if subreaper.users == 0 && !subreaper.was {
			_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) // cannot fail: it could be set
		}
	}, nil
}

// strangers tells whether this process has children that it has not started,
// such as those of a shell that became this program by exec.
func (f *family) strangers() bool {
	pids, err := f.pids()
	if err != nil {
		return true
	}
	ours := startedHere()
	for _, pid := range pids {
		if p, err := readStat(pid); err == nil && p.ppid == f.self && !p.dead && !ours[pid] {
			return true
		}
	}
	return false
}
