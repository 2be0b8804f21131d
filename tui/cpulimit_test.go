package tui

import (
	"strings"
	"testing"
)

// Where something limits the processors the head says so, if there is room.
func TestHeadSaysWhatLimitsTheCPUs(t *testing.T) {
	for _, tt := range []struct {
		w     int
		limit string
		has   string
		not   string
	}{
		{80, "", "", "CPU"},
		{80, "2 of 8 CPUs: cgroup quota 1.5", "   2 of 8 CPUs ", "quota"},
		{120, "2 of 8 CPUs: cgroup quota 1.5", "2 of 8 CPUs: cgroup quota 1.5", ""},
		{120, "3 CPUs: GOMAXPROCS", "3 CPUs: GOMAXPROCS", ""},
		{60, "2 of 8 CPUs: cgroup quota 1.5", "", "2 of 8"}, // the time stands before it
	} {
		s := scene(tt.w, 24)
		snap := *s.snap
		snap.CPULimit = tt.limit
		s.snap = &snap
		head, _, _ := strings.Cut(plain(render(s)), "\n")
		if !strings.Contains(head, tt.has) || tt.not != "" && strings.Contains(head, tt.not) {
			t.Errorf("%d cells, %q: %q", tt.w, tt.limit, head)
		}
		if !strings.Contains(head, "listening") {
			t.Errorf("%d cells: the verdict is gone: %q", tt.w, head)
		}
	}
}
