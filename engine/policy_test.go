package engine

import (
	"encoding/json"
	"strings"
	"testing"
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
	} {
		p, err := ParsePolicy(c.in)
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
		if err == nil || !strings.Contains(err.Error(), "use rr or shared") || p != SchedRR {
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
