package say

import (
	"testing"

	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/wireword"
)

func to[T any](v T) *T { return &v }

// fitting is the first form that fits in cells, else the last.
func fitting(cells int, forms []string) string {
	for _, f := range forms {
		if safetext.Width(f) <= cells {
			return f
		}
	}
	return forms[len(forms)-1]
}

func TestLogLineForms(t *testing.T) {
	kill := func(d engine.ExitDetail) engine.ExitDetail { d.Signal = to("SIGKILL"); return d }
	for _, c := range []struct {
		name             string
		e                engine.Event
		kind             string
		sign             Mark
		c31, c52, beside string // in 31 and 52 cells, and in 40 beside a call
	}{
		{"dealt again", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{DealtAgain: 2, Cut: new(1)})}, "exit", MarkExited,
			"SIGKILL; 2 dealt again, 1 cut", "SIGKILL, not voluntary; 2 dealt again, 1 cut", "SIGKILL; 2 dealt again, 1 cut"},
		{"cut while idle", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{Cut: new(16), CutKept: 12})}, "exit", MarkExited,
			"SIGKILL", "SIGKILL, not voluntary; 16 cut, 12 of them kept", "SIGKILL; 16 cut, 12 of them kept"},
		{"cut not known", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{})}, "exit", MarkExited,
			"SIGKILL; cut not known", "SIGKILL, not voluntary; cut not known", "SIGKILL, not voluntary; cut not known"},
		{"retry", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{Cut: new(0), RetryMs: 400, Deaths: 2, Of: 5})}, "exit", MarkExited,
			"SIGKILL; fork in 0.4 s (2 of 5)", "SIGKILL, not voluntary; fork in 0.4 s (2 of 5)", "SIGKILL, not voluntary; fork in 0.4 s"},
		{"voluntary", engine.Event{Kind: engine.KindExit, By: wireword.ByKey, Detail: engine.ExitDetail{Cut: new(0), Code: to(0), Voluntary: true}}, "exit", MarkExited,
			"code 0, voluntary", "code 0, voluntary", "code 0, voluntary"},
		{"fork", engine.Event{Kind: engine.KindFork, PID: 20533, Call: "cluster.fork() -> worker 5", By: engine.BySupervisor, Detail: engine.ForkDetail{Replaces: 4, Try: 1, Of: 5}}, "fork", MarkForked,
			"replaces 4", "cluster.fork() -> worker 5, pid 20533, replaces 4", "pid 20533, replaces 4 (try 1 of 5)"},
		{"fork by key", engine.Event{Kind: engine.KindFork, PID: 7, Call: "cluster.fork() -> worker 5", By: wireword.ByKey, Detail: engine.ForkDetail{}}, "fork", MarkUser,
			"pid 7", "cluster.fork() -> worker 5, pid 7", "pid 7"},
		{"online", engine.Event{Kind: engine.KindOnline, Detail: engine.OnlineDetail{Ms: 21}}, "online", MarkOnline, "after 21 ms", "after 21 ms", "after 21 ms"},
		{"online again", engine.Event{Kind: engine.KindOnline, Detail: engine.OnlineDetail{Ms: 17, DeathMs: 18, Of: 4}}, "online", MarkOnline,
			"18 ms after the death of 4", "18 ms after the death of 4", "18 ms after the death of 4"},
		{"listening", engine.Event{Kind: engine.KindListening, Detail: engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4"}}, "listening", MarkListening,
			"127.0.0.1:3000", "127.0.0.1:3000", "127.0.0.1:3000"},
		{"listening everywhere", engine.Event{Kind: engine.KindListening, Detail: engine.ListeningDetail{Port: 80, AddressType: "6"}}, "listening", MarkListening,
			"[::]:80", "[::]:80", "[::]:80"},
		{"disconnect", engine.Event{Kind: engine.KindDisconnect, Detail: engine.DisconnectDetail{}}, "disconnect", MarkDisconnected,
			"channel closed", "channel closed, exitedAfterDisconnect false", "channel closed"},
		{"crash", engine.Event{Kind: engine.KindKill, PID: 20414, By: wireword.ByKey, Detail: engine.KillDetail{Signal: "SIGKILL", Crash: true}}, "crash", MarkUser,
			"SIGKILL from outside", "SIGKILL from outside", "SIGKILL to pid 20414"},
		{"kill after the grace", engine.Event{Kind: engine.KindKill, PID: 7, By: engine.BySupervisor, Detail: engine.KillDetail{Signal: "SIGTERM", Reason: "grace over"}}, "kill", MarkNone,
			"SIGTERM to pid 7: grace over", "SIGTERM to pid 7: grace over", "SIGTERM to pid 7: grace over"},
		{"leave", engine.Event{Kind: engine.KindLeave, By: wireword.ByKey, Detail: engine.LeaveDetail{InFlight: 11, GraceMs: 5000}}, "disconnect", MarkUser,
			"11 in flight, 5 s to go", "takes no more; 11 requests in flight, 5 s to go", "takes no more; 11 in flight, 5 s"},
		{"leave by itself", engine.Event{Kind: engine.KindLeave, By: engine.ByOutside, Detail: engine.LeaveDetail{}}, "leaves", MarkLeaving,
			"none in flight, no limit", "takes no more; none in flight, no limit", "takes no more; none in flight, no limit"},
		{"leave, nothing in flight", engine.Event{Kind: engine.KindLeave, By: wireword.ByKey, Detail: engine.LeaveDetail{GraceMs: 5000}}, "disconnect", MarkUser,
			"none in flight, 5 s to go", "takes no more; none in flight, 5 s to go", "takes no more; none in flight, 5 s to go"},
		{"leave, not known", engine.Event{Kind: engine.KindLeave, By: wireword.ByKey, Detail: engine.LeaveDetail{InFlight: -1, GraceMs: 5000}}, "disconnect", MarkUser,
			"takes no more; 5 s to go", "takes no more; 5 s to go", "takes no more; 5 s to go"},
		{"policy", engine.Event{Kind: engine.KindPolicy, By: wireword.ByKey, Detail: engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 3}}, "policy", MarkUser,
			"rr -> shared after 3 ms", "rr -> shared after 3 ms", "rr -> shared after 3 ms"},
		{"stderr", engine.Event{Kind: engine.KindOutput, Detail: engine.OutputDetail{Stream: "stderr", Text: "a\x1bb", Missed: 2}}, "stderr", MarkWarning,
			`(2 lines left out) a\x1bb`, `(2 lines left out) a\x1bb`, `(2 lines left out) a\x1bb`},
		{"setup", engine.Event{Kind: engine.KindSetup, By: engine.ByAPI, Call: "cluster.setupPrimary()", Detail: engine.SetupDetail{
			Exec: "/usr/bin/node", ExecArgv: []string{"--inspect"}, Args: []string{"a b.js"}, Silent: to(true), Policy: engine.SchedRR}}, "setup", MarkNone,
			`node --inspect "a b.js"`, `node --inspect "a b.js", silent true, policy rr`, `node --inspect "a b.js", policy rr`},
		{"setup with a note", engine.Event{Kind: engine.KindSetup, Call: "cluster.setupPrimary()", Detail: engine.SetupDetail{Note: "npm start: node a.js"}}, "setup", MarkNone,
			"npm start: node a.js", "npm start: node a.js", "npm start: node a.js"},
		{"message", engine.Event{Kind: engine.KindMessage, Detail: engine.MessageDetail{Message: []byte(`{"a":"\u001b"}`)}}, "message", MarkNone,
			`{"a":"\u001b"}`, `{"a":"\u001b"}`, `{"a":"\u001b"}`},
		{"message, cut", engine.Event{Kind: engine.KindMessage, Detail: engine.MessageDetail{Message: []byte(`"{\"a\":\u001b"`), Cut: true}}, "message", MarkNone,
			`{"a":\x1b (cut)`, `{"a":\x1b (cut)`, `{"a":\x1b (cut)`},
		{"send", engine.Event{Kind: engine.KindSend, By: wireword.ByKey, Detail: engine.SendDetail{Message: []byte("[1,\"\u202e\"]")}}, "send", MarkUser,
			`[1,"\u202e"]`, `[1,"\u202e"]`, `[1,"\u202e"]`},
		{"error", engine.Event{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: "accept failed", Errno: "EMFILE"}}, "error", MarkWarning,
			"accept failed (EMFILE)", "accept failed (EMFILE)", "accept failed (EMFILE)"},
		{"what was put right is no alarm", engine.Event{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: "it is put back", Mended: true}}, "mended", MarkNone,
			"it is put back", "it is put back", "it is put back"},
	} {
		l, ok := Event(c.e)
		if !ok {
			t.Errorf("%s: no line", c.name)
			continue
		}
		if l.Kind != c.kind || l.Mark != c.sign {
			t.Errorf("%s: kind %q, sign %d; want %q, %d", c.name, l.Kind, l.Mark, c.kind, c.sign)
		}
		for _, f := range []struct {
			got, want string
		}{{fitting(31, l.Plain), c.c31}, {fitting(52, l.Plain), c.c52}, {fitting(40, l.Beside), c.beside}} {
			if f.got != f.want {
				t.Errorf("%s: %q, want %q", c.name, f.got, f.want)
			}
		}
	}
}

func TestEventsWithoutALine(t *testing.T) {
	for _, d := range []engine.Detail{engine.DealtAgainDetail{Count: 2}} {
		if _, ok := Event(engine.Event{Detail: d}); ok {
			t.Errorf("%T has a line", d)
		}
	}
}
