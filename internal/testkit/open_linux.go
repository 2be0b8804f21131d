package testkit

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// OpenKinds counts the descriptors of a process by kind: the link target
// without the number of a socket or pipe. The result is empty if the process
// has gone.
func OpenKinds(pid int) map[string]int {
	n := map[string]int{}
	for _, link := range FDs(pid) {
		kind, _, _ := strings.Cut(link, ":[")
		n[kind]++
	}
	return n
}

// NoMoreOpen makes the test fail unless, within d, a process has no more
// descriptors of any kind than before. It may have fewer: before may include
// descriptors that were open for a moment, as during the start of a guard.
func NoMoreOpen(t testing.TB, d time.Duration, pid int, before map[string]int) {
	t.Helper()
	var after map[string]int
	if !Within(d, func() bool {
		after = OpenKinds(pid)
		for kind, n := range after {
			if n > before[kind] {
				return false
			}
		}
		return len(after) > 0
	}) {
		t.Errorf("descriptors of process %d: %v before, %v after", pid, before, after)
	}
}

// Deaths is how many workers die in a test of deaths: MUSTER_DEATHS, or as many
// as usual.
func Deaths(t testing.TB, usual int) int {
	t.Helper()
	text := os.Getenv("MUSTER_DEATHS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
