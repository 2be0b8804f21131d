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

// newToken is what tells the marks of one cluster from those of all others.
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
	worker int // 0 = it is not known from which
}

// family looks for what workers have started. It has no state of its own, so
// that it also works when the loop or the tidier is what failed.
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

// adoptsAll tells whether every orphan must be a worker's. To process 1 also
// those come that entered its namespace from outside (docker exec).
func (f *family) adoptsAll() bool { return f.adoption == AdoptAll && f.self != 1 && !f.foreign }

// adopt prepares this process for orphans, before the first fork. undo ends that.
// On an error there are only the process groups.
func (f *family) adopt() (undo func(), err error) {
	if f.adoption == AdoptNone {
		return func() {}, nil
	}
	// Looked at first: afterwards an orphan looks like one of them.
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
	kin     []kin // of workers, living ones too
	unknown []kin // orphans nothing is known of, and what they started
	adopted []int // ended, and ours to reap
}

// descent tells from which worker each process descends. Those of workers
// themselves (leads, by pid) are not in it. known is what earlier looks have
// found, mark reads the mark of a process; it is asked only about descendants of
// self.
func descent(tab map[int]procStat, self int, leads map[int]int, known func(procStat) (int, bool), mark func(int) (int, bool)) map[int]int {
	type found struct {
		worker int
		ours   bool // descends from self
	}
	memo := make(map[int]found, len(tab))
	for pid := range tab {
		// Up to what is known, then down again.
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
			memo[pid] = found{} // a ring, of numbers used again, ends here
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

// orphansOf lists the children of self that none of its own code waits for
// (ours: started here, and so waited for), ended ones and live ones. Workers are
// not among them.
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
	for range len(tab) { // numbers used again could make a ring
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

// tidyEvery is how often what is left is looked at.
const tidyEvery = 25 * time.Millisecond

// killAll kills every worker and, unless children are kept, what they started,
// and waits until all have ended, one second at most.
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

// killOnce sends SIGKILL to all there are, and returns how many there were besides
// workers. It looks before it kills: afterwards less is known of who is whose.
func (f *family) killOnce(known map[int]kin, seen *map[int]uint64) (left int) {
	var l census
	if !f.keep {
		l, _ = f.look(known) // without it there are the process groups
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
		if (*seen)[k.pid] == k.start { // at its second sight: see tidier.strays
			_ = k.signal(syscall.SIGKILL)
		}
		again[k.pid] = k.start
		left++
	}
	*seen = again
	return left
}

// end kills a worker at once, wherever it has gone, and its process group unless
// children are kept. Any goroutine may call it. What left the group is for those
// that look: the tidier and killOnce.
func (f *family) end(p *proc.Process) {
	if f.keep {
		_ = p.Signal(syscall.SIGKILL)
		return
	}
	_ = p.Kill() // if it fails it has gone, or is not ours to signal
}
