package tui

import (
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/say"
	"muster/tui/internal/cell"
)

func TestLogLineForms(t *testing.T) {
	kill := func(d engine.ExitDetail) engine.ExitDetail { d.Signal = ptr("SIGKILL"); return d }
	for _, c := range []struct {
		name             string
		e                engine.Event
		kind             string
		sign             say.Mark
		c31, c52, beside string // in 31 and 52 cells, and in 40 beside a call
	}{
		{"dealt again", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{DealtAgain: 2, Cut: new(1)})}, "exit", say.MarkExited,
			"SIGKILL; 2 dealt again, 1 cut", "SIGKILL, not voluntary; 2 dealt again, 1 cut", "SIGKILL; 2 dealt again, 1 cut"},
		{"cut while idle", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{Cut: new(16), CutKept: 12})}, "exit", say.MarkExited,
			"SIGKILL", "SIGKILL, not voluntary; 16 cut, 12 of them kept", "SIGKILL; 16 cut, 12 of them kept"},
		{"cut not known", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{})}, "exit", say.MarkExited,
			"SIGKILL; cut not known", "SIGKILL, not voluntary; cut not known", "SIGKILL, not voluntary; cut not known"},
		{"retry", engine.Event{Kind: engine.KindExit, Detail: kill(engine.ExitDetail{Cut: new(0), RetryMs: 400, Deaths: 2, Of: 5})}, "exit", say.MarkExited,
			"SIGKILL; fork in 0.4 s (2 of 5)", "SIGKILL, not voluntary; fork in 0.4 s (2 of 5)", "SIGKILL, not voluntary; fork in 0.4 s"},
		{"voluntary", engine.Event{Kind: engine.KindExit, By: engine.ByKey, Detail: engine.ExitDetail{Cut: new(0), Code: ptr(0), Voluntary: true}}, "exit", say.MarkExited,
			"code 0, voluntary", "code 0, voluntary", "code 0, voluntary"},
		{"fork", engine.Event{Kind: engine.KindFork, PID: 20533, Call: "cluster.fork() -> worker 5", By: engine.BySupervisor, Detail: engine.ForkDetail{Replaces: 4, Try: 1, Of: 5}}, "fork", say.MarkForked,
			"replaces 4", "cluster.fork() -> worker 5, pid 20533, replaces 4", "pid 20533, replaces 4 (try 1 of 5)"},
		{"fork by key", engine.Event{Kind: engine.KindFork, PID: 7, Call: "cluster.fork() -> worker 5", By: engine.ByKey, Detail: engine.ForkDetail{}}, "fork", say.MarkUser,
			"pid 7", "cluster.fork() -> worker 5, pid 7", "pid 7"},
		{"online", engine.Event{Kind: engine.KindOnline, Detail: engine.OnlineDetail{Ms: 21}}, "online", say.MarkOnline, "after 21 ms", "after 21 ms", "after 21 ms"},
		{"online again", engine.Event{Kind: engine.KindOnline, Detail: engine.OnlineDetail{Ms: 17, DeathMs: 18, Of: 4}}, "online", say.MarkOnline,
			"18 ms after the death of 4", "18 ms after the death of 4", "18 ms after the death of 4"},
		{"listening", engine.Event{Kind: engine.KindListening, Detail: engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4"}}, "listening", say.MarkListening,
			"127.0.0.1:3000", "127.0.0.1:3000", "127.0.0.1:3000"},
		{"listening everywhere", engine.Event{Kind: engine.KindListening, Detail: engine.ListeningDetail{Port: 80, AddressType: "6"}}, "listening", say.MarkListening,
			"[::]:80", "[::]:80", "[::]:80"},
		{"disconnect", engine.Event{Kind: engine.KindDisconnect, Detail: engine.DisconnectDetail{}}, "disconnect", say.MarkDisconnected,
			"channel closed", "channel closed, exitedAfterDisconnect false", "channel closed"},
		{"crash", engine.Event{Kind: engine.KindKill, PID: 20414, By: engine.ByKey, Detail: engine.KillDetail{Signal: "SIGKILL", Crash: true}}, "crash", say.MarkUser,
			"SIGKILL from outside", "SIGKILL from outside", "SIGKILL to pid 20414"},
		{"kill after the grace", engine.Event{Kind: engine.KindKill, PID: 7, By: engine.BySupervisor, Detail: engine.KillDetail{Signal: "SIGTERM", Reason: "grace over"}}, "kill", say.MarkNone,
			"SIGTERM to pid 7: grace over", "SIGTERM to pid 7: grace over", "SIGTERM to pid 7: grace over"},
		{"leave", engine.Event{Kind: engine.KindLeave, By: engine.ByKey, Detail: engine.LeaveDetail{InFlight: 11, GraceMs: 5000}}, "disconnect", say.MarkUser,
			"11 in flight, 5 s to go", "takes no more; 11 requests in flight, 5 s to go", "takes no more; 11 in flight, 5 s"},
		{"leave by itself", engine.Event{Kind: engine.KindLeave, By: engine.ByOutside, Detail: engine.LeaveDetail{}}, "leaves", say.MarkLeaving,
			"none in flight, no limit", "takes no more; none in flight, no limit", "takes no more; none in flight, no limit"},
		{"leave, nothing in flight", engine.Event{Kind: engine.KindLeave, By: engine.ByKey, Detail: engine.LeaveDetail{GraceMs: 5000}}, "disconnect", say.MarkUser,
			"none in flight, 5 s to go", "takes no more; none in flight, 5 s to go", "takes no more; none in flight, 5 s to go"},
		{"leave, not known", engine.Event{Kind: engine.KindLeave, By: engine.ByKey, Detail: engine.LeaveDetail{InFlight: -1, GraceMs: 5000}}, "disconnect", say.MarkUser,
			"takes no more; 5 s to go", "takes no more; 5 s to go", "takes no more; 5 s to go"},
		{"policy", engine.Event{Kind: engine.KindPolicy, By: engine.ByKey, Detail: engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 3}}, "policy", say.MarkUser,
			"rr -> shared after 3 ms", "rr -> shared after 3 ms", "rr -> shared after 3 ms"},
		{"stderr", engine.Event{Kind: engine.KindOutput, Detail: engine.OutputDetail{Stream: "stderr", Text: "a\x1bb", Missed: 2}}, "stderr", say.MarkWarning,
			`(2 lines left out) a\x1bb`, `(2 lines left out) a\x1bb`, `(2 lines left out) a\x1bb`},
		{"setup", engine.Event{Kind: engine.KindSetup, By: engine.ByAPI, Call: "cluster.setupPrimary()", Detail: engine.SetupDetail{
			Exec: "/usr/bin/node", ExecArgv: []string{"--inspect"}, Args: []string{"a b.js"}, Silent: ptr(true), Policy: engine.SchedRR}}, "setup", say.MarkNone,
			`node --inspect "a b.js"`, `node --inspect "a b.js", silent true, policy rr`, `node --inspect "a b.js", policy rr`},
		{"setup with a note", engine.Event{Kind: engine.KindSetup, Call: "cluster.setupPrimary()", Detail: engine.SetupDetail{Note: "npm start: node a.js"}}, "setup", say.MarkNone,
			"npm start: node a.js", "npm start: node a.js", "npm start: node a.js"},
		{"message", engine.Event{Kind: engine.KindMessage, Detail: engine.MessageDetail{Message: []byte(`{"a":"\u001b"}`)}}, "message", say.MarkNone,
			`{"a":"\u001b"}`, `{"a":"\u001b"}`, `{"a":"\u001b"}`},
		{"message, cut", engine.Event{Kind: engine.KindMessage, Detail: engine.MessageDetail{Message: []byte(`"{\"a\":\u001b"`), Cut: true}}, "message", say.MarkNone,
			`{"a":\x1b (cut)`, `{"a":\x1b (cut)`, `{"a":\x1b (cut)`},
		{"send", engine.Event{Kind: engine.KindSend, By: engine.ByKey, Detail: engine.SendDetail{Message: []byte("[1,\"\u202e\"]")}}, "send", say.MarkUser,
			`[1,"\u202e"]`, `[1,"\u202e"]`, `[1,"\u202e"]`},
		{"error", engine.Event{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: "accept failed", Errno: "EMFILE"}}, "error", say.MarkWarning,
			"accept failed (EMFILE)", "accept failed (EMFILE)", "accept failed (EMFILE)"},
		{"what was put right is no alarm", engine.Event{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: "it is put back", Mended: true}}, "mended", say.MarkNone,
			"it is put back", "it is put back", "it is put back"},
	} {
		l, ok := newLogLine(c.e)
		if !ok {
			t.Errorf("%s: no line", c.name)
			continue
		}
		if l.Kind != c.kind || l.Mark != c.sign {
			t.Errorf("%s: kind %q, sign %d; want %q, %d", c.name, l.Kind, l.Mark, c.kind, c.sign)
		}
		for _, f := range []struct {
			got, want string
		}{{cell.Fitting(31, l.Plain...), c.c31}, {cell.Fitting(52, l.Plain...), c.c52}, {cell.Fitting(40, l.Beside...), c.beside}} {
			if f.got != f.want {
				t.Errorf("%s: %q, want %q", c.name, f.got, f.want)
			}
		}
	}
}

func TestEventsWithoutALine(t *testing.T) {
	for _, d := range []engine.Detail{engine.DealtAgainDetail{Count: 2}} {
		if _, ok := newLogLine(engine.Event{Detail: d}); ok {
			t.Errorf("%T has a line", d)
		}
	}
}

func TestLogLineMatches(t *testing.T) {
	l, _ := newLogLine(engine.Event{Kind: engine.KindExit, Worker: 42, Call: "cluster 'exit'", Detail: engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL"), RetryMs: 400}})
	for _, yes := range []string{"sigkill", "42", "EXIT", "cluster '", "Not Voluntary", ""} {
		if !l.match(yes) {
			t.Errorf("%q does not match", yes)
		}
	}
	if l.match("nothing of it") {
		t.Error("what is not there matches")
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for kv, want := range map[string]string{
		"DB_PASSWORD=hunter2": "DB_PASSWORD=***", "HOME_PAGE=https://example.org": "HOME_PAGE=***", "PATH=/bin": "PATH=/bin",
		"PORT=\x1b[2J": `PORT=\x1b[2J`, "\x1b[2J=1": `\x1b[2J=***`,
	} {
		if got := maskEnv(kv); got != want {
			t.Errorf("maskEnv(%q) = %q, want %q", kv, got, want)
		}
	}
	s := testScreen(80, 24)
	got := envText(s, []string{"A=1", "NODE_UNIQUE_ID=2", strings.Repeat("B", 200) + "=1"}, "", 60)
	if !strings.HasPrefix(got, "NODE_UNIQUE_ID=2") || !strings.HasSuffix(got, "(3 in all, * shows one)") {
		t.Errorf("envText = %q", got)
	}
}
