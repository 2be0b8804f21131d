package engine

import (
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"
)

// procs is a table of processes: pid, ppid, pgrp.
func procs(rows ...[3]int) map[int]procStat {
	tab := make(map[int]procStat)
	for _, r := range rows {
		tab[r[0]] = procStat{pid: r[0], ppid: r[1], pgrp: r[2], start: uint64(r[0])}
	}
	return tab
}

func TestDescent(t *testing.T) {
	const self = 10
	leads := map[int]int{20: 1, 30: 2}
	tab := procs(
		[3]int{1, 0, 1}, [3]int{self, 1, 10}, [3]int{20, self, 20}, [3]int{30, self, 30},
		[3]int{21, 20, 20}, // a child
		[3]int{22, 20, 22}, // one in a group of its own
		[3]int{23, 22, 22}, // its child
		[3]int{24, 1, 20},  // in the group, its parent has gone
		[3]int{25, 24, 25}, // its child, in a group of its own
		[3]int{40, self, 40},
		[3]int{41, 40, 41}, // 40 has the mark of 2
		[3]int{50, self, 50},
		[3]int{51, 50, 50},                       // 50 was seen with worker 1 before
		[3]int{60, self, 10}, [3]int{61, 60, 10}, // our own: a load
		[3]int{70, 1, 70}, [3]int{71, 70, 70}, // somebody else's, with a mark that is none of our business
		[3]int{80, 81, 80}, [3]int{81, 80, 81}, // a ring
		[3]int{90, 99, 90}, // its parent has just gone
	)
	var asked []int
	got := descent(tab, self, leads,
		func(p procStat) (int, bool) {
			// 60 has the number of one that was: what is said of that one is not of it.
			return 1, p.pid == 50 && p.start == 50
		},
		func(pid int) (int, bool) {
			asked = append(asked, pid)
			id, ok := map[int]int{40: 2, 70: 1}[pid]
			return id, ok
		})
	want := map[int]int{21: 1, 22: 1, 23: 1, 24: 1, 25: 1, 40: 2, 41: 2, 50: 1, 51: 1}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	slices.Sort(asked)
	if !slices.Equal(asked, []int{40, 60, 61}) {
		t.Errorf("the marks of %v were read", asked)
	}
}

// Of a child that has ended the one who started it wants to hear.
func TestOrphansAreNobodysChildren(t *testing.T) {
	const self = 10
	tab := procs([3]int{self, 1, 10}, [3]int{20, self, 20}, [3]int{21, self, 21}, [3]int{22, self, 22}, [3]int{23, self, 23},
		[3]int{24, 21, 24}, [3]int{25, 23, 25}, [3]int{26, 20, 26})
	for _, pid := range []int{22, 23} {
		p := tab[pid]
		p.dead = pid == 22
		tab[pid] = p
	}
	ended, live := orphansOf(tab, self, map[int]int{20: 1}, map[int]bool{23: true})
	if !slices.Equal(ended, []int{22}) || !maps.Equal(live, map[int]bool{21: true}) {
		t.Errorf("ended %v, live %v", ended, live)
	}
	var under []int
	for pid := range tab {
		if below(tab, pid, live) {
			under = append(under, pid)
		}
	}
	slices.Sort(under)
	if !slices.Equal(under, []int{21, 24}) {
		t.Errorf("below it: %v", under)
	}
}

func TestMarksAreOfOneCluster(t *testing.T) {
	f := &family{token: newToken()}
	if id, ok := f.marked(f.mark(12)); id != 12 || !ok {
		t.Errorf("%d, %v", id, ok)
	}
	for _, v := range []string{"", "12", newToken() + ".12", f.token + ".", f.token + ".x", f.token + ".-1", f.token + ".0"} {
		if id, ok := f.marked(v); ok {
			t.Errorf("%q is worker %d", v, id)
		}
	}
	if _, ok := (&family{}).marked(".1"); ok {
		t.Error("no token, and a mark")
	}
}

func TestWhatIsLeftGetsSIGTERMThenSIGKILL(t *testing.T) {
	at := func(pid int, start uint64) kin { return kin{procStat{pid: pid, start: start}, 1} }
	t0 := time.Unix(1000, 0)
	newOne := func() *rest {
		return &rest{since: 100, killAt: t0.Add(time.Second), termed: map[int]uint64{}, killed: map[int]uint64{}}
	}
	type step struct {
		after time.Duration
		now   bool
		there []kin
		want  string // signal, to, told
	}
	const ms = time.Millisecond
	a, b, late := at(5, 50), at(6, 60), at(7, 150)
	for name, steps := range map[string][]step{
		"nothing":             {{0, false, nil, "done"}},
		"ends at once":        {{0, false, []kin{a}, "terminated [5] [5]"}, {25 * ms, false, nil, "-"}, {50 * ms, false, nil, "done"}},
		"SIGTERM is for one":  {{0, false, []kin{a}, "terminated [5] [5]"}, {25 * ms, false, []kin{a, b}, "terminated [6] [6]"}, {50 * ms, false, []kin{a, b}, "-"}},
		"what tidies up may":  {{0, false, []kin{a}, "terminated [5] [5]"}, {25 * ms, false, []kin{late}, "-"}, {1000 * ms, false, []kin{late}, "killed [7] [7]"}},
		"a number used again": {{0, false, []kin{a}, "terminated [5] [5]"}, {25 * ms, false, []kin{at(5, 51)}, "terminated [5] [5]"}},
		"SIGKILL": {{0, false, []kin{a, b}, "terminated [5 6] [5 6]"}, {999 * ms, false, []kin{a}, "-"}, {1000 * ms, false, []kin{a}, "killed [5] [5]"},
			{1025 * ms, false, []kin{a, late}, "killed [5 7] [7]"}, {1050 * ms, false, nil, "-"}, {1075 * ms, false, nil, "done"}},
		"at once":       {{0, true, []kin{a, late}, "killed [5 7] [5 7]"}, {25 * ms, true, nil, "-"}, {50 * ms, true, nil, "done"}},
		"it never ends": {{1000 * ms, false, []kin{a}, "killed [5] [5]"}, {2000 * ms, false, []kin{a}, "killed [5] []"}, {2001 * ms, false, []kin{a}, "gives up"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newOne()
			for i, s := range steps {
				do := r.next(s.there, t0.Add(s.after), s.now)
				got := "-"
				switch {
				case do.done:
					got = "done"
				case do.giveUp:
					got = "gives up"
				case do.sig != 0:
					got = fmt.Sprintf("%v %v %v", syscall.Signal(do.sig), pidsOf(do.to), pidsOf(do.tell))
				}
				if got != s.want {
					t.Errorf("step %d: %s, want %s", i, got, s.want)
				}
			}
		})
	}
}

// What never ends, and what never stops making more, held the end of the cluster.
func TestEndWaitedForWhatNeverEnds(t *testing.T) {
	t0 := time.Unix(1000, 0)
	r, soon, late := []*rest{{}}, t0.Add(time.Second), t0.Add(3*time.Second+1)
	for name, c := range map[string]struct {
		t     tidier
		again bool
		now   time.Time
		over  bool
	}{
		"not asked for":         {t: tidier{}, now: late},
		"nothing left":          {t: tidier{last: true}, now: soon, over: true},
		"a rest":                {t: tidier{last: true, rests: r}, now: soon},
		"a rest, which is late": {t: tidier{last: true, rests: r}, now: late}, // it has a limit of its own
		"strays":                {t: tidier{last: true, stray: r[0]}, now: soon},
		"strays for ever":       {t: tidier{last: true, stray: r[0]}, now: late, over: true},
		"zombies":               {t: tidier{last: true}, again: true, now: soon},
		"zombies for ever":      {t: tidier{last: true}, again: true, now: late, over: true},
	} {
		c.t.limit, c.t.lastAt = time.Second, t0
		if got := c.t.over(c.again, c.now); got != c.over {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func pidsOf(ks []kin) []int {
	pids := []int{}
	for _, k := range ks {
		pids = append(pids, k.pid)
	}
	return pids
}

func TestOrphansInWords(t *testing.T) {
	for want, d := range map[string]OrphansDetail{
		"2 processes":                                {Count: 2},
		"1 process: sleep 60 (pid 7)":                {Count: 1, Processes: []Orphan{{7, "sleep 60"}}},
		"9 processes: a (pid 7), (pid 8) and 7 more": {Count: 9, Processes: []Orphan{{7, "a"}, {8, ""}}},
	} {
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
