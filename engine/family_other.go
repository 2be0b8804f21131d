//go:build !linux

package engine

import (
	"syscall"

	"muster/engine/internal/proc"
)

// alone tells whether no other process is in the process group of a worker that
// has ended.
func (f *family) alone(p *proc.Process) (bool, error) { return syscall.Kill(-p.PID, 0) != nil, nil }

// look finds the process groups of workers that have ended and still have
// members, each as one process with a negative number: the members are not
// looked up here. A group's number is not used again while it has members, and
// look runs every tidyEvery.
func (f *family) look(map[int]kin) (census, error) {
	var l census
	ps, _ := f.procs.List()
	for _, p := range ps {
		if p.IsReaped() && syscall.Kill(-p.PID, 0) == nil {
			l.kin = append(l.kin, kin{procStat{pid: -p.PID, pgrp: -p.PID}, p.Worker})
		}
	}
	return l, nil
}

func (k kin) signal(sig syscall.Signal) error { return syscall.Kill(k.pid, sig) }

func (k kin) command() string { return "its process group" }

func bootTicks() uint64 { return ^uint64(0) }

func waitable() bool { return false }

func reapAdopted(int) {}

func becomeSubreaper() (undo func(), err error) { return func() {}, nil }

func (f *family) strangers() bool { return true }
