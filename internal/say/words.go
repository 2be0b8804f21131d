package say

import (
	"slices"

	"muster/engine"
	"muster/internal/plaintext"
	"muster/internal/safetext"
	"muster/internal/wireword"
)

// Words is an event in words, for one line. All text in it is safe for a
// terminal.
type Words struct {
	Mark   Mark
	Tone   Tone
	Kind   string
	Plain  []string // the text where no call is shown beside it, longest form first
	Beside []string // the text where a call is shown beside it
	// Coloured is the text of a line of output as it came, if the worker gave
	// it colours; "" if not. plain is that text without them.
	Coloured string
	Call     string // the API call or event it stands for
}

// Event says an event in words, in several lengths. Some events have no words:
// another event's words already say it.
func Event(e engine.Event) (Words, bool) {
	l := Words{Kind: string(e.Kind), Call: safetext.Line(e.Call)}
	if !l.describe(e) {
		return Words{}, false
	}
	if e.By == wireword.ByKey && e.Kind != engine.KindExit {
		l.Mark = MarkUser
	}
	l.Plain, l.Beside = Safe(l.Plain), Safe(l.Beside)
	if l.Beside == nil {
		l.Beside = l.Plain
	}
	return l, true
}

// describe fills in what depends on the kind; false = no words.
func (l *Words) describe(e engine.Event) bool {
	switch d := plaintext.Shown(e).Detail.(type) { // without the colours
	case engine.DealtAgainDetail:
		return false // the exit's line says it
	case engine.SetupDetail:
		l.Tone, l.Plain = ToneMuted, setupForms(d)
		if d.Note != "" {
			l.Tone, l.Plain, l.Call = ToneText, []string{d.Note}, "" // the text needs the room
		}
	case engine.ForkDetail:
		l.Mark, l.Tone = MarkForked, ToneMuted
		l.Plain, l.Beside = forkForms(e, d)
	case engine.OnlineDetail:
		l.Mark, l.Tone = MarkOnline, ToneMuted
		l.Plain = []string{upText(d.Ms, d.DeathMs, d.Of)}
	case engine.ListeningDetail:
		l.Mark, l.Tone = MarkListening, ToneAccent
		l.Plain = []string{listeningText(d)}
	case engine.MessageDetail:
		l.Plain = []string{messageText(d)}
	case engine.SendDetail:
		l.Plain = []string{messageText(engine.MessageDetail(d))}
	case engine.DisconnectDetail:
		l.Mark, l.Tone = MarkDisconnected, ToneWarn
		l.Plain, l.Beside = disconnectForms(d)
	case engine.ExitDetail:
		l.Mark, l.Tone = MarkExited, ToneDead
		if d.Voluntary {
			l.Tone = ToneMuted
		}
		l.Plain = exitForms(d)
	case engine.PolicyDetail:
		l.Plain = []string{d.From.String() + " -> " + d.To.String() + " after " + Millis(d.Ms), d.From.String() + " -> " + d.To.String()}
	case engine.KillDetail:
		l.Tone = ToneWarn
		if d.Crash {
			l.Kind = "crash"
		}
		l.Plain, l.Beside = killForms(e, d)
	case engine.LeaveDetail:
		l.Mark, l.Tone, l.Kind = MarkLeaving, ToneWarn, "leaves"
		if e.By == wireword.ByKey || e.By == engine.ByAPI {
			l.Mark, l.Kind = MarkUser, "disconnect"
		}
		l.Plain, l.Beside = leaveForms(d)
	case engine.StallDetail:
		l.Mark, l.Tone = MarkWarning, ToneWarn
		l.Plain = []string{"no answer for " + Millis(d.Ms)}
		if !d.Asked {
			l.Plain = slices.Insert(l.Plain, 0, "a hand-off has been unanswered for "+Millis(d.Ms))
		}
		if d.Spared != "" {
			l.Plain = []string{"no answer for " + Millis(d.Ms) + ", not killed: " + d.Spared, "not killed: " + d.Spared}
		}
	case engine.OutputDetail:
		l.Kind = d.Stream
		if d.Stream == "stderr" {
			l.Mark = MarkWarning
		}
		l.Plain = []string{outputText(d)}
		if raw, ok := e.Detail.(engine.OutputDetail); ok && raw.Text != d.Text {
			l.Coloured = outputText(raw)
		}
	case engine.ErrorDetail:
		l.Mark, l.Tone = MarkWarning, ToneWarn
		if d.Mended {
			l.Mark, l.Tone, l.Kind = MarkNone, ToneMuted, "mended"
		}
		l.Plain = []string{errorText(d)}
	case engine.OrphansDetail:
		l.Mark, l.Tone = MarkWarning, ToneWarn
		l.Plain = orphanForms(d)
	case engine.StoppedDetail:
		l.Mark, l.Tone = MarkStopped, ToneDead
		l.Plain = stoppedForms(d)
	default:
		return e.Kind != engine.KindDealtAgain
	}
	return true
}

// Safe makes each of forms safe for a terminal, in place, and returns them.
func Safe(forms []string) []string {
	for i, f := range forms {
		forms[i] = safetext.Line(f)
	}
	return forms
}
