package engine

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/engine/internal/proc"
)

// newToken makes the token that tells the marks of one cluster from those of
// all others.
func newToken() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// procStat is what the system says of a process.
type procStat struct {
	pid, ppid, pgrp int
	start           uint64 // when it was started, in the system's own unit
	dead            bool   // it has ended and is not reaped
}

// kin is a live process that descends from a worker.
type kin struct {
	procStat
	worker int // 0 = not known which
}

// family looks for processes that workers have started. It has no state of its
// own, so that it also works when the loop or the tidier has failed.
type family struct {
	self     int
	token    string
	keep     bool // Options.KeepChildren
	adoption Adoption
	procs    *proc.Set
	foreign  bool // this process had children of others before it adopted any
}

// adopting tells whether orphans come to this process.
func (f *family) adopting() bool { return f.adoption != AdoptNone || f.self == 1 }

// adoptsAll tells whether every orphan must be a worker's. Process 1 also gets
// orphans that entered its namespace from outside (docker exec).
func (f *family) adoptsAll() bool { return f.adoption == AdoptAll && f.self != 1 && !f.foreign }

// adopt makes this process adopt orphans, before the first fork. undo ends
// that. After an error only process groups are followed.
func (f *family) adopt() (undo func(), err error) {
	if f.adoption == AdoptNone {
		return func() {}, nil
	}
	// Look first: afterwards an orphan would look like a stranger.
	f.foreign = f.strangers()
	return becomeSubreaper()
}

// mark is the value of envMark for a worker.
func (f *family) mark(worker int) string { return f.token + "." + strconv.Itoa(worker) }

// marked reads a value of envMark.
func (f *family) marked(value string) (worker int, ok bool) {
	id, ok := strings.CutPrefix(value, f.token+".")
	if !ok || f.token == "" {
		return 0, false
	}
	worker, err := strconv.Atoi(id)
	return worker, err == nil && worker > 0
}

// census is what one look at all processes has found.
type census struct {
	tab     map[int]procStat
	kin     []kin // descendants of workers, also of living ones
	unknown []kin // orphans of unknown origin, and their descendants
	adopted []int // ended orphans that this process must reap
}

// descent tells from which worker each process descends. The processes of the
// workers themselves (leads, by pid) are not in the result. known is what
// earlier looks have found. mark reads the mark of a process, and is called
// only for descendants of self.
func descent(tab map[int]procStat, self int, leads map[int]int, known func(procStat) (int, bool), mark func(int) (int, bool)) map[int]int {
	type found struct {
		worker int
		ours   bool // descends from self
	}
	memo := make(map[int]found, len(tab))
	for pid := range tab {
		// Go up to a process that is known, then down again.
		var path []procStat
		at := found{}
		for {
			if m, ok := memo[pid]; ok {
				at = m
				break
			}
			p, ok := tab[pid]
			if !ok || pid == self {
				at = found{ours: pid == self}
				break
			}
			if id, ok := leads[pid]; ok {
				at = found{id, true}
				break
			}
			memo[pid] = found{} // ends a ring, which reused numbers could make
			path = append(path, p)
			pid = p.ppid
		}
		for i := len(path) - 1; i >= 0; i-- {
			p := path[i]
			if at.worker == 0 {
				at.worker = leads[p.pgrp]
			}
			if id, ok := known(p); at.worker == 0 && ok {
				at.worker = id
			}
			if at.worker == 0 && at.ours && !p.dead {
				at.worker, _ = mark(p.pid)
			}
			memo[p.pid] = at
		}
	}
	of := make(map[int]int)
	for pid, m := range memo {
		if _, lead := leads[pid]; m.worker != 0 && !lead && pid != self {
			of[pid] = m.worker
		}
	}
	return of
}

// orphansOf lists the children of self that no code of this process waits for,
// ended and live ones. ours are the children that were started here, so
// somebody waits for them. Workers are not in the result.
func orphansOf(tab map[int]procStat, self int, leads map[int]int, ours map[int]bool) (ended []int, live map[int]bool) {
	live = make(map[int]bool)
	for pid, p := range tab {
		if _, lead := leads[pid]; lead || p.ppid != self || ours[pid] {
			continue
		}
		if p.dead {
			ended = append(ended, pid)
		} else {
			live[pid] = true
		}
	}
	return ended, live
}

// below tells whether a process is one of roots or descends from one.
func below(tab map[int]procStat, pid int, roots map[int]bool) bool {
	for range len(tab) { // reused numbers could make a ring
		if roots[pid] {
			return true
		}
		p, ok := tab[pid]
		if !ok {
			return false
		}
		pid = p.ppid
	}
	return false
}

// killAllFor bounds killAll.
const killAllFor = time.Second

// tidyEvery is how often to look at left-over processes.
const tidyEvery = 25 * time.Millisecond

// killAll kills every worker and, unless children are kept, the processes they
// started, and waits until all have ended, one second at most.
func (f *family) killAll() {
	over := time.After(killAllFor)
	known, seen := map[int]kin{}, map[int]uint64{}
	for {
		left := f.killOnce(known, &seen)
		ps, gone := f.procs.List()
		if left+len(ps) == 0 {
			return
		}
		select {
		case <-gone:
		case <-time.After(tidyEvery / 2):
		case <-over:
			return
		}
	}
}

// killOnce sends SIGKILL to all of them, and returns how many there were
// besides workers. It looks before it kills: afterwards it is harder to know
// which process belongs to which worker.
func (f *family) killOnce(known map[int]kin, seen *map[int]uint64) (left int) {
	var l census
	if !f.keep {
		l, _ = f.look(known) // without a look only the process groups are killed
	}
	ps, _ := f.procs.List()
	for _, p := range ps {
		f.end(p)
	}
	for _, k := range l.kin {
		known[k.pid] = k
		_ = k.signal(syscall.SIGKILL)
	}
	left = len(l.kin)
	again := make(map[int]uint64)
	for _, k := range l.unknown {
		if (*seen)[k.pid] == k.start { // when it is seen the second time: see tidier.strays
			_ = k.signal(syscall.SIGKILL)
		}
		again[k.pid] = k.start
		left++
	}
	*seen = again
	return left
}

// end kills a worker at once, even if it has left its process group, and the
// group unless children are kept. Any goroutine may call it. The tidier and
// killOnce find processes that have left the group.
func (f *family) end(p *proc.Process) {
	if f.keep {
		_ = p.Signal(syscall.SIGKILL)
		return
	}
	_ = p.Kill() // an error means that it has gone, or may not be signalled
}
