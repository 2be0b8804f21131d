package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// wireVersion is the version of the JSON forms of this package. docs/wire.md
// has them all. New fields are no reason for a new version: readers ignore
// fields they do not know. The version changes when the meaning of a field
// changes.
const wireVersion = 1

// ops are the operations there are.
var ops = map[Op]bool{
	OpFork: true, OpKill: true, OpCrash: true, OpDisconnect: true, OpDisconnectAll: true, OpRestart: true,
	OpPolicy: true, OpSend: true, OpInspect: true, OpWatch: true, OpStop: true,
}

// commandJSON is the JSON form of a Command, version 1.
type commandJSON struct {
	V       int             `json:"v"`
	Op      Op              `json:"op"`
	Worker  int             `json:"worker,omitempty"`
	Signal  string          `json:"signal,omitempty"`
	Policy  Policy          `json:"policy,omitempty"`
	Message json.RawMessage `json:"message,omitempty"`
	Env     []string        `json:"env,omitempty"`
	Viewer  string          `json:"viewer,omitempty"`
	For     time.Duration   `json:"for_ns,omitempty"`
	By      By              `json:"by,omitempty"`
}

// MarshalJSON writes
// {"v":1,"op":"kill","worker":3,"signal":"SIGKILL","by":"key"}, without zero
// fields. A command with a Handle has no JSON form (the error wraps ErrHandle):
// an open descriptor stays in its process. A command also has none if its
// operation is not known, its Message is not JSON, or its Viewer or Env is not
// UTF-8: ErrBadRequest.
func (c Command) MarshalJSON() ([]byte, error) {
	j := commandJSON{V: wireVersion, Op: c.Op, Worker: c.Worker, Policy: c.Policy, Message: c.Message, Env: c.Env, Viewer: c.Viewer, For: c.For, By: c.By}
	switch {
	case !ops[c.Op]:
		return nil, unknownOp(c.Op)
	case c.Handle != nil:
		return nil, fmt.Errorf("command %q: its descriptor cannot leave this process: %w", c.Op, ErrHandle)
	}
	if c.Message != nil && !json.Valid(c.Message) {
		return nil, badRequest(fmt.Errorf("command %q: its message is not JSON", c.Op))
	}
	for _, text := range append([]string{c.Viewer}, c.Env...) {
		if !utf8.ValidString(text) {
			return nil, badRequest(fmt.Errorf("command %q: %q is not UTF-8", c.Op, text))
		}
	}
	if c.Signal != 0 {
		j.Signal = signalName(c.Signal)
	}
	return plainJSON(j)
}

// UnmarshalJSON reads what MarshalJSON wrote, and any signal by its name or as
// "signal 41". Unknown fields are ignored. An unknown operation, a command of a
// later version (which may mean something else) and a field of a wrong type are
// ErrBadRequest.
func (c *Command) UnmarshalJSON(b []byte) error {
	var j commandJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return badRequest(fmt.Errorf("command: %w", err))
	}
	switch {
	case j.V > wireVersion:
		return badRequest(fmt.Errorf("command %q is of version %d; this is version %d", j.Op, j.V, wireVersion))
	case !ops[j.Op]:
		return unknownOp(j.Op)
	}
	sig, err := signalNamed(j.Signal)
	if err != nil {
		return badRequest(fmt.Errorf("command %q: %w", j.Op, err))
	}
	*c = Command{Op: j.Op, Worker: j.Worker, Signal: sig, Policy: j.Policy, Message: j.Message, Env: j.Env, Viewer: j.Viewer, For: j.For, By: j.By}
	return nil
}

func unknownOp(op Op) error { return badRequest(fmt.Errorf("command %q is not known", op)) }

// signalNamed reads signalName's form; "" is 0.
func signalNamed(s string) (syscall.Signal, error) {
	if s == "" {
		return 0, nil
	}
	if sig := unix.SignalNum(s); sig != 0 {
		return sig, nil
	}
	if no, ok := strings.CutPrefix(s, "signal "); ok {
		if n, err := strconv.Atoi(no); err == nil {
			return syscall.Signal(n), nil
		}
	}
	return 0, fmt.Errorf("signal %q is not known", s)
}

// resultJSON is the JSON form of a Result, version 1.
type resultJSON struct {
	V       int      `json:"v"`
	Worker  int      `json:"worker,omitempty"`
	Policy  Policy   `json:"policy,omitempty"`
	Details *Details `json:"details,omitempty"`
}

// MarshalJSON writes {"v":1,"worker":5}, without zero fields.
func (r Result) MarshalJSON() ([]byte, error) {
	return plainJSON(resultJSON{wireVersion, r.Worker, r.Policy, r.Details})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Result) UnmarshalJSON(b []byte) error {
	var j resultJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = Result{Worker: j.Worker, Policy: j.Policy, Details: j.Details}
	return nil
}

// latencyJSON is the JSON form of a Latency. Buckets are pairs, the index of a
// bucket and its count, without empty buckets.
type latencyJSON struct {
	Max     int64       `json:"max_ns"`
	Buckets [][2]uint64 `json:"buckets"`
}

// MarshalJSON writes {"max_ns":1300000,"buckets":[[56,12],[57,3]]}: all that
// Quantile, Count, Max, Since and Merge need.
func (l Latency) MarshalJSON() ([]byte, error) {
	j := latencyJSON{Max: int64(l.max), Buckets: [][2]uint64{}}
	for i, n := range l.counts {
		if n > 0 {
			j.Buckets = append(j.Buckets, [2]uint64{uint64(i), n})
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote. A bucket that does not exist, or
// a count that is too large, is an error.
func (l *Latency) UnmarshalJSON(b []byte) error {
	var j latencyJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	if j.Max < 0 {
		return fmt.Errorf("latency: max_ns %d is negative", j.Max)
	}
	var read Latency
	for _, p := range j.Buckets {
		if p[0] >= latencyBuckets {
			return fmt.Errorf("latency: there is no bucket %d", p[0])
		}
		if read.n+p[1] < read.n {
			return errors.New("latency: more times than can be counted")
		}
		read.addBucket(p[0], p[1])
	}
	read.max = time.Duration(j.Max)
	*l = read
	return nil
}
