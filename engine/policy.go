package engine

import (
	"fmt"
	"strings"
)

// Policy is how connections are distributed over the workers. The values are
// those of Node's cluster.SCHED_NONE and cluster.SCHED_RR.
type Policy int

const (
	SchedNone Policy = 1 // shared: the workers accept on the primary's socket
	SchedRR   Policy = 2 // rr: the primary accepts and hands each connection to the next free worker
)

// ParsePolicy reads "rr" or "shared", and Node's word "none" for shared
// (NODE_CLUSTER_SCHED_POLICY).
func ParsePolicy(s string) (Policy, error) {
	switch strings.ToLower(s) {
	case "rr":
		return SchedRR, nil
	case "shared", "none":
		return SchedNone, nil
	}
	return 0, fmt.Errorf("policy %q is not known; use rr or shared", s)
}

// String is "rr" or "shared".
func (p Policy) String() string {
	switch p {
	case SchedRR:
		return "rr"
	case SchedNone:
		return "shared"
	}
	return fmt.Sprintf("policy(%d)", int(p))
}

// Node is the name of the constant in Node's cluster module.
func (p Policy) Node() string {
	if p == SchedNone {
		return "SCHED_NONE"
	}
	return "SCHED_RR"
}

// MarshalText writes String's form.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what ParsePolicy reads.
func (p *Policy) UnmarshalText(b []byte) error {
	v, err := ParsePolicy(string(b))
	if err == nil {
		*p = v
	}
	return err
}
