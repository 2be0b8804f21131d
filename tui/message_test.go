package tui

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/wireword"

	tea "github.com/charmbracelet/bubbletea"
)

func TestMessageOf(t *testing.T) {
	for text, want := range map[string]string{
		`hello`:              `"hello"`,
		` hello  you `:       `" hello  you "`,
		`"hello"`:            `"hello"`,
		`12`:                 `12`,
		` -1.50e3 `:          `-1.50e3`,
		`null`:               `null`,
		`True`:               `"True"`,
		`{"a" : [1, "x y"]}`: `{"a":[1,"x y"]}`,
		`{"a":1`:             `"{\"a\":1"`,
		`<b> & "q" \`:        `"<b> & \"q\" \\"`,
		`配置 🚀`:               `"配置 🚀"`,
		`1 2`:                `"1 2"`,
	} {
		got := messageOf(text)
		if string(got) != want || !json.Valid(got) {
			t.Errorf("%s is sent as %s, want %s", text, got, want)
		}
	}
}

func FuzzMessageOf(f *testing.F) {
	for _, text := range append([]string{`{"a":1}`, `{"a":`, `"\ud800"`, "1e999"}, nasty...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := messageOf(text)
		if !json.Valid(got) {
			t.Fatalf("%q is sent as %q, which is no JSON", text, got)
		}
		if !json.Valid([]byte(text)) && got[0] != '"' {
			t.Fatalf("%q is no JSON and is sent as %q", text, got)
		}
	})
}

// saidBy is the line of a message to worker 2, or from it.
func saidBy(t *testing.T, kind engine.Kind, text string) logLine {
	t.Helper()
	e := engine.Event{Time: testStart, Kind: kind, Worker: 2, By: wireword.ByKey}
	if kind == engine.KindSend {
		e.Detail = engine.SendDetail{Message: json.RawMessage(text)}
	} else {
		e.Detail = engine.MessageDetail{Message: json.RawMessage(text)}
	}
	l, ok := newLogLine(e)
	if !ok {
		t.Fatalf("%s has no line", kind)
	}
	return l
}

func (d *deck) prompt() *messagePrompt {
	d.t.Helper()
	p, ok := d.m.s.dialog.(*messagePrompt)
	if !ok {
		d.t.Fatalf("the dialog is %T", d.m.s.dialog)
	}
	return p
}

// The call line is the proof of what enter sends.
func TestWhatTheCallLineSaysIsSent(t *testing.T) {
	for text, message := range map[string]string{"hello": `"hello"`, `{"a": 1}`: `{"a":1}`} {
		d := newDeck(t, four())
		d.press("down", "M")
		d.press(strings.Split(text, "")...)
		call := "cluster.workers[2].send(" + message + ")"
		if shown := plain(render(&d.m.s)); !strings.Contains(shown, call+" ") {
			t.Errorf("%s: %s is not said:\n%s", text, call, shown)
		}
		d.press("enter")
		if got := d.c.told(); len(got) != 1 || got[0] != "send 2 "+message {
			t.Errorf("%s: told %q", text, got)
		}
	}
	d := newDeck(t, four())
	d.press("M")
	d.press(strings.Split(`{"a":1`, "")...)
	if shown := plain(render(&d.m.s)); !strings.Contains(shown, `send("{\"a\":1")  not JSON: a string`) {
		t.Errorf("half of an object is not called a string:\n%s", shown)
	}
}

// The prompt stays open, so that the answer is seen where it was asked for.
func TestTheAnswerIsSeenInThePrompt(t *testing.T) {
	d := newDeck(t, four())
	d.press("down", "M", "h", "i", "enter")
	if p := d.prompt(); p.edit.Value() != "" {
		t.Errorf("after enter it holds %q", p.edit.Value())
	}
	other := saidBy(t, engine.KindMessage, `"of another"`)
	other.worker = 1
	d.show(four(), append(logLines(3, "output"), saidBy(t, engine.KindSend, `"hi"`), other, saidBy(t, engine.KindMessage, `{"worker":2,"echo":"hi"}`))...)
	shown := plain(render(&d.m.s))
	for _, want := range []string{`→ "hi" `, `← {"worker":2,"echo":"hi"} `} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not seen:\n%s", want, shown)
		}
	}
	for _, not := range []string{"of another", "output"} {
		if strings.Contains(shown, not) {
			t.Errorf("%s is seen:\n%s", not, shown)
		}
	}
	d.m.s.w, d.m.s.h = 60, 16 // where four rows are left the newest are seen
	for range 9 {
		d.show(with(four(), 0, leaving(1)), saidBy(t, engine.KindSend, `"older"`))
	}
	d.show(four(), saidBy(t, engine.KindMessage, `"newest"`))
	if shown := plain(render(&d.m.s)); !strings.Contains(shown, `← "newest"`) {
		t.Errorf("the newest is not seen:\n%s", shown)
	}
}

func TestMessageIsPinnedToIDAndPID(t *testing.T) {
	closed := func(w *engine.Row) { w.State, w.Connected = engine.StateDisconnected, false }
	for name, tt := range map[string]struct {
		change       func(*engine.Row)
		toast, title string
	}{
		"died":        {exited(&engine.Next{}), "has ended: nothing was sent", "it has ended: nothing will be sent"},
		"another pid": {func(w *engine.Row) { w.PID++ }, "has ended: nothing was sent", "it has ended: nothing will be sent"},
		"gone":        {func(w *engine.Row) { w.ID = 9 }, "has ended: nothing was sent", "it has ended: nothing will be sent"},
		"no channel":  {closed, "channel of worker 2 is closed: nothing was sent", "its channel is closed: nothing will be sent"},
	} {
		d := newDeck(t, four())
		d.press("down", "M", "h", "i")
		d.show(with(four(), 1, tt.change))
		if shown := plain(render(&d.m.s)); !strings.Contains(shown, tt.title) {
			t.Errorf("%s: the title does not say it:\n%s", name, shown)
		}
		d.press("enter")
		if got := d.c.told(); got != nil || !strings.Contains(d.m.s.toast, tt.toast) {
			t.Errorf("%s: told %q, toast %q", name, got, d.m.s.toast)
		}
		if p := d.prompt(); p.edit.Value() != "hi" {
			t.Errorf("%s: the text is %q", name, p.edit.Value())
		}
	}
	// The row may move, the target does not.
	d := newDeck(t, four())
	d.press("down", "M", "1")
	d.show(picture(2, 0, listening(3), listening(2)))
	d.press("enter")
	if got := d.c.told(); len(got) != 1 || got[0] != "send 2 1" {
		t.Errorf("told %q", got)
	}
}

func TestSentMessagesComeBack(t *testing.T) {
	d := newDeck(t, four())
	d.press("M", "up")
	if d.m.s.toast != "nothing was sent before" {
		t.Errorf("toast %q", d.m.s.toast)
	}
	d.press("a", "enter", "b", "enter", "b", "enter", "esc", "down", "M", "x")
	for _, step := range []struct{ key, text, toast string }{
		{"up", "b", ""}, {"up", "a", ""}, {"up", "a", "oldest"}, {"down", "b", ""}, {"down", "x", ""}, {"down", "x", "the new message"},
	} {
		d.m.s.toast = ""
		d.press(step.key)
		if got := d.prompt().edit.Value(); got != step.text || !strings.Contains(d.m.s.toast, step.toast) {
			t.Errorf("%s: %q, toast %q, want %q, %q", step.key, got, d.m.s.toast, step.text, step.toast)
		}
	}
	d.press("up", "c", "enter") // an old one may be changed, and goes to this worker
	if got := d.c.told(); got[len(got)-1] != `send 2 "bc"` {
		t.Errorf("told %q", got)
	}
	for range 30 {
		d.press("enter", "y", "enter", "z", "enter")
	}
	if n := len(d.m.sent); n != maxSent {
		t.Errorf("%d are kept", n)
	}
}

// A pasted text is text here; an escape sequence in it is not.
func TestAMessageIsPasted(t *testing.T) {
	d := newDeck(t, four())
	d.press("M")
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Paste: true, Runes: []rune("{\r\n\t\"a\": \"\x1b[2J配\u202e\"\r\n}\r\n")})
	d.press("enter")
	if got := d.c.told(); len(got) != 1 || got[0] != `send 1 {"a":"[2J配"}` {
		t.Errorf("told %q", got)
	}
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Paste: true, Runes: []rune(strings.Repeat("x", 5000))})
	if p := d.prompt(); len(p.edit.Value()) != maxMessage || !strings.Contains(d.m.s.toast, "4096 bytes") {
		t.Errorf("%d bytes, toast %q", len(p.edit.Value()), d.m.s.toast)
	}
	d.update(tea.KeyMsg{Type: tea.KeyRunes, Paste: true, Runes: []rune("\x1b\x00")})
	if got := d.c.told(); len(got) != 1 {
		t.Errorf("a paste did %q", got)
	}
}

func TestAMessageThatCannotBeSent(t *testing.T) {
	d := newDeck(t, four())
	d.c.do = func(engine.Command) (engine.Result, error) {
		return engine.Result{}, errors.New("message to worker 1: \x1b[2J")
	}
	d.press("M", "x", "enter")
	if !strings.Contains(d.m.s.toast, `message to worker 1: \x1b[2J`) {
		t.Errorf("toast %q", d.m.s.toast)
	}
	d.press("up")
	if got := d.prompt().edit.Value(); got != "x" {
		t.Errorf("it comes back as %q", got)
	}
}

// What a worker answers is outside text.
func TestAnAnswerIsSafe(t *testing.T) {
	d := newDeck(t, four())
	d.press("down", "M")
	d.show(four(), saidBy(t, engine.KindMessage, "\"\x1b]52;c;aGk=\x07\u202e\""))
	f := render(&d.m.s)
	checkFrame(t, &d.m.s, f)
	if !strings.Contains(plain(f), `\x1b]52;c;aGk=\x07\u202e`) {
		t.Errorf("it is not shown:\n%s", plain(f))
	}
}
