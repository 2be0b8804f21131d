package tui

import (
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/plaintext"
	"muster/internal/say"
	"muster/styles"
	"muster/tui/internal/cell"
)

// logLine is one line of the log. All text in it is safe for a terminal. It is
// a value: nothing in it changes once it is made.
type logLine struct {
	say.Words
	time   time.Time
	worker int          // 0 = of no worker
	no     int          // number in the log, from 1; 0 = not in the log
	lower  string       // all of it in lower case, to match
	event  engine.Event // for x; no Seq = a line the screen made itself
}

// at is when it happened.
func (l logLine) at() time.Time { return l.time }

// match tells whether any part of the line holds filter, in any case.
func (l logLine) match(filter string) bool {
	return strings.Contains(l.lower, strings.ToLower(filter))
}

// newLogLine is the line of an event. Some events have none: the line of
// another event already says it. It may be called from any goroutine.
func newLogLine(e engine.Event) (logLine, bool) {
	said, ok := say.Event(e)
	if !ok {
		return logLine{}, false
	}
	l := logLine{Words: said, time: e.Time, worker: e.Worker, event: plaintext.Shown(e)}
	l.lower = strings.ToLower(l.matched())
	return l, true
}

// matched is all the line says.
func (l logLine) matched() string {
	parts := []string{clockText(l.time, true), strconv.Itoa(l.worker), l.Kind, l.Call}
	for _, forms := range [][]string{l.Plain, l.Beside} {
		if len(forms) > 0 {
			parts = append(parts, forms[0])
		}
	}
	return strings.Join(parts, " ")
}

// markSign is the character of a log's sign.
func markSign(sg *cell.Signs, k say.Mark) string {
	switch k {
	case say.MarkUser:
		return sg.User
	case say.MarkWarning:
		return sg.Warning
	case say.MarkForked:
		return sg.Forked
	case say.MarkOnline:
		return sg.Online
	case say.MarkListening:
		return sg.Listening
	case say.MarkLeaving:
		return sg.Disconnecting
	case say.MarkDisconnected:
		return sg.Disconnected
	case say.MarkExited:
		return sg.Exited
	case say.MarkStopped:
		return sg.Stopped
	}
	return " "
}

// toneStyle is how a line is written.
func toneStyle(th *styles.Theme, t say.Tone) styles.Style {
	switch t {
	case say.ToneMuted:
		return th.Muted
	case say.ToneAccent:
		return th.Accent
	case say.ToneWarn:
		return th.Warn
	case say.ToneDead:
		return th.Dead
	}
	return th.Text
}

const newLineTime = time.Second // a line of the log is bold
