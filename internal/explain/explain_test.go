package explain

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"muster/engine"
	"muster/internal/wireword"
)

var now = time.Date(2026, 11, 24, 12, 4, 31, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func picture(p engine.Policy) *engine.Snapshot {
	return &engine.Snapshot{Policy: p, Started: now.Add(-4 * time.Minute), Time: now, Grace: 5 * time.Second, StopSignal: "SIGTERM", Stall: 10 * time.Second}
}

// constants are the values of all constants of one type in a file of the engine.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../engine/"+file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ {
				for _, e := range v.Values {
					text, err := strconv.Unquote(e.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, text)
				}
			}
		}
		return true
	})
	if len(out) < 4 {
		t.Fatalf("%s has %d constants of type %s: the test looks in the wrong place", file, len(out), typ)
	}
	return out
}

// check: four parts, six of a policy, of at most two lines each where a line has
// 71 cells, so that all of them and a title fit in nine.
func check(t *testing.T, name string, x Text) {
	t.Helper()
	parts := x.Parts()
	if x.Title == "" || len(parts) != 4 && (len(parts) != 6 || x.Good == "" || x.Bad == "") {
		t.Errorf("%s: %+v", name, x)
	}
	lines := 0
	for _, p := range parts {
		if p.Text == "" || p.Name == "" || strings.Contains(p.Text, "%!") {
			t.Errorf("%s: the part %q says %q", name, p.Name, p.Text)
		}
		n := Wrap(p.Text, 71, utf8.RuneCountInString)
		if len(n) > 2 {
			t.Errorf("%s: %q has %d lines: %q", name, p.Name, len(n), p.Text)
		}
		lines += len(n)
	}
	if lines > 8 {
		t.Errorf("%s: %d lines", name, lines)
	}
	if n := utf8.RuneCountInString(x.Title); n > 40 {
		t.Errorf("%s: the title has %d characters: %q", name, n, x.Title)
	}
}

const long = "Error: Cannot find module './config' which was required by /srv/app/node_modules/some/very/long/path/index.js"

// events are one or more of every kind, with the largest figures there are.
func events() map[string]engine.Event {
	m := map[string]engine.Event{}
	add := func(name string, by engine.By, d engine.Detail) {
		kind := engine.Kind(strings.Fields(name)[0])
		m[name] = engine.Event{Seq: 9, Time: now, Kind: kind, Worker: 1234, Slot: 255, PID: 4194304, By: by, Detail: d}
	}
	code, sig := func(n int) *int { return &n }, ptr("SIGKILL")
	add("setup", engine.ByAPI, engine.SetupDetail{Exec: "/usr/bin/muster", Workers: 256, Policy: engine.SchedNone})
	add("fork first", wireword.ByKey, engine.ForkDetail{})
	add("fork again", engine.BySupervisor, engine.ForkDetail{Replaces: 1233, Why: "exit code 111", Try: 4, Of: 5})
	add("fork by key", wireword.ByKey, engine.ForkDetail{Replaces: 1233, Why: "exit code 111", Try: 4, Of: 5})
	add("fork restart", wireword.ByKey, engine.ForkDetail{Replaces: 1233, Why: "restart"})
	add("online", engine.ByOutside, engine.OnlineDetail{Ms: 17, DeathMs: 18.4, Of: 1233})
	add("listening", engine.ByOutside, engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4", Ms: 29})
	add("listening udp", engine.ByOutside, engine.ListeningDetail{Port: 3000, AddressType: "udp6", Ms: 29})
	add("listening path", engine.ByOutside, engine.ListeningDetail{Address: "/run/a/very/long/directory/of/a/program/app.sock", Port: -1, AddressType: "-1", Ms: 29})
	add("message", engine.ByOutside, engine.MessageDetail{Message: json.RawMessage(`{"text":"` + long + `"}`)})
	add("send", wireword.ByKey, engine.SendDetail{Message: json.RawMessage(`{"text":"` + long + `"}`)})
	add("disconnect voluntary", engine.ByOutside, engine.DisconnectDetail{Voluntary: true})
	add("disconnect accident", engine.ByOutside, engine.DisconnectDetail{})
	add("disconnect error", engine.BySupervisor, engine.DisconnectDetail{Error: long})
	add("exit code 0 voluntary", engine.ByOutside, engine.ExitDetail{Cut: new(0), Code: code(0), Voluntary: true})
	add("exit code 0 accident", engine.ByOutside, engine.ExitDetail{Cut: new(0), Code: code(0)})
	add("exit code n", engine.ByOutside, engine.ExitDetail{Code: code(111), DealtAgain: 1024, Cut: ptr(8765)})
	add("exit not started", engine.ByOutside, engine.ExitDetail{Cut: new(0), Code: code(-2), RetryMs: 100, Deaths: 1, Of: 5})
	add("exit signal", engine.ByOutside, engine.ExitDetail{Signal: sig, DealtAgain: 2, Cut: ptr(1)})
	add("exit signal voluntary", engine.ByOutside, engine.ExitDetail{Cut: new(0), Signal: ptr("SIGTERM"), Voluntary: true})
	add("exit retry", engine.ByOutside, engine.ExitDetail{Signal: sig, RetryMs: 400, Deaths: 2, Of: 5, DealtAgain: 1024, Cut: ptr(8765)})
	add("exit retry, had listened", engine.ByOutside, engine.ExitDetail{Cut: new(0), Signal: sig, RetryMs: 30000})
	add("exit stopped", engine.ByOutside, engine.ExitDetail{Cut: new(0), Code: code(1), Deaths: 5, Of: 5})
	add("exit unknown", engine.ByOutside, engine.ExitDetail{})
	for _, to := range engine.Policies() {
		for _, from := range engine.Policies() {
			add(fmt.Sprintf("policy %v %v", from, to), engine.ByAPI, engine.PolicyDetail{From: from, To: to, Ms: 3})
		}
	}
	for _, s := range append(harmless, "SIGTERM", "SIGKILL") {
		add("kill "+s, wireword.ByKey, engine.KillDetail{Signal: s})
	}
	add("kill crash", wireword.ByKey, engine.KillDetail{Signal: "SIGKILL", Crash: true})
	add("kill reason", engine.BySupervisor, engine.KillDetail{Signal: "SIGKILL", Reason: "a hand-off was unanswered for 10s, and nothing else helped at all"})
	add("leave", wireword.ByKey, engine.LeaveDetail{InFlight: 8765, GraceMs: 5000})
	add("leave unknown", engine.BySupervisor, engine.LeaveDetail{InFlight: -1})
	add("leave itself", engine.ByOutside, engine.LeaveDetail{})
	add("stall", engine.ByOutside, engine.StallDetail{Ms: 1200})
	add("stall asked", engine.ByOutside, engine.StallDetail{Ms: 1200, Asked: true})
	add("stall spared", engine.BySupervisor, engine.StallDetail{Ms: 12000, Spared: "process 4194304 (gdb) traces it"})
	add("dealt_again", engine.BySupervisor, engine.DealtAgainDetail{Count: 1024})
	add("output", engine.ByOutside, engine.OutputDetail{Stream: "stderr", Text: long, Missed: 123456789})
	add("error", engine.BySupervisor, engine.ErrorDetail{Text: long, Errno: "EADDRNOTAVAIL"})
	add("error mended", engine.BySupervisor, engine.ErrorDetail{Text: long, Mended: true})
	add("orphans", engine.BySupervisor, engine.OrphansDetail{Signal: "SIGTERM", Count: 2, Processes: []engine.Orphan{{PID: 1, Command: long}}})
	add("orphans killed", engine.BySupervisor, engine.OrphansDetail{Signal: "SIGKILL", Count: 123})
	add("stopped", engine.BySupervisor, engine.StoppedDetail{Deaths: 5, Text: long})
	return m
}

// TestEveryKindIsExplained under every policy, with and without its detail.
func TestEveryKindIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for name, e := range events() {
		seen[string(e.Kind)] = true
		for _, p := range engine.Policies() {
			x := Event(e, picture(p), nil)
			check(t, name, x)
			if e.Kind != engine.KindPolicy && x.Than != p.Other() {
				t.Errorf("%s: in %v the other policy is %v", name, p, x.Than)
			}
		}
	}
	for _, kind := range constants(t, "event.go", "Kind") {
		if !seen[kind] || table[engine.Kind(kind)] == nil {
			t.Errorf("the kind %q is not explained", kind)
		}
		for _, s := range []*engine.Snapshot{nil, {}} {
			check(t, kind+" without a detail", Event(engine.Event{Kind: engine.Kind(kind), Worker: 7}, s, nil))
		}
	}
	check(t, "unknown", Event(engine.Event{Kind: "new", By: "new"}, nil, nil))
}

// TestWhatIsSaid: the figures are the event's, and who caused it is said.
func TestWhatIsSaid(t *testing.T) {
	ev, rr := events(), picture(engine.SchedRR)
	for name, want := range map[string][]string{
		"fork again":               {"Worker 1233 ended (exit code 111)", "death 4 of 5", "c.Fork()"},
		"fork restart":             {"A restart of worker 1233"},
		"fork first":               {"A key of the dashboard asked"},
		"online":                   {"18 ms after the death of worker 1233"},
		"listening":                {"127.0.0.1:3000", "29 ms after its fork", "accept for itself"},
		"listening udp":            {"datagrams"},
		"exit code 0 voluntary":    {"code 0, without an error", "exitedAfterDisconnect is true", "not replaced", "0, null"},
		"exit code 0 accident":     {"exitedAfterDisconnect is false", "replaced at once"},
		"exit code n":              {"code 111", "1024 dealt again, 8765 cut"},
		"exit not started":         {"could not be started", "100 ms later"},
		"exit signal":              {"SIGKILL ended", "2 dealt again, 1 cut", "null, 'SIGKILL'"},
		"exit signal voluntary":    {"SIGTERM ended", "exitedAfterDisconnect is true"},
		"exit retry":               {"Death 2 of 5", "400 ms later"},
		"exit retry, had listened": {"not listened for 1 s", "30 s later"},
		"exit stopped":             {"Death 5 of 5", "its slot stops"},
		"policy rr shared":         {"workers accept for themselves", "SCHED_NONE", "A call of the API", "3 ms", "next free worker"},
		"policy sticky least":      {"fewest open", "Node has no such policy", "client address"},
		"kill SIGTERM":             {"pid 4194304", "exitedAfterDisconnect is true"},
		"kill SIGUSR1":             {"stays as it is"},
		"kill SIGSTOP":             {"stands still until SIGCONT"},
		"kill crash":               {"stays false", "process.kill(4194304, 'SIGKILL')"},
		"kill reason":              {"The supervisor: a hand-off was unanswered for 10s"},
		"leave":                    {"its 8765 connections", "It has 5 s", "A key"},
		"leave itself":             {"cluster.worker.disconnect()", "Its own program"},
		"stall":                    {"1.2 s", "After 10 s it is killed"},
		"stall asked":              {"has not answered the primary for 1.2 s"},
		"stall spared":             {"12 s", "not killed for that", "debugger: process 4194304 (gdb) traces it"},
		"dealt_again":              {"1024 connections", "worker 1234"},
		"output":                   {"stderr", "123456789"},
		"error":                    {"Cannot find module", "EADDRNOTAVAIL"},
		"error mended":             {"nothing to do", "Cannot find module"},
		"orphans":                  {"worker 1234 had started", "2 processes got SIGTERM", "--keep-children"},
		"orphans killed":           {"SIGKILL", "SIGTERM had not ended them"},
		"stopped":                  {"5 deaths in a row", "Cannot find module"},
	} {
		x := Event(ev[name], rr, nil)
		text := x.Means + " " + x.Cause + " " + x.Call + " " + x.Other
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q lacks %q", name, text, w)
			}
		}
	}
	e := ev["fork first"]
	e.By, e.Time = engine.ByAPI, rr.Started.Add(20*time.Millisecond)
	if x := Event(e, rr, nil); !strings.Contains(x.Cause, "The start of the cluster") {
		t.Errorf("a fork of the start: %q", x.Cause)
	}
}

// x on an exit that was asked for named all that can ask for it.
func TestAVoluntaryEndSaysWhatAskedForIt(t *testing.T) {
	past := func(events ...engine.Event) Past {
		return func(yield func(engine.Event) bool) {
			for i := len(events) - 1; i >= 0; i-- {
				e := events[i]
				if e.Seq = uint64(i + 1); e.Worker == 0 {
					e.Worker = 1234
				}
				if !yield(e) {
					return
				}
			}
		}
	}
	leave := func(by engine.By, call string) engine.Event {
		return engine.Event{By: by, Call: call, Detail: engine.LeaveDetail{}}
	}
	kill := func(by engine.By, d engine.KillDetail) engine.Event { return engine.Event{By: by, Detail: d} }
	own := leave(wireword.ByKey, "cluster.workers[1234].disconnect()")
	forked := engine.Event{Detail: engine.ForkDetail{}}
	standIn := engine.Event{Worker: 1235, Detail: engine.ForkDetail{Replaces: 1234, Why: "restart"}}
	listened := engine.Event{Worker: 1235, Detail: engine.ListeningDetail{}}
	const key, replaced = "A key of the dashboard ", " It is not replaced."
	for name, c := range map[string]struct {
		past         Past
		signal       *string
		exit, leaves string // leaves "" = the same without the end
	}{
		"d":       {past(forked, own), nil, key + "told it to leave: worker.disconnect()." + replaced, ""},
		"the API": {past(forked, leave(engine.ByAPI, own.Call)), nil, "A call of the API told it to leave: worker.disconnect()." + replaced, ""},
		"D":       {past(forked, leave(wireword.ByKey, "cluster.disconnect()")), nil, key + "told all workers to leave: cluster.disconnect()." + replaced, ""},
		"its own program": {past(forked, leave(engine.ByOutside, "cluster.worker.disconnect()")), nil,
			"Its own program told it to leave: cluster.worker.disconnect()." + replaced, ""},
		"a restart":          {past(forked, standIn, listened, own), nil, "A restart told it to leave, once worker 1235 listened in its place.", ""},
		"d during a restart": {past(forked, standIn, own, listened), nil, key + "told it to leave: worker.disconnect()." + replaced, ""},
		"a restart taken back": {past(forked, leave(engine.BySupervisor, own.Call)), nil,
			"A restart that was taken back told it to leave: it did not listen where the old worker does." + replaced, ""},
		"k": {past(forked, kill(wireword.ByKey, engine.KillDetail{Signal: "SIGTERM"})), ptr("SIGTERM"),
			key + "sent it SIGTERM: worker.kill('SIGTERM')." + replaced, "none"},
		"k after d": {past(forked, own, kill(wireword.ByKey, engine.KillDetail{Signal: "SIGKILL"})), ptr("SIGKILL"),
			key + "sent it SIGKILL: worker.kill('SIGKILL')." + replaced, key + "told it to leave: worker.disconnect()."},
		"d, and the grace": {past(forked, own, kill(engine.BySupervisor, engine.KillDetail{Signal: "SIGKILL", Reason: "the grace of 5s is over"})), ptr("SIGKILL"),
			key + "told it to leave: worker.disconnect(). It had not when its time was over: SIGKILL." + replaced, key + "told it to leave: worker.disconnect()."},
		"d, and an accident": {past(forked, own, kill(wireword.ByKey, engine.KillDetail{Signal: "SIGKILL", Crash: true}), kill(wireword.ByKey, engine.KillDetail{Signal: "SIGSTOP"})),
			ptr("SIGKILL"), key + "told it to leave: worker.disconnect()." + replaced, ""},
		"of another worker": {past(engine.Event{Worker: 7, By: wireword.ByKey, Detail: engine.LeaveDetail{}}, forked), nil,
			"It had been told to leave, by disconnect(), kill(), a restart or the end of the cluster." + replaced, "none"},
	} {
		rr := picture(engine.SchedRR)
		d := engine.ExitDetail{Code: ptr(0), Voluntary: true, Cut: new(0)}
		if c.signal != nil {
			d.Code, d.Signal = nil, c.signal
		}
		x := Event(engine.Event{Kind: engine.KindExit, Worker: 1234, Detail: d}, rr, c.past)
		check(t, name, x)
		if x.Cause != c.exit {
			t.Errorf("%s: exit: %q, want %q", name, x.Cause, c.exit)
		}
		if x := State(&engine.Row{ID: 1234, State: engine.StateExited, Exit: &d}, rr, now, c.past); x.Cause != c.exit {
			t.Errorf("%s: the row that ended: %q, want %q", name, x.Cause, c.exit)
		}
		want := c.leaves
		switch want {
		case "none":
			continue
		case "":
			want = strings.TrimSuffix(c.exit, replaced)
		}
		x = State(&engine.Row{ID: 1234, State: engine.StateDisconnecting}, rr, now, c.past)
		check(t, name, x)
		if x.Cause != want {
			t.Errorf("%s: leaving: %q, want %q", name, x.Cause, want)
		}
		if strings.HasPrefix(name, "k ") {
			continue
		}
		x = Event(engine.Event{Kind: engine.KindDisconnect, Worker: 1234, Detail: engine.DisconnectDetail{Voluntary: true}}, rr, c.past)
		if check(t, name, x); x.Cause != want {
			t.Errorf("%s: disconnect: %q, want %q", name, x.Cause, want)
		}
	}
}

func rows() map[string]engine.Row {
	base := engine.Row{ID: 1234, PID: 4194304, Forked: now.Add(-time.Hour), Open: ptr(8765)}
	m := map[string]engine.Row{}
	add := func(name string, change func(*engine.Row)) {
		w := base
		w.State = engine.State(strings.Fields(name)[0])
		if change != nil {
			change(&w)
		}
		m[name] = w
	}
	for _, s := range []string{"forked", "online", "listening", "disconnecting", "disconnected", "exited"} {
		add(s, nil)
	}
	add("online never", func(w *engine.Row) { w.Note = "never listened" })
	add("listening moved", func(w *engine.Row) { w.Note = "not at a-unix-socket-with-a-very-long-name.sock" })
	add("listening aborted", func(w *engine.Row) { w.Note = "restart aborted" })
	add("listening stalled", func(w *engine.Row) { w.Stalled = now.Add(-2300 * time.Millisecond) })
	add("listening stalled, handed", func(w *engine.Row) { w.Stalled, w.Hand = now.Add(-2300*time.Millisecond), 1 })
	add("listening replaced", func(w *engine.Row) { w.ReplacedBy = 1235 })
	add("disconnecting limit", func(w *engine.Row) { w.LeaveBy = now.Add(3200 * time.Millisecond) })
	add("disconnecting signalled", func(w *engine.Row) { w.LeaveBy, w.StopSignal = now.Add(3200*time.Millisecond), "SIGINT" })
	add("disconnected signalled", func(w *engine.Row) { w.StopSignal = "SIGTERM" })
	add("disconnected limit", func(w *engine.Row) { w.LeaveBy = now.Add(3200 * time.Millisecond) })
	add("listening spared", func(w *engine.Row) { w.Stalled, w.Spared = now.Add(-12*time.Second), "its inspector is open" })
	add("listening note", func(w *engine.Row) { w.Note = "restart failed" })
	add("disconnected told", func(w *engine.Row) { w.ExitedAfterDisconnect = ptr(true) })
	add("exited waits", func(w *engine.Row) {
		w.Exit, w.Next = &engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL")}, &engine.Next{At: now.Add(400 * time.Millisecond), Deaths: 2, Of: 5}
	})
	add("exited waits, had listened", func(w *engine.Row) {
		w.Exit, w.Next = &engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL")}, &engine.Next{At: now.Add(12 * time.Second)}
	})
	add("exited stopped", func(w *engine.Row) { w.Next = &engine.Next{Stopped: true, Deaths: 5, Of: 5, Reason: long} })
	add("exited told", func(w *engine.Row) { w.Exit = &engine.ExitDetail{Cut: new(0), Code: ptr(0), Voluntary: true} })
	add("exited not replaced", func(w *engine.Row) { w.Exit = &engine.ExitDetail{Cut: new(0), Code: ptr(1)} })
	return m
}

func TestEveryStateIsExplained(t *testing.T) {
	all := rows()
	for _, state := range constants(t, "snapshot.go", "State") {
		if _, ok := all[state]; !ok {
			t.Errorf("the state %q is not explained", state)
		}
	}
	for name, want := range map[string]string{
		"forked":                     "nothing yet",
		"online":                     "does not listen yet",
		"online never":               "no server",
		"listening":                  "8765 connections open",
		"listening moved":            "probes the port before it listens",
		"listening aborted":          "not all is as before",
		"listening stalled":          "has not answered the primary for 2.3 s",
		"listening stalled, handed":  "left a hand-off unanswered for 2.3 s",
		"listening replaced":         "until worker 1235 listens",
		"disconnecting":              "no limit",
		"disconnecting limit":        "3.2 s of 5 s",
		"disconnected":               "exitedAfterDisconnect is false",
		"disconnected told":          "exitedAfterDisconnect is true",
		"disconnecting signalled":    "sent SIGINT and has 3.2 s left, then SIGKILL",
		"disconnected signalled":     "sent SIGTERM; there is no limit",
		"disconnected limit":         "within 3.2 s; then comes SIGTERM",
		"listening spared":           "in a debugger: its inspector is open",
		"listening note":             "this one stays",
		"exited":                     "ended",
		"exited waits":               "Death 2 of 5",
		"exited waits, had listened": "12 s; r forks it now",
		"exited stopped":             "5 deaths in a row",
		"exited told":                "exitedAfterDisconnect is true",
		"exited not replaced":        "--no-restart",
	} {
		w := all[name]
		for _, p := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
			x := State(&w, picture(p), now, nil)
			check(t, name, x)
			if text := x.Means + " " + x.Cause; !strings.Contains(text, want) {
				t.Errorf("%s: %q lacks %q", name, text, want)
			}
			if x.Than != p.Other() {
				t.Errorf("%s: in %v the other policy is %v", name, p, x.Than)
			}
		}
		delete(all, name)
	}
	for name := range all {
		t.Errorf("nothing is said to be wanted of %q", name)
	}
}

func TestTroubled(t *testing.T) {
	for name, w := range rows() {
		want := !strings.HasPrefix(name, "forked") && name != "online" && name != "listening"
		if got := Troubled(&w); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestTheWholeCluster(t *testing.T) {
	for _, p := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		s := picture(p)
		for queue, want := range map[int]string{0: "wait at it", 1: "1 connection waits", 1024: "1024 connections wait"} {
			s.Queue = queue
			x := Empty(s)
			check(t, "empty", x)
			if p == engine.SchedRR && !strings.Contains(x.Means, want) {
				t.Errorf("%d queued: %q", queue, x.Means)
			}
		}
		w := rows()["exited stopped"]
		s.Workers = []engine.Row{w, w}
		x := CrashLoop(s)
		check(t, "crash loop", x)
		if !strings.Contains(x.Means, "5 deaths") || !strings.Contains(x.Cause, "Cannot find module") {
			t.Errorf("crash loop: %+v", x)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		cells int
		want  []string
	}{
		{"", 10, nil},
		{"  one   two ", 10, []string{"one two"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"abcdefgh ij", 3, []string{"abc", "def", "gh", "ij"}},
		{"äöü", 2, []string{"äö", "ü"}},
		{"ab", 0, []string{"a", "b"}},
	} {
		got := Wrap(c.text, c.cells, utf8.RuneCountInString)
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.text, c.cells, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 7)
	f.Add("\xff\xfe 配置", 1)
	f.Fuzz(func(t *testing.T, text string, cells int) {
		lines := Wrap(text, cells, utf8.RuneCountInString)
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > max(cells, 1) {
				t.Errorf("%q has more than %d cells", l, cells)
			}
		}
	})
}

func TestMillis(t *testing.T) {
	for ms, want := range map[float64]string{
		-1: "0 ms", 0: "0 ms", 0.0004: "1 us", 0.4: "400 us", 18.4: "18 ms", 999.9: "1 s", 1200: "1.2 s", 30000: "30 s", 252000: "4m12s",
		math.NaN(): "0 ms",
	} {
		if got := millis(ms); got != want {
			t.Errorf("millis(%v) = %q, want %q", ms, got, want)
		}
	}
	if got := millis(math.Inf(1)); got == "" {
		t.Error("for ever has no form")
	}
}
