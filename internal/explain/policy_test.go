package explain

import (
	"strings"
	"testing"
	"unicode/utf8"

	"muster/engine"
)

// TestEveryPolicyIsToldApart: each has all texts, no two policies share one, and
// each fits in the line it is made for.
func TestEveryPolicyIsToldApart(t *testing.T) {
	const half = 48 // cells: good and bad stand side by side at 120
	const line = 90
	seen := map[string]engine.Policy{}
	for _, p := range engine.Policies() {
		a := Policy(p)
		for _, part := range []struct {
			name, text string
			most       int
		}{{"Deals", a.Deals, 70}, {"Gets", a.Gets, 71}, {"Good", a.Good, half}, {"Bad", a.Bad, half}, {"Note", a.Note, line}} {
			if n := utf8.RuneCountInString(part.text); n == 0 || n > part.most {
				t.Errorf("%v: %s has %d characters, want 1 to %d: %q", p, part.name, n, part.most, part.text)
			}
			if q, ok := seen[part.text]; ok {
				t.Errorf("%v and %v both say %q", p, q, part.text)
			}
			seen[part.text] = p
			if part.name != "Gets" && strings.HasSuffix(part.text, ".") {
				t.Errorf("%v: %s ends with a full stop: %q", p, part.name, part.text)
			}
		}
	}
	if got := Policy(77); got != (About{}) {
		t.Errorf("a policy that does not exist is %+v", got)
	}
}

// TestAWorkerSaysHowItGetsConnections by the policy in force.
func TestAWorkerSaysHowItGetsConnections(t *testing.T) {
	open := 8765
	w := engine.Row{ID: 4, State: engine.StateListening, Forked: now, Open: &open}
	for _, p := range engine.Policies() {
		x := State(&w, picture(p), now, nil)
		check(t, "listening in "+p.String(), x)
		if !strings.Contains(x.Means, Policy(p).Gets) || x.Than == p {
			t.Errorf("in %v: %q, compared with %v", p, x.Means, x.Than)
		}
	}
}

// TestWhoDealsInsteadIsSaid where the kernel cannot deal as the policy has it.
func TestWhoDealsInsteadIsSaid(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		s := picture(engine.SchedSticky)
		s.ByHand, s.Queue = byHand, 2
		x := Event(engine.Event{Kind: engine.KindPolicy, Detail: engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedSticky}}, s, nil)
		check(t, "a change to sticky", x)
		if strings.Contains(x.Means, "Here the primary deals instead") != byHand {
			t.Errorf("by hand %v: %q", byHand, x.Means)
		}
		if empty := Empty(s).Means; strings.Contains(empty, "2 connections wait") != byHand {
			t.Errorf("by hand %v: %q", byHand, empty)
		}
	}
}

// TestWhatIsUsedInsteadOfSpreadIsExplained: it is rr.
func TestWhatIsUsedInsteadOfSpreadIsExplained(t *testing.T) {
	s := picture(engine.SchedSpread)
	s.ByHand = true
	w := engine.Row{ID: 4, State: engine.StateListening, Forked: now}
	if x := State(&w, s, now, nil); !strings.Contains(x.Means, Policy(engine.SchedRR).Gets) {
		t.Errorf("%q", x.Means)
	}
}

// TestThePolicyComparedWithIsTheOneThatIsDescribed: shared where the primary deals, also
// where it does so instead of the kernel, and rr elsewhere.
func TestThePolicyComparedWithIsTheOneThatIsDescribed(t *testing.T) {
	w := engine.Row{ID: 4, State: engine.StateListening, Forked: now}
	listening := engine.Event{Kind: engine.KindListening, Worker: 4, Detail: engine.ListeningDetail{}}
	for _, c := range []struct {
		p       engine.Policy
		byHand  bool
		network string
		than    engine.Policy
		used    engine.Policy
	}{
		{engine.SchedSticky, false, "tcp", engine.SchedRR, engine.SchedSticky},
		{engine.SchedSticky, true, "tcp", engine.SchedShared, engine.SchedSticky},
		{engine.SchedSticky, true, "unix", engine.SchedShared, engine.SchedRR},
		{engine.SchedSpread, false, "tcp", engine.SchedRR, engine.SchedSpread},
		{engine.SchedSpread, true, "unix", engine.SchedShared, engine.SchedRR},
	} {
		s := picture(c.p)
		s.ByHand, s.Addresses = c.byHand, []engine.Address{{Network: c.network, Host: "/s"}}
		state, event := State(&w, s, now, nil), Event(listening, s, nil)
		if !strings.Contains(state.Means, Policy(c.used).Gets) {
			t.Errorf("%+v: %q", c, state.Means)
		}
		for _, x := range []Text{state, event} {
			says := "it would accept for itself"
			if c.than == engine.SchedRR {
				says = "the primary would accept"
			}
			if x.Than != c.than || !strings.HasPrefix(x.Other, says) {
				t.Errorf("%+v: %s: compared with %v: %q", c, x.Title, x.Than, x.Other)
			}
		}
	}
}

// TestAChangeIsComparedWithWhatWasBefore or, if that is not told, with the policy
// under which another side deals.
func TestAChangeIsComparedWithWhatWasBefore(t *testing.T) {
	for _, to := range engine.Policies() {
		for _, from := range append(engine.Policies(), 0) {
			x := Event(engine.Event{Kind: engine.KindPolicy, Detail: engine.PolicyDetail{From: from, To: to}}, picture(to), nil)
			want := from
			if from == 0 {
				want = to.Other()
			}
			if x.Than != want || x.Other != Policy(want).Deals+"." || x.Good != Policy(to).Good || x.Bad != Policy(to).Bad {
				t.Errorf("%v to %v: compared with %v: %+v", from, to, x.Than, x)
			}
		}
	}
}
