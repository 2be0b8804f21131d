package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"muster/internal/wireword"
	"muster/ipc"
)

// at is the time of the golden events.
var at = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

func ptr[T any](v T) *T { return &v }

// goldenEvents has every kind. The JSON is version 1 of a public form: a change
// here breaks those who read it.
var goldenEvents = []struct {
	event Event
	json  string
}{
	{Event{Seq: 1, Time: at, Kind: KindSetup, By: ByAPI, Call: "cluster.setupPrimary()",
		Detail: SetupDetail{Exec: "/x", Args: []string{"a"}, Workers: 4, Policy: SchedRR}},
		`{"v":1,"seq":1,"time":"2026-01-02T03:04:05.678901234Z","kind":"setup","call":"cluster.setupPrimary()","by":"api","detail":{"exec":"/x","args":["a"],"workers":4,"policy":"rr"}}`},
	{Event{Seq: 2, Time: at, Kind: KindFork, Worker: 3, Slot: 0, PID: 70, By: BySupervisor, Call: "cluster.fork() -> worker 3",
		Detail: ForkDetail{Replaces: 1, Why: "SIGKILL", Try: 2, Of: 5}},
		`{"v":1,"seq":2,"time":"2026-01-02T03:04:05.678901234Z","kind":"fork","worker":3,"slot":0,"pid":70,"call":"cluster.fork() -\u003e worker 3","by":"supervisor","detail":{"replaces":1,"why":"SIGKILL","try":2,"of":5}}`},
	{Event{Seq: 3, Time: at, Kind: KindOnline, Worker: 3, Slot: 2, PID: 70, By: ByOutside, Detail: OnlineDetail{Ms: 12.5, DeathMs: 14, Of: 1}},
		`{"v":1,"seq":3,"time":"2026-01-02T03:04:05.678901234Z","kind":"online","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"ms":12.5,"death_ms":14,"of":1}}`},
	{Event{Seq: 4, Time: at, Kind: KindListening, Worker: 3, Slot: 2, PID: 70, By: ByOutside,
		Detail: ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4", Ms: 0.25}},
		`{"v":1,"seq":4,"time":"2026-01-02T03:04:05.678901234Z","kind":"listening","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"address":"127.0.0.1","port":3000,"addressType":"4","ms":0.25}}`},
	{Event{Seq: 5, Time: at, Kind: KindMessage, Worker: 3, Slot: 2, PID: 70, By: ByOutside,
		Detail: MessageDetail{Message: json.RawMessage(`{"cmd":"hi","n":[1,2]}`)}},
		`{"v":1,"seq":5,"time":"2026-01-02T03:04:05.678901234Z","kind":"message","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"message":{"cmd":"hi","n":[1,2]}}}`},
	{Event{Seq: 6, Time: at, Kind: KindMessage, Worker: 3, Slot: 2, PID: 70, By: ByOutside,
		Detail: MessageDetail{Message: json.RawMessage(`"[1,2"`), Cut: true}},
		`{"v":1,"seq":6,"time":"2026-01-02T03:04:05.678901234Z","kind":"message","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"message":"[1,2","cut":true}}`},
	{Event{Seq: 7, Time: at, Kind: KindDisconnect, Worker: 3, Slot: 2, PID: 70, By: BySupervisor, Detail: DisconnectDetail{Error: "garbage"}},
		`{"v":1,"seq":7,"time":"2026-01-02T03:04:05.678901234Z","kind":"disconnect","worker":3,"slot":2,"pid":70,"by":"supervisor","detail":{"voluntary":false,"error":"garbage"}}`},
	{Event{Seq: 8, Time: at, Kind: KindExit, Worker: 3, Slot: 2, PID: 70, By: ByOutside,
		Detail: ExitDetail{Signal: ptr("SIGKILL"), DealtAgain: 2, Cut: ptr(3), CutKept: 1, RetryMs: 400, Deaths: 2, Of: 5}},
		`{"v":1,"seq":8,"time":"2026-01-02T03:04:05.678901234Z","kind":"exit","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"code":null,"signal":"SIGKILL","voluntary":false,"dealt_again":2,"cut":3,"cut_kept":1,"retry_ms":400,"deaths":2,"of":5}}`},
	{Event{Seq: 9, Time: at, Kind: KindExit, Worker: 3, Slot: 2, PID: 70, By: ByOutside, Detail: ExitDetail{Code: ptr(0), Voluntary: true}},
		`{"v":1,"seq":9,"time":"2026-01-02T03:04:05.678901234Z","kind":"exit","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"code":0,"signal":null,"voluntary":true,"cut":null}}`},
	{Event{Seq: 10, Time: at, Kind: KindPolicy, By: wireword.ByKey, Call: "cluster.schedulingPolicy = cluster.SCHED_NONE",
		Detail: PolicyDetail{From: SchedRR, To: SchedNone, Ms: 0.033}},
		`{"v":1,"seq":10,"time":"2026-01-02T03:04:05.678901234Z","kind":"policy","call":"cluster.schedulingPolicy = cluster.SCHED_NONE","by":"key","detail":{"from":"rr","to":"shared","ms":0.033}}`},
	{Event{Seq: 11, Time: at, Kind: KindKill, Worker: 3, Slot: 2, PID: 70, By: wireword.ByKey, Detail: KillDetail{Signal: "SIGKILL", Crash: true, Reason: "stalled"}},
		`{"v":1,"seq":11,"time":"2026-01-02T03:04:05.678901234Z","kind":"kill","worker":3,"slot":2,"pid":70,"by":"key","detail":{"signal":"SIGKILL","crash":true,"reason":"stalled"}}`},
	{Event{Seq: 12, Time: at, Kind: KindLeave, Worker: 3, Slot: 2, PID: 70, By: wireword.ByKey, Detail: LeaveDetail{InFlight: 4, GraceMs: 5000}},
		`{"v":1,"seq":12,"time":"2026-01-02T03:04:05.678901234Z","kind":"leave","worker":3,"slot":2,"pid":70,"by":"key","detail":{"in_flight":4,"grace_ms":5000}}`},
	{Event{Seq: 13, Time: at, Kind: KindStall, Worker: 3, Slot: 2, PID: 70, By: ByOutside, Detail: StallDetail{Ms: 1000.5}},
		`{"v":1,"seq":13,"time":"2026-01-02T03:04:05.678901234Z","kind":"stall","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"ms":1000.5}}`},
	{Event{Seq: 13, Time: at, Kind: KindStall, Worker: 3, Slot: 2, PID: 70, By: BySupervisor, Detail: StallDetail{Ms: 10000, Spared: "process 9 (gdb) traces it"}},
		`{"v":1,"seq":13,"time":"2026-01-02T03:04:05.678901234Z","kind":"stall","worker":3,"slot":2,"pid":70,"by":"supervisor","detail":{"ms":10000,"spared":"process 9 (gdb) traces it"}}`},
	{Event{Seq: 14, Time: at, Kind: KindDealtAgain, Worker: 3, Slot: 2, PID: 70, By: BySupervisor, Detail: DealtAgainDetail{Count: 2}},
		`{"v":1,"seq":14,"time":"2026-01-02T03:04:05.678901234Z","kind":"dealt_again","worker":3,"slot":2,"pid":70,"by":"supervisor","detail":{"count":2}}`},
	{Event{Seq: 16, Time: at, Kind: KindSend, Worker: 3, Slot: 2, PID: 70, Call: "cluster.workers[3].send({})", By: wireword.ByKey, Detail: SendDetail{Message: json.RawMessage(`{}`)}},
		`{"v":1,"seq":16,"time":"2026-01-02T03:04:05.678901234Z","kind":"send","worker":3,"slot":2,"pid":70,"call":"cluster.workers[3].send({})","by":"key","detail":{"message":{}}}`},
	{Event{Seq: 15, Time: at, Kind: KindOutput, Worker: 3, Slot: 2, PID: 70, By: ByOutside, Detail: OutputDetail{Stream: "stderr", Text: "\x1b[31m<世>", Missed: 7}},
		`{"v":1,"seq":15,"time":"2026-01-02T03:04:05.678901234Z","kind":"output","worker":3,"slot":2,"pid":70,"by":"outside","detail":{"stream":"stderr","text":"\u001b[31m\u003c世\u003e","missed":7}}`},
	{Event{Seq: 16, Time: at, Kind: KindError, By: BySupervisor, Detail: ErrorDetail{Text: "bind: in use", Errno: "EADDRINUSE"}},
		`{"v":1,"seq":16,"time":"2026-01-02T03:04:05.678901234Z","kind":"error","by":"supervisor","detail":{"text":"bind: in use","errno":"EADDRINUSE"}}`},
	{Event{Seq: 17, Time: at, Kind: KindStopped, Worker: 3, Slot: 2, By: BySupervisor, Detail: StoppedDetail{Deaths: 5, Text: "panic: boom"}},
		`{"v":1,"seq":17,"time":"2026-01-02T03:04:05.678901234Z","kind":"stopped","worker":3,"slot":2,"by":"supervisor","detail":{"deaths":5,"text":"panic: boom"}}`},
	{Event{Seq: 17, Time: at, Kind: KindOrphans, Worker: 3, Slot: 2, PID: 70, By: BySupervisor,
		Detail: OrphansDetail{Signal: "SIGTERM", Count: 1, Processes: []Orphan{{71, "node helper.js"}}}},
		`{"v":1,"seq":17,"time":"2026-01-02T03:04:05.678901234Z","kind":"orphans","worker":3,"slot":2,"pid":70,"by":"supervisor","detail":{"signal":"SIGTERM","count":1,"processes":[{"pid":71,"command":"node helper.js"}]}}`},
	{Event{Seq: 18, Time: at, Kind: KindKill, By: ByAPI},
		`{"v":1,"seq":18,"time":"2026-01-02T03:04:05.678901234Z","kind":"kill","by":"api"}`},
}

func TestEventJSON(t *testing.T) {
	kinds := map[Kind]bool{KindSetup: true, KindFork: true, KindOnline: true, KindListening: true, KindMessage: true, KindSend: true,
		KindDisconnect: true, KindExit: true, KindPolicy: true, KindKill: true, KindLeave: true, KindStall: true,
		KindDealtAgain: true, KindOutput: true, KindError: true, KindStopped: true, KindOrphans: true}
	for _, g := range goldenEvents {
		delete(kinds, g.event.Kind)
		b, err := json.Marshal(g.event)
		if err != nil {
			t.Errorf("%s: %v", g.event.Kind, err)
			continue
		}
		if string(b) != g.json {
			t.Errorf("%s:\n got %s\nwant %s", g.event.Kind, b, g.json)
		}
		var back Event
		if err := json.Unmarshal([]byte(g.json), &back); err != nil {
			t.Errorf("%s: %v", g.event.Kind, err)
			continue
		}
		if !reflect.DeepEqual(back, g.event) {
			t.Errorf("%s:\n got %+v\nwant %+v", g.event.Kind, back, g.event)
		}
		if d := g.event.Detail; d != nil && d.kind() != g.event.Kind {
			t.Errorf("a %T is of kind %q, not %q", d, d.kind(), g.event.Kind)
		}
	}
	for k := range kinds {
		t.Errorf("no golden event of kind %q", k)
	}
}

// A reader survives what a later version writes, and says what is wrong with
// the rest.
func TestEventJSONFromElsewhere(t *testing.T) {
	for _, c := range []struct{ name, in, err string }{
		{"a kind of the future", `{"v":2,"seq":9,"kind":"moon","worker":3,"slot":1,"phase":7,"detail":{"full":true}}`, ""},
		{"a field of the future", `{"v":1,"seq":9,"kind":"stall","worker":3,"slot":1,"detail":{"ms":1,"why":"x"}}`, ""},
		{"no detail", `{"v":1,"seq":9,"kind":"stall","worker":3,"slot":1}`, ""},
		{"detail of another form", `{"v":1,"seq":9,"kind":"stall","worker":3,"slot":1,"detail":[1]}`, "event 9 (stall)"},
		{"a policy nobody knows", `{"v":1,"seq":9,"kind":"policy","worker":3,"slot":1,"detail":{"from":"rr","to":"moon"}}`, `"moon"`},
		{"no time", `{"v":1,"seq":9,"time":"soon","kind":"stall","worker":3,"slot":1}`, "time"},
		{"not an object", `7`, "number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var e Event
			err := json.Unmarshal([]byte(c.in), &e)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want one with %q", err, c.err)
				}
				return
			}
			if err != nil || e.Seq != 9 || e.Worker != 3 || e.Slot != 1 {
				t.Errorf("%+v, %v", e, err)
			}
		})
	}
}

// What was read once is written and read again without change.
func FuzzEventJSON(f *testing.F) {
	for _, g := range goldenEvents {
		f.Add([]byte(g.json))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Event
		if json.Unmarshal(b, &e) != nil {
			return
		}
		first, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", e, err)
		}
		switch d := e.Detail.(type) { // a policy that is left out cannot be read again
		case SetupDetail:
			if d.Policy == 0 {
				return
			}
		case PolicyDetail:
			if d.From == 0 || d.To == 0 {
				return
			}
		}
		var again Event
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("%s cannot be read: %v", first, err)
		}
		second, err := json.Marshal(again)
		if err != nil || string(second) != string(first) {
			t.Errorf("%s\nbecame %s (%v)", first, second, err)
		}
	})
}

func TestExitDetailText(t *testing.T) {
	for want, d := range map[string]ExitDetail{
		"SIGKILL": {Signal: ptr("SIGKILL")}, "code 0": {Code: ptr(0)}, "code 1": {Code: ptr(1)}, "unknown": {},
	} {
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := exitWords(&ExitDetail{Code: ptr(1)}); got != "exit code 1" {
		t.Errorf("%q", got)
	}
	if got := exitWords(&ExitDetail{Signal: ptr("SIGTERM")}); got != "SIGTERM" {
		t.Errorf("%q", got)
	}
}

// A message in an event is valid UTF-8 and at most 4 KiB, whatever came.
func TestMessageEvents(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		cut       bool
	}{
		{"as it came", `{"a":"世"}`, false},
		{"not UTF-8", "{\"a\":\"\xff\"}", false},
		{"just fits", `"` + strings.Repeat("x", lineMax-2) + `"`, false},
		{"too long", `"` + strings.Repeat("x", lineMax) + `"`, true},
		{"cut through a rune", `["` + strings.Repeat("世", lineMax) + `"]`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := loopAt(at)
			l.messages.userMessage(&worker{id: 3, slot: &slot{index: 2}, api: &Worker{id: 3}}, &ipc.Message{Kind: ipc.User, Raw: []byte(c.raw), FD: -1})
			ev, _ := l.pub.events.after(0)
			d := ev[0].Detail.(MessageDetail)
			if d.Cut != c.cut {
				t.Errorf("cut %v", d.Cut)
			}
			if text := ""; d.Cut && (json.Unmarshal(d.Message, &text) != nil || len(text) > lineMax || !strings.HasPrefix(c.raw, text)) {
				t.Errorf("cut to %d bytes of text: %.50s", len(text), d.Message)
			}
			if !c.cut && utf8.ValidString(c.raw) && string(d.Message) != c.raw {
				t.Errorf("%s became %s", c.raw, d.Message)
			}
			b, err := json.Marshal(ev[0])
			if err != nil || !utf8.Valid(b) {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}
