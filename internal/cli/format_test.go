package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/say"
)

func ptr[T any](v T) *T { return &v }

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		detail     engine.Detail
		kind, text string
	}{
		{engine.SetupDetail{Exec: "node", Args: []string{"a.js"}, Workers: 2, Policy: engine.SchedRR}, "setup", "node a.js, 2 workers, policy rr"},
		{engine.ForkDetail{}, "fork", "pid 70"},
		{engine.ForkDetail{Replaces: 4, Why: "SIGKILL", Try: 1, Of: 5}, "fork", "pid 70, replaces 4: SIGKILL (try 1 of 5)"},
		{engine.OnlineDetail{Ms: 21.4}, "online", "21 ms after its fork"},
		{engine.OnlineDetail{Ms: 4, DeathMs: 18, Of: 4}, "online", "18 ms after the death of 4"},
		{engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, Ms: 9.25}, "listening", "127.0.0.1:3000, 9.2 ms after its fork"},
		{engine.ListeningDetail{Address: "", Port: 3000, Ms: 30}, "listening", ":3000, 30 ms after its fork"},
		{engine.ListeningDetail{Address: "/run/a.sock", Port: -1, Ms: 30}, "listening", "/run/a.sock, 30 ms after its fork"},
		{engine.SetupDetail{Exec: "sh", Workers: 1, Policy: engine.SchedRR, Note: "npm start: without npm"}, "setup", "sh, 1 worker, policy rr; npm start: without npm"},
		{engine.SetupDetail{Exec: "node", ExecArgv: []string{"--inspect"}, Args: []string{"a.js"}, Workers: 2, Policy: engine.SchedNone, Silent: ptr(true),
			Stdio: []engine.Stdio{engine.StdioIgnore, engine.StdioPipe}, Cwd: "/srv"}, "setup",
			"node --inspect a.js, 2 workers, policy shared, silent true, stdio [ignore pipe], cwd /srv"},
		{engine.MessageDetail{Message: json.RawMessage(`"{\"a\":[1"`), Cut: true}, "message", `{"a":[1 (cut)`},
		{engine.SendDetail{Message: json.RawMessage(`[1]`)}, "send", "[1]"},
		{engine.MessageDetail{Message: json.RawMessage(`{"a":1}`)}, "message", `{"a":1}`},
		{engine.DisconnectDetail{Voluntary: true}, "disconnect", "channel closed, exitedAfterDisconnect true"},
		{engine.DisconnectDetail{Error: "garbage"}, "disconnect", "channel closed, exitedAfterDisconnect false: garbage"},
		{engine.ExitDetail{Cut: new(0), Code: ptr(0), Voluntary: true}, "exit", "code 0, voluntary"},
		{engine.ExitDetail{Signal: ptr("SIGKILL"), DealtAgain: 2, Cut: new(1), RetryMs: 400, Deaths: 2, Of: 5}, "exit",
			"SIGKILL, not voluntary; 2 dealt again; 1 cut; fork in 400 ms (2 of 5)"},
		{engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 3}, "policy", "rr -> shared in 3.0 ms"},
		{engine.KillDetail{Signal: "SIGTERM"}, "kill", "SIGTERM to pid 70"},
		{engine.KillDetail{Signal: "SIGKILL", Crash: true}, "kill", "SIGKILL to pid 70, like an accident"},
		{engine.KillDetail{Signal: "SIGKILL", Reason: "grace over"}, "kill", "SIGKILL to pid 70: grace over"},
		{engine.LeaveDetail{InFlight: 11, GraceMs: 5000}, "leave", "takes no more; 11 in flight, 5.0 s to go"},
		{engine.LeaveDetail{}, "leave", "takes no more; none in flight, no limit"},
		{engine.LeaveDetail{InFlight: -1}, "leave", "takes no more; no limit"},
		{engine.ErrorDetail{Text: "it is put back", Mended: true}, "mended", "it is put back"},
		{engine.StallDetail{Ms: 1000, Asked: true}, "stall", "it has not answered for 1.0 s"},
		{engine.StallDetail{Ms: 1000}, "stall", "a connection it was handed is unanswered for 1.0 s"},
		{engine.DealtAgainDetail{Count: 1}, "dealt_again", "1 connection dealt again"},
		{engine.OutputDetail{Stream: "stderr", Text: "oops"}, "stderr", "oops"},
		{engine.OutputDetail{Stream: "stdout", Text: "on", Missed: 3}, "stdout", "(3 lines left out) on"},
		{engine.ErrorDetail{Text: "fork failed", Errno: "EMFILE"}, "error", "fork failed (EMFILE)"},
		{engine.OrphansDetail{Signal: "SIGTERM", Count: 1, Processes: []engine.Orphan{{PID: 7, Command: "node helper.js"}}}, "orphans",
			"left 1 process: node helper.js (pid 7): SIGTERM"},
		{engine.StoppedDetail{Deaths: 5, Text: "no config"}, "stopped", "no more tries after 5 deaths in a row: no config"},
	} {
		e := engine.Event{Kind: engine.Kind(tc.kind), PID: 70, Detail: tc.detail}
		if _, ok := tc.detail.(engine.OutputDetail); ok {
			e.Kind = engine.KindOutput
		}
		if kind, text := say.Line(&e); kind != tc.kind || text != tc.text {
			t.Errorf("%#v:\n got %q %q\nwant %q %q", tc.detail, kind, text, tc.kind, tc.text)
		}
	}
}

func format1(f format, e engine.Event) string {
	var b bytes.Buffer
	f.event(&b, &e)
	return b.String()
}

func TestLine(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 4, 22, 310e6, time.Local)
	got := format1(lines{}, engine.Event{Time: at, Worker: 5, PID: 70, Kind: engine.KindFork, Call: "cluster.fork() -> worker 5", Detail: engine.ForkDetail{}})
	want := "2026-11-24 12:04:22.310   5  fork        pid 70                                       cluster.fork() -> worker 5\n"
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") || strings.Count(got, "\n") != 1 {
		t.Errorf("got  %q\nwant %q up to spaces", got, want)
	}
	if got := format1(lines{}, engine.Event{Time: at, Kind: engine.KindPolicy}); !strings.HasPrefix(got, "2026-11-24 12:04:22.310   -  policy") {
		t.Errorf("an event of no worker is written as %q", got)
	}
}

// hostile is what a worker may write to do harm to a terminal.
var hostile = []string{"\x1b[2J", "\x1b]52;c;aGk=\x07", "a\rb", "\u009b2J", "\u202eexe", "\u2066x", "line\nforged line", "\x00\x07\x08", "a\x80\xffb"}

func TestOutsideTextIsMadeSafe(t *testing.T) {
	for _, text := range hostile {
		for _, e := range []engine.Event{
			{Kind: engine.KindOutput, Worker: 1, Detail: engine.OutputDetail{Stream: "stdout", Text: text}},
			{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: text}},
			{Kind: engine.KindStopped, Worker: 1, Detail: engine.StoppedDetail{Deaths: 5, Text: text}},
			{Kind: engine.KindSetup, Call: text, Detail: engine.SetupDetail{Exec: text}},
		} {
			for _, f := range []format{lines{}, jsonLines{}} {
				got := format1(f, e)
				line, rest, _ := strings.Cut(got, "\n")
				if rest != "" || line == "" {
					t.Errorf("%T %s %q: not exactly one line: %q", f, e.Kind, text, got)
				}
				if i := strings.IndexFunc(line, unsafeRune); i >= 0 {
					t.Errorf("%T %s %q: %q is not safe", f, e.Kind, text, line)
				}
			}
		}
	}
}

// SGR sequences of workers stood as \x1b[32m in every line.
func TestColoursOfWorkersAreDropped(t *testing.T) {
	const text = "\x1b[1;32mready\x1b[0m \x1b[2J"
	for _, e := range []engine.Event{
		{Kind: engine.KindOutput, Worker: 1, Detail: engine.OutputDetail{Stream: "stdout", Text: text}},
		{Kind: engine.KindError, Detail: engine.ErrorDetail{Text: text}},
		{Kind: engine.KindStopped, Worker: 1, Detail: engine.StoppedDetail{Deaths: 5, Text: text}},
		{Kind: engine.KindKill, Worker: 1, Detail: engine.KillDetail{Signal: "SIGKILL", Reason: text}},
		{Kind: engine.KindFork, Worker: 1, Detail: engine.ForkDetail{Replaces: 2, Why: text}},
		{Kind: engine.KindDisconnect, Worker: 1, Detail: engine.DisconnectDetail{Error: text}},
	} {
		if got := format1(lines{}, e); !strings.Contains(got, `ready \x1b[2J`) || strings.Contains(got, "[1;32m") {
			t.Errorf("%s in a line: %q", e.Kind, got)
		}
		if got := format1(jsonLines{}, e); !strings.Contains(got, `"ready \u001b[2J"`) {
			t.Errorf("%s in JSON: %q", e.Kind, got)
		}
	}
	// A message is a value: people read it without colours, programs get it as it was sent.
	e := engine.Event{Kind: engine.KindMessage, Worker: 1, Detail: engine.MessageDetail{Message: json.RawMessage(`{"a":"\u001b[32mready"}`)}}
	if got := format1(lines{}, e); !strings.Contains(got, `{"a":"ready"}`) {
		t.Errorf("a message in a line: %q", got)
	}
	if got := format1(jsonLines{}, e); !strings.Contains(got, `{"a":"\u001b[32mready"}`) {
		t.Errorf("a message in JSON: %q", got)
	}
	// What muster says itself may quote a worker too.
	var b bytes.Buffer
	(&app{stderr: &b}).say("it failed: %s", text)
	if got := b.String(); got != "muster: it failed: ready \\x1b[2J\n" {
		t.Errorf("on stderr: %q", got)
	}
}

func unsafeRune(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func TestJSONIsTheEvent(t *testing.T) {
	want := engine.Event{
		Seq: 7, Time: time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC), Kind: engine.KindOutput, Worker: 3, Slot: 2, PID: 70,
		Call: "x", By: engine.ByOutside, Detail: engine.OutputDetail{Stream: "stdout", Text: "\u009b2J and \u202e"},
	}
	var got engine.Event
	if err := json.Unmarshal([]byte(format1(jsonLines{}, want)), &got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A detail that cannot be written costs the detail, not the event.
func TestJSONOfABrokenMessage(t *testing.T) {
	e := engine.Event{Seq: 9, Kind: engine.KindMessage, Worker: 1, Detail: engine.MessageDetail{Message: json.RawMessage("{")}}
	if got := format1(jsonLines{}, e); !strings.Contains(got, `"seq":9`) {
		t.Errorf("the event is written as %q", got)
	}
}

// A picture from before the last exit may show no worker because none had been
// forked yet: it proves nothing.
func TestPlainIsNotCompleteByAnOldPicture(t *testing.T) {
	p := &pageLines{started: map[int]bool{}}
	old := &engine.Snapshot{Seq: 5}
	if p.complete(old) {
		t.Error("complete before any worker has gone")
	}
	p.event(&bytes.Buffer{}, &engine.Event{Seq: 6, Kind: engine.KindExit, Worker: 1})
	if p.complete(old) {
		t.Error("complete by a picture that is older than the exit")
	}
	waits := &engine.Snapshot{Seq: 6, Workers: []engine.Row{{State: engine.StateExited, Next: &engine.Next{}}}}
	if p.complete(waits) {
		t.Error("complete while a slot waits for its replacement")
	}
	if !p.complete(&engine.Snapshot{Seq: 6}) {
		t.Error("not complete when no worker is left")
	}
}

// Logs are shipped and screens recorded: a command line in them is without secrets.
func TestTheSetupLineHadTheSecretsOfTheCommand(t *testing.T) {
	e := engine.Event{Kind: engine.KindSetup, Detail: engine.SetupDetail{Exec: "node", Args: []string{"a.js", "--token=hunter2", "--password", "hunter2"}, Note: "npm start: DB=hunter2 node a.js"}}
	for _, form := range []format{lines{}, jsonLines{}} {
		var b bytes.Buffer
		form.event(&b, &e)
		if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "a.js") {
			t.Errorf("%T: %s", form, b.String())
		}
	}
}
