package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// Places in StatFields.
const (
	StatState   = 0
	StatPPID    = 1
	StatPgrp    = 2
	statFlags   = 6
	StatThreads = 17
	StatStart   = 19
)

// StatFields are the fields of /proc/PID/stat (proc_pid_stat(5)) from the state
// on; nil if the process is gone.
func StatFields(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return SplitStat(b)
}

// SplitStat are the fields of what /proc/PID/stat holds, as StatFields has them.
func SplitStat(b []byte) []string {
	// The process's name, before these fields, may hold anything, also a
	// parenthesis.
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// Dying: the kernel has begun to take each of its threads apart. The first thread
// may end alone (pthread_exit in main), and the others live on.
func (p *kernelProcess) Dying() bool {
	f := StatFields(p.pid)
	if !exiting(f) {
		return false
	}
	if len(f) <= StatThreads || f[StatThreads] == "1" || f[StatThreads] == "0" {
		return true
	}
	tasks := "/proc/" + strconv.Itoa(p.pid) + "/task/"
	threads, _ := os.ReadDir(tasks) // an error: the process is gone
	for _, t := range threads {
		if b, err := os.ReadFile(tasks + t.Name() + "/stat"); err == nil && !exiting(SplitStat(b)) {
			return false
		}
	}
	return true
}

// exiting tells whether a thread is exiting (PF_EXITING in the flags), or gone.
func exiting(f []string) bool {
	const pfExiting = 0x4
	if len(f) <= statFlags {
		return true
	}
	flags, err := strconv.ParseUint(f[statFlags], 10, 64)
	return err != nil || flags&pfExiting != 0
}

func (p *kernelProcess) Stopped() bool {
	f := StatFields(p.pid)
	return len(f) > 0 && (f[StatState] == "T" || f[StatState] == "t")
}
