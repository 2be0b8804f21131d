package tui

import (
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/explain"
)

// TestWhoIsNextIsSaidByThePolicy: only where there is a next worker it is named.
func TestWhoIsNextIsSaidByThePolicy(t *testing.T) {
	for _, c := range []struct {
		p           engine.Policy
		byHand      bool   // the kernel cannot deal
		list, where string // in the share pane, and in the traffic view
	}{
		{engine.SchedRR, false, "free list: 3 1 2    (the next connection goes to 3)", "free list: 3 1 2"},
		{engine.SchedLeast, false, "free list: 3 1 2    (fewest open: the next goes to 3)", "free list: 3 1 2"},
		{engine.SchedSticky, true, "free: 3 1 2    (the client's address decides)", "free: 3 1 2"},
		{engine.SchedSticky, false, "free list: - (the kernel deals, by client)", "clients ─► kernel by client "},
		{engine.SchedShared, false, "free list: - (the workers accept themselves)", "clients ─► kernel's backlog "},
		{engine.SchedSpread, false, "free list: - (the kernel deals, evenly)", "clients ─► kernel evenly "},
		{engine.SchedSpread, true, "free list: 3 1 2    (the next connection goes to 3)", "free list: 3 1 2"},
	} {
		s := scene(120, 40)
		s.snap.Policy, s.snap.ByHand, s.snap.Free = c.p, c.byHand, []int{3, 1, 2}
		if got := freeList(s, 80); got != c.list {
			t.Errorf("%v: %q, want %q", c.p, got, c.list)
		}
		if got := freeList(s, len(c.list)); got != c.list {
			t.Errorf("%v in just its cells: %q", c.p, got)
		}
		if got := freeList(s, 20); strings.Contains(got, "(the ") && s.snap.PrimaryDeals() {
			t.Errorf("%v in 20 cells: %q", c.p, got)
		}
		s.view = viewTraffic
		text := plain(render(s))
		if !strings.Contains(text, c.where) {
			t.Errorf("%v: the traffic view lacks %q:\n%s", c.p, c.where, text)
		}
		if s.snap.PrimaryDeals() && !strings.Contains(text, "No connection has come") {
			t.Errorf("%v: the primary deals, and the view says otherwise:\n%s", c.p, text)
		}
		if !s.snap.PrimaryDeals() && !strings.Contains(text, "P  chooses rr or least, where each connection is seen") {
			t.Errorf("%v: the view does not say where connections are seen:\n%s", c.p, text)
		}
	}
}

// TestEveryPolicyIsDrawn, in every view and size: frames are whole, the policy is
// named, and no turn is claimed where there is none.
func TestEveryPolicyIsDrawn(t *testing.T) {
	for _, p := range engine.Policies() {
		for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}}[:fewer(4)] {
			for _, view := range []viewID{viewOverview, viewTraffic, viewLog} {
				s := scene(size[0], size[1])
				s.snap.Policy, s.view = p, view
				f := render(s)
				checkFrame(t, s, f)
				text := plain(f)
				if !strings.Contains(text, " "+p.String()+" ") {
					t.Errorf("%v at %v, view %d: its name is not seen:\n%s", p, size, view, text)
				}
				if claimed := strings.Contains(text, "the next"); claimed && p != engine.SchedRR && p != engine.SchedLeast {
					t.Errorf("%v at %v, view %d: a next worker is claimed:\n%s", p, size, view, text)
				}
			}
		}
	}
}

// TestTheHelpTellsThePoliciesApart where it has room for it.
func TestTheHelpTellsThePoliciesApart(t *testing.T) {
	s := scene(120, 40)
	s.help = true
	text := plain(render(s))
	for _, p := range engine.Policies() {
		about := explain.Policy(p)
		if !strings.Contains(text, "good at "+about.Good) || !strings.Contains(text, "bad at "+about.Bad+" ") {
			t.Errorf("the help does not say what %v is good and bad at:\n%s", p, text)
		}
	}
}

// TestThePolicyUsedInsteadIsNamed in the list of P, and it decides what is said of the
// next worker: at a unix socket spread and sticky are dealt as rr.
func TestThePolicyUsedInsteadIsNamed(t *testing.T) {
	for _, c := range []struct {
		p             engine.Policy
		byHand        bool
		network, says string
		list          string
	}{
		{engine.SchedSticky, false, "tcp", "sticky is in force", "free list: - (the kernel deals, by client)"},
		{engine.SchedSticky, true, "tcp", "sticky is in force", "free: 3 1 2    (the client's address decides)"},
		{engine.SchedSticky, true, "unix", "rr is used for sticky", "free list: 3 1 2    (the next connection goes to 3)"},
		{engine.SchedSpread, true, "unix", "rr is used for spread", "free list: 3 1 2    (the next connection goes to 3)"},
	} {
		for _, size := range [][2]int{{60, 16}, {80, 24}} {
			s := scene(size[0], size[1])
			s.snap.Policy, s.snap.ByHand, s.snap.Free = c.p, c.byHand, []int{3, 1, 2}
			s.snap.Addresses = []engine.Address{{Network: c.network, Host: "/s"}}
			s.dialog = &policyMenu{}
			if c.network == "unix" {
				s.snap.PolicyFixed = "a unix socket keeps the policy it started with"
			}
			if text := plain(render(s)); !strings.Contains(text, c.says) {
				t.Errorf("%+v: the list lacks %q:\n%s", c, c.says, text)
			}
			if got := freeList(s, 80); got != c.list {
				t.Errorf("%+v: %q", c, got)
			}
		}
	}
}
