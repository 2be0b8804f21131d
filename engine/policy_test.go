package engine

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		in         string
		want       Policy
		text, node string
	}{
		{"rr", SchedRR, "rr", "SCHED_RR"},
		{"RR", SchedRR, "rr", "SCHED_RR"},
		{"shared", SchedNone, "shared", "SCHED_NONE"},
		{"none", SchedNone, "shared", "SCHED_NONE"},
		{"None", SchedNone, "shared", "SCHED_NONE"},
		{"spread", SchedSpread, "spread", ""},
		{"least", SchedLeast, "least", ""},
		{"Sticky", SchedSticky, "sticky", ""},
	} {
		var p Policy
		err := p.UnmarshalText([]byte(c.in))
		if err != nil || p != c.want || p.String() != c.text || p.Node() != c.node {
			t.Errorf("%q: %v (%s), %v", c.in, p, p.Node(), err)
		}
		b, err := json.Marshal(p)
		var back Policy
		if err != nil || json.Unmarshal(b, &back) != nil || back != p {
			t.Errorf("%q: %s, back %v, %v", c.in, b, back, err)
		}
	}
	for _, in := range []string{"", "round-robin", " rr", "2"} {
		p := SchedRR
		err := p.UnmarshalText([]byte(in))
		if err == nil || !strings.Contains(err.Error(), "use rr, shared, spread, least or sticky") || p != SchedRR {
			t.Errorf("%q: %v, %v", in, p, err)
		}
	}
	if got := Policy(7).String(); got != "policy(7)" {
		t.Errorf("%q", got)
	}
	// The numbers are Node's.
	if SchedNone != 1 || SchedRR != 2 {
		t.Errorf("SCHED_NONE %d, SCHED_RR %d", SchedNone, SchedRR)
	}
}

func TestPolicyAtTheStart(t *testing.T) {
	for _, tc := range []struct {
		given Policy
		env   string
		want  Policy
	}{
		{0, "", SchedRR},
		{0, "rr", SchedRR},
		{0, "none", SchedNone},
		{0, "shared", SchedRR}, // not Node's word: ignored
		{SchedRR, "none", SchedRR},
	} {
		t.Setenv("NODE_CLUSTER_SCHED_POLICY", tc.env)
		c, err := New(Options{Policy: tc.given, Workers: -1})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.SchedulingPolicy(); got != tc.want {
			t.Errorf("%v with NODE_CLUSTER_SCHED_POLICY=%q: %v, want %v", tc.given, tc.env, got, tc.want)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestGateFor(t *testing.T) {
	two := []reached{{1, 0, sock.Own(0)}, {2, 1, sock.Own(3)}}
	bare := reached{4, 3, sock.Front}
	front, common := sock.To(sock.Front), sock.To(sock.Common)
	random := func(gs ...sock.Gate) sock.Way { return sock.Evenly(gs) }
	for _, c := range []struct {
		p    Policy
		s    sides
		want sock.Way
	}{
		{SchedRR, sides{common: 2, reached: two}, front},
		{SchedLeast, sides{common: 2, reached: two}, front},
		{SchedRR, sides{leaving: 2}, front},
		{SchedNone, sides{}, common},
		{SchedNone, sides{common: 2, reached: two}, common},
		{SchedNone, sides{common: 2, leaving: 1}, front},
		{SchedNone, sides{apart: 2, reached: two}, front},
		{SchedNone, sides{apart: 1, common: 1, reached: two}, common},
		{SchedSpread, sides{}, front},
		{SchedSpread, sides{common: 2, reached: two}, random(sock.Own(0), sock.Own(3))},
		{SchedSpread, sides{common: 3, reached: append(two[:2:2], bare)}, random(sock.Own(0), sock.Own(3), sock.Front)},
		{SchedSpread, sides{common: 2, reached: []reached{bare, bare}}, front},
		{SchedSpread, sides{common: 2, leaving: 1, reached: two[:1]}, sock.To(sock.Own(0))},
		{SchedSticky, sides{}, front},
		{SchedSticky, sides{common: 2, reached: []reached{bare, {5, 4, sock.Front}}}, front},
		{SchedSticky, sides{common: 2, leaving: 1, reached: two[:1]}, sock.To(sock.Own(0))},
		{SchedSticky, sides{common: 3, reached: append(two[:2:2], bare)}, byHome(map[int]sock.Gate{0: sock.Own(0), 1: sock.Own(3), 3: sock.Front})},
		{SchedSticky, sides{common: 3, reached: append(two[:2:2], reached{7, 0, sock.Own(1)})}, byHome(map[int]sock.Gate{0: sock.Own(1), 1: sock.Own(3)})}, // 7 takes the place of 1
	} {
		if got := c.p.way(c.s); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v, %+v: %v, want %v", c.p, c.s, got, c.want)
		}
	}
}

// byHome sends each client to the socket of its home slot.
func byHome(at map[int]sock.Gate) sock.Way {
	gates := make([]sock.Gate, deal.Buckets)
	for b := range gates {
		gates[b] = at[deal.Home(b, slices.Sorted(maps.Keys(at)))]
	}
	return sock.ByClient(gates, deal.Spread)
}

// Whoever deals, the other policy has another do it, and a switch there and back
// ends where it began.
func TestEachPolicyHasItsDealer(t *testing.T) {
	for p, want := range map[Policy]dealer{SchedRR: dealsPrimary, SchedNone: dealsWorkers, SchedSpread: dealsKernel, SchedLeast: dealsPrimary, SchedSticky: dealsKernel, 0: 0, 7: 0} {
		if got := p.dealer(); got != want || p.known() != (want != 0) {
			t.Errorf("%v: dealer %d, known %v; want %d", p, got, p.known(), want)
		}
		if o := p.Other(); want != 0 && (o.dealer() == want || !o.known()) {
			t.Errorf("%v: the other is %v, and from there %v", p, o, o.Other())
		}
	}
}

// What the sockets of an address can do decides whether the policy may change
// there.
func TestThePolicyOfAnAddress(t *testing.T) {
	for _, p := range Policies() {
		for _, c := range []struct {
			can   sock.Can
			holds Policy
			fixed bool
		}{
			{sock.Can{Accept: true, Gate: true}, p, false},
			{sock.Can{Accept: true, WhyFixed: "a unix socket"}, map[bool]Policy{true: SchedNone, false: SchedRR}[p == SchedNone], true},
			{sock.Can{WhyFixed: "UDP"}, SchedNone, true},
		} {
			if holds, fixed := p.at(c.can); holds != c.holds || fixed != c.fixed {
				t.Errorf("%v at %+v: %v, fixed %v", p, c.can, holds, fixed)
			}
		}
	}
}

// Every policy is offered once, and the key that goes on to the next one meets all.
func TestNextGoesRoundAllPolicies(t *testing.T) {
	met := map[Policy]bool{}
	p := SchedRR
	for range Policies() {
		p = p.Next()
		met[p] = true
	}
	if p != SchedRR || len(met) != len(Policies()) {
		t.Errorf("at the end %v, met %v", p, met)
	}
	if got := Policy(7).Next(); !got.known() {
		t.Errorf("after an unknown one %v", got)
	}
}
