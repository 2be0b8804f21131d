package engine

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"muster/internal/wireword"
)

func TestCommandJSON(t *testing.T) {
	for want, c := range map[string]Command{
		`{"v":1,"op":"fork"}`: {Op: OpFork},
		`{"v":1,"op":"kill","worker":3,"signal":"SIGKILL","by":"key"}`: {Op: OpKill, Worker: 3, Signal: syscall.SIGKILL, By: wireword.ByKey},
		`{"v":1,"op":"kill","worker":3,"signal":"signal 41"}`:          {Op: OpKill, Worker: 3, Signal: 41},
		`{"v":1,"op":"policy","policy":"shared"}`:                      {Op: OpPolicy, Policy: SchedNone},
		`{"v":1,"op":"send","worker":3,"message":{"a":"<b>"}}`:         {Op: OpSend, Worker: 3, Message: json.RawMessage(`{"a":"<b>"}`)},
	} {
		if got, err := plainJSON(c); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
}

func TestCommandWithAHandleStaysHere(t *testing.T) {
	_, err := json.Marshal(Command{Op: OpSend, Worker: 1, Message: json.RawMessage(`1`), Handle: &Handle{}})
	if errorCode(err) != "bad_handle" {
		t.Errorf("%v", err)
	}
}

func TestCommandWithoutAForm(t *testing.T) {
	for name, c := range map[string]Command{
		"a variable that is not UTF-8":  {Op: OpFork, Env: []string{"A=\xff"}},
		"a viewer that is not UTF-8":    {Op: OpWatch, Viewer: "\xff"},
		"a message that is not JSON":    {Op: OpSend, Message: json.RawMessage("{")},
		"an operation that there isn't": {Op: "eat"},
	} {
		if _, err := json.Marshal(c); errorCode(err) != "bad_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCommandFromElsewhere(t *testing.T) {
	for _, c := range []struct{ name, in, err string }{
		{"a field of the future", `{"v":1,"op":"kill","worker":3,"gently":true}`, ""},
		{"no version", `{"op":"kill","worker":3}`, ""},
		{"another version", `{"v":2,"op":"kill","worker":3}`, "version 2"},
		{"another operation", `{"v":1,"op":"eat","worker":3}`, `"eat"`},
		{"no operation", `{"v":1,"worker":3}`, `""`},
		{"no such signal", `{"v":1,"op":"kill","worker":3,"signal":"SIGMOON"}`, "SIGMOON"},
		{"no such policy", `{"v":1,"op":"policy","worker":3,"policy":"moon"}`, "moon"},
		{"a signal by number", `{"v":1,"op":"kill","worker":3,"signal":9}`, "signal"},
		{"not an object", `[]`, "array"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cmd Command
			err := json.Unmarshal([]byte(c.in), &cmd)
			if c.err == "" {
				if err != nil || cmd.Op != OpKill || cmd.Worker != 3 {
					t.Errorf("%+v, %v", cmd, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.err) || errorCode(err) != "bad_request" {
				t.Errorf("error %v (%s), want one with %q", err, errorCode(err), c.err)
			}
		})
	}
}

// fuzzWire reads what it can, and has it come out of the wire as it went in.
func fuzzWire[T any](f *testing.F, decode func([]byte) (T, error)) {
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decode(b)
		if err != nil {
			return
		}
		first, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", v, err)
		}
		again, err := decode(first)
		if err != nil {
			t.Fatalf("%s cannot be read: %v", first, err)
		}
		if second, err := json.Marshal(again); err != nil || string(second) != string(first) {
			t.Errorf("%s\nbecame %s (%v)", first, second, err)
		}
	})
}

func decodeInto[T any](b []byte) (T, error) {
	var v T
	err := json.Unmarshal(b, &v)
	return v, err
}

func FuzzCommandJSON(f *testing.F) {
	f.Add([]byte(`{"v":1,"op":"kill","worker":3,"signal":"SIGKILL","by":"key"}`))
	f.Add([]byte(`{"op":"send","worker":3,"message":{"a":["<b>"]}}`))
	f.Add([]byte(`{"op":"fork","env":["A=1"],"policy":"none"}`))
	fuzzWire(f, decodeInto[Command])
}

func FuzzResultJSON(f *testing.F) {
	f.Add([]byte(`{"v":1,"worker":5,"policy":"rr","details":{"worker":3,"env":["A=1"],"fds":-1,"fd_limit":1024}}`))
	fuzzWire(f, decodeInto[Result])
}

func FuzzSnapshotJSON(f *testing.F) {
	f.Add([]byte(goldenSnapshot))
	f.Add([]byte(`{"v":1,"hand_off":{"max_ns":7,"buckets":[[0,1]]},"traffic":{"conns":[{"n":1,"from":"[::1]:80"}],"queued":null}}`))
	fuzzWire(f, decodeInto[Snapshot])
}

func FuzzLatencyJSON(f *testing.F) {
	f.Add([]byte(`{"max_ns":1300000,"buckets":[[56,12],[57,3]]}`))
	fuzzWire(f, decodeInto[Latency])
}

func FuzzWireErrorJSON(f *testing.F) {
	f.Add([]byte(`{"v":1,"code":"no_worker","text":"worker 3: no such worker","errno":"ESRCH"}`))
	fuzzWire(f, decodeInto[*WireError])
}
