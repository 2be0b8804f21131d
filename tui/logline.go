package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/plaintext"
	"muster/internal/safetext"
	"muster/styles"
	"muster/tui/internal/cell"
)

// signKind is a sign of the log; which character it is depends on the terminal.
type signKind int

const (
	signNone signKind = iota
	signUser          // done by the user
	signWarning
	signForked
	signOnline
	signListening
	signLeaving
	signDisconnected
	signExited
	signStopped
)

// tone is how a line of the log is meant.
type tone int

const (
	toneText tone = iota
	toneMuted
	toneAccent
	toneWarn
	toneDead
)

// logLine is one line of the log. All text in it is safe for a terminal. It is
// a value; nothing in it is changed once it was made.
type logLine struct {
	time   time.Time
	sign   signKind
	worker int // 0 = of no worker
	kind   string
	plain  []string // what is said where no call stands beside it, longest form first
	beside []string // and where one does
	// coloured is the text of a line of output whose worker gave it colours, as it
	// came, "" = it did not. plain is without them.
	coloured string
	call     string // the API call or event it stands for
	tone     tone
	no       int          // in the order of the log, from 1; 0 = it is not in it
	lower    string       // all of it in lower case, to match
	event    engine.Event // for x; without Seq it is a line of the screen's own
}

// at is when it happened.
func (l logLine) at() time.Time { return l.time }

// match tells whether any part of the line holds filter, in any case.
func (l logLine) match(filter string) bool {
	return strings.Contains(l.lower, strings.ToLower(filter))
}

// newLogLine is the line of an event. Some have none: what they say is told by
// another event's line. It may be called from any goroutine.
func newLogLine(e engine.Event) (logLine, bool) {
	l := logLine{time: e.Time, worker: e.Worker, kind: string(e.Kind), call: safetext.Line(e.Call), event: plaintext.Shown(e)}
	if !l.describe(e) {
		return logLine{}, false
	}
	if e.By == engine.ByKey && e.Kind != engine.KindExit {
		l.sign = signUser
	}
	l.plain, l.beside = safeAll(l.plain), safeAll(l.beside)
	if l.beside == nil {
		l.beside = l.plain
	}
	l.lower = strings.ToLower(l.matched())
	return l, true
}

// matched is all the line says.
func (l logLine) matched() string {
	parts := []string{clockText(l.time, true), strconv.Itoa(l.worker), l.kind, l.call}
	for _, forms := range [][]string{l.plain, l.beside} {
		if len(forms) > 0 {
			parts = append(parts, forms[0])
		}
	}
	return strings.Join(parts, " ")
}

// describe fills in what depends on the kind; false = no line.
func (l *logLine) describe(e engine.Event) bool {
	switch d := l.event.Detail.(type) { // without the colours
	case engine.DealtAgainDetail:
		return false // the exit's line says it
	case engine.SetupDetail:
		l.tone, l.plain = toneMuted, setupForms(d)
		if d.Note != "" {
			l.tone, l.plain, l.call = toneText, []string{d.Note}, "" // it needs the room
		}
	case engine.ForkDetail:
		l.sign, l.tone = signForked, toneMuted
		l.plain, l.beside = forkForms(e, d)
	case engine.OnlineDetail:
		l.sign, l.tone = signOnline, toneMuted
		l.plain = []string{upText(d.Ms, d.DeathMs, d.Of)}
	case engine.ListeningDetail:
		l.sign, l.tone = signListening, toneAccent
		l.plain = []string{listeningText(d)}
	case engine.MessageDetail:
		l.plain = []string{messageText(d)}
	case engine.SendDetail:
		l.plain = []string{messageText(engine.MessageDetail(d))}
	case engine.DisconnectDetail:
		l.sign, l.tone = signDisconnected, toneWarn
		l.plain, l.beside = disconnectForms(d)
	case engine.ExitDetail:
		l.sign, l.tone = signExited, toneDead
		if d.Voluntary {
			l.tone = toneMuted
		}
		l.plain = exitForms(d)
	case engine.PolicyDetail:
		l.plain = []string{d.From.String() + " -> " + d.To.String() + " after " + fmtMs(d.Ms), d.From.String() + " -> " + d.To.String()}
	case engine.KillDetail:
		l.tone = toneWarn
		if d.Crash {
			l.kind = "crash"
		}
		l.plain, l.beside = killForms(e, d)
	case engine.LeaveDetail:
		l.sign, l.tone, l.kind = signLeaving, toneWarn, "leaves"
		if e.By == engine.ByKey || e.By == engine.ByAPI {
			l.sign, l.kind = signUser, "disconnect"
		}
		l.plain, l.beside = leaveForms(d)
	case engine.StallDetail:
		l.sign, l.tone = signWarning, toneWarn
		l.plain = []string{"no answer for " + fmtMs(d.Ms)}
		if !d.Asked {
			l.plain = slices.Insert(l.plain, 0, "a hand-off has been unanswered for "+fmtMs(d.Ms))
		}
		if d.Spared != "" {
			l.plain = []string{"no answer for " + fmtMs(d.Ms) + ", not killed: " + d.Spared, "not killed: " + d.Spared}
		}
	case engine.OutputDetail:
		l.kind = d.Stream
		if d.Stream == "stderr" {
			l.sign = signWarning
		}
		l.plain = []string{outputText(d)}
		if raw, ok := e.Detail.(engine.OutputDetail); ok && raw.Text != d.Text {
			l.coloured = outputText(raw)
		}
	case engine.ErrorDetail:
		l.sign, l.tone = signWarning, toneWarn
		if d.Mended {
			l.sign, l.tone, l.kind = signNone, toneMuted, "mended"
		}
		l.plain = []string{errorText(d)}
	case engine.OrphansDetail:
		l.sign, l.tone = signWarning, toneWarn
		l.plain = orphanForms(d)
	case engine.StoppedDetail:
		l.sign, l.tone = signStopped, toneDead
		l.plain = stoppedForms(d)
	default:
		return e.Kind != engine.KindDealtAgain
	}
	return true
}

func safeAll(forms []string) []string {
	for i, f := range forms {
		forms[i] = safetext.Line(f)
	}
	return forms
}

// of is the character of a log's sign.
func (k signKind) of(sg *cell.Signs) string {
	switch k {
	case signUser:
		return sg.User
	case signWarning:
		return sg.Warning
	case signForked:
		return sg.Forked
	case signOnline:
		return sg.Online
	case signListening:
		return sg.Listening
	case signLeaving:
		return sg.Disconnecting
	case signDisconnected:
		return sg.Disconnected
	case signExited:
		return sg.Exited
	case signStopped:
		return sg.Stopped
	}
	return " "
}

func (t tone) of(th *styles.Theme) styles.Style {
	switch t {
	case toneMuted:
		return th.Muted
	case toneAccent:
		return th.Accent
	case toneWarn:
		return th.Warn
	case toneDead:
		return th.Dead
	}
	return th.Text
}

const newLineTime = time.Second // a line of the log is bold
