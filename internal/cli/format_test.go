package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/cli/internal/command"
)

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
	(&command.World{Stderr: &b}).Say("it failed: %s", text)
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
