package engine

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// goldenSnapshot is version 1 of a public form: a change here breaks those who
// read it.
const goldenSnapshot = `{
 "v": 1,
 "seq": 42,
 "tick": 3,
 "time": "2026-01-02T03:04:05.678901234Z",
 "started": "2026-01-02T03:04:05Z",
 "pid": 100,
 "cpus": 2,
 "command": "muster (built-in worker)",
 "settings": {
  "exec": "/proc/self/exe",
  "silent": true
 },
 "policy": "rr",
 "addresses": [
  {
   "network": "tcp",
   "host": "127.0.0.1",
   "port": 3000
  }
 ],
 "grace_ns": 5000000000,
 "stall_ns": 10000000000,
 "workers": [
  {
   "id": 3,
   "slot": 0,
   "pid": 101,
   "state": "listening",
   "by": "api",
   "forked": "2026-01-02T03:04:05Z",
   "online": "2026-01-02T03:04:05Z",
   "listening": "2026-01-02T03:04:05Z",
   "changed": "2026-01-02T03:04:05Z",
   "connected": true,
   "dead": false,
   "exited_after_disconnect": null,
   "restarts": 0,
   "addresses": [
    {
     "network": "tcp",
     "host": "127.0.0.1",
     "port": 3000
    }
   ],
   "dealt": 5,
   "refused": 1,
   "hand": 2,
   "open": 0,
   "cut": null,
   "done": 4,
   "req_per_s": 1.5,
   "cpu_percent": 12.5,
   "mem_bytes": 4096
  },
  {
   "id": 4,
   "slot": 1,
   "pid": 102,
   "state": "exited",
   "by": "supervisor",
   "forked": "2026-01-02T03:04:05Z",
   "ended": "2026-01-02T03:04:05.678901234Z",
   "changed": "2026-01-02T03:04:05.678901234Z",
   "connected": false,
   "dead": true,
   "exited_after_disconnect": false,
   "exit": {
    "code": 2,
    "signal": null,
    "voluntary": false,
    "cut": 1,
    "retry_ms": 400,
    "deaths": 3,
    "of": 5
   },
   "replaces": 2,
   "replaces_why": "exit code 2",
   "restarts": 2,
   "last_exit": "exit code 2",
   "last_exit_at": "2026-01-02T03:04:05.678901234Z",
   "next": {
    "at": "2026-01-02T03:04:05.678901234Z",
    "deaths": 3,
    "of": 5,
    "stopped": false,
    "reason": "panic: boom",
    "lines": 7
   },
   "dealt": 0,
   "refused": 0,
   "hand": 0,
   "open": null,
   "cut": 1,
   "done": null,
   "req_per_s": null,
   "cpu_percent": null,
   "mem_bytes": null
  }
 ],
 "restarts": 2,
 "accepted": 6,
 "dealt": 5,
 "taken": 4,
 "refused": 1,
 "dealt_again": 1,
 "lost": 1,
 "lost_unknown": 0,
 "odd_answers": 0,
 "queue": 1,
 "waited_ns": 1000000,
 "handing": 2,
 "free": [
  3
 ],
 "req_per_s": 1.5,
 "open": 0,
 "primary_cpu_percent": null,
 "primary_mem_bytes": 8192
}`

func TestSnapshotJSON(t *testing.T) {
	start, late := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), at
	addr := []Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}}
	s := &Snapshot{
		V: 1, Seq: 42, Tick: 3, Time: late, Started: start, PID: 100, CPUs: 2, Command: "muster (built-in worker)",
		Settings: Settings{Exec: "/proc/self/exe", Silent: ptr(true)},
		Policy:   SchedRR, Addresses: addr, Grace: 5 * time.Second, Stall: 10 * time.Second,
		Workers: []Row{
			{ID: 3, PID: 101, State: StateListening, By: ByAPI, Forked: start, Online: start, Listening: start, Changed: start,
				Connected: true, Addresses: addr, Dealt: 5, Refused: 1, Hand: 2, Open: ptr(0), Done: ptr(uint64(4)),
				ReqRate: ptr(1.5), CPU: ptr(12.5), Mem: ptr(uint64(4096))},
			{ID: 4, Slot: 1, PID: 102, State: StateExited, By: BySupervisor, Forked: start, Ended: late, Changed: late, Dead: true,
				ExitedAfterDisconnect: ptr(false), Exit: &ExitDetail{Code: ptr(2), Cut: ptr(1), RetryMs: 400, Deaths: 3, Of: 5},
				Replaces: 2, ReplacesWhy: "exit code 2", Restarts: 2, LastExit: "exit code 2", LastExitAt: late,
				Next: &Next{At: late, Deaths: 3, Of: 5, Reason: "panic: boom", Lines: 7}, Cut: ptr(1)},
		},
		Restarts: 2, Accepted: 6, Dealt: 5, Taken: 4, Refused: 1, DealtAgain: 1, Lost: 1,
		Queue: 1, Waited: time.Millisecond, Handing: 2, Free: []int{3}, ReqRate: ptr(1.5), Open: ptr(0), PrimaryMem: ptr(uint64(8192)),
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != goldenSnapshot {
		t.Errorf("got\n%s", b)
	}
	var back Snapshot
	if err := json.Unmarshal([]byte(goldenSnapshot), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&back, s) {
		t.Errorf("read again:\n got %+v\nwant %+v", &back, s)
	}
}

func TestSnapshotCount(t *testing.T) {
	s := &Snapshot{Workers: []Row{
		{ID: 1, State: StateListening},
		{ID: 2, State: StateListening},
		{ID: 3, State: StateForked},
		{ID: 4, State: StateOnline},
		{ID: 5, State: StateDisconnecting},
		{ID: 6, State: StateDisconnected},
		{ID: 7, State: StateExited},                              // of its own will: not counted
		{ID: 8, State: StateExited, Next: &Next{}},               // waits for its replacement
		{ID: 9, State: StateExited, Next: &Next{Stopped: true}},  // gave up
		{ID: 10, State: StateExited, Next: &Next{Stopped: true}}, // gave up
	}}
	if got, want := s.Count(), (Counts{Rows: 9, Listening: 2, Stopped: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := new(Snapshot).Count(); got != (Counts{}) {
		t.Errorf("no workers: %+v", got)
	}
	for _, id := range []int{1, 10} {
		if w := s.ByID(id); w == nil || w.ID != id {
			t.Errorf("ByID(%d) = %v", id, w)
		}
	}
	if w := s.ByID(11); w != nil {
		t.Errorf("ByID(11) = %v", w)
	}
}
