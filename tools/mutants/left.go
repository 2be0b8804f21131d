//go:build unix

package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// left are the processes that run and have the bench's mark in their environment,
// or are of the session of its last run. Where there is no /proc it finds none.
func (b *bench) left() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ") // state, parent, group, session, ...
		f := strings.Fields(rest)
		if len(f) < 4 || f[0] == "Z" {
			continue
		}
		if f[3] == strconv.Itoa(b.session) || b.marked(e.Name()) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (b *bench) marked(pid string) bool {
	env, err := os.ReadFile("/proc/" + pid + "/environ")
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if string(v) == b.mark {
			return true
		}
	}
	return false
}
