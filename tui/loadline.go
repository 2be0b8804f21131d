package tui

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/load"
	"muster/internal/onscreen"
	"muster/internal/safetext"
	"muster/internal/say"
)

// kindLoad is the kind of the log's lines about the load. The screen makes them
// itself: the engine knows no load and has no such event.
const kindLoad = "load"

// loadLine is a line about the load. call is the command that does the same.
func loadLine(at time.Time, byUser bool, call string, tone say.Tone, plain, beside []string) logLine {
	l := logLine{time: at, Words: say.Words{Kind: kindLoad, Call: call, Tone: tone, Plain: say.Safe(plain), Beside: say.Safe(beside)}}
	if byUser {
		l.Mark = say.MarkUser
	}
	l.lower = strings.ToLower(l.matched())
	return l
}

// rateLine says that a load was started (from 0) or its rate changed.
func rateLine(at time.Time, from int, set onscreen.LoadSettings) logLine {
	text := fmtRate(set.Rate) + " req/s"
	if from != 0 {
		text = fmtRate(from) + " -> " + text
	}
	each := ", a connection each"
	if set.KeepAlive {
		each = ", keep-alive"
	}
	more, what := "", ""
	if path := loadPath(set.Path); path != "/" {
		what = ", GET " + safetext.Cut(path, maxPathShown, "~")
	}
	if set.Idle > 0 {
		more += fmt.Sprintf(", %d idle", set.Idle)
	}
	if set.Slow > 0 {
		more += fmt.Sprintf(", %d slow", set.Slow)
	}
	return loadLine(at, true, loadCommand(set), say.ToneText,
		[]string{text + what + each + more, text + what + more, text + more, text}, []string{text + what + more, text + more, text})
}

// maxPathShown is how many cells of a path a line of the log shows.
const maxPathShown = 40

// endLine says how a load ended: why, and what became of its requests.
func endLine(at time.Time, byUser bool, st *onscreen.LoadStats) logLine {
	why, tone := "over after ", say.ToneText
	if byUser {
		why = "stopped after "
	}
	switch {
	case st.Err != "":
		why = "failed after "
		tone = say.ToneWarn
	case st.Failed() > 0:
		tone = say.ToneWarn
	}
	why += say.Prose(st.Elapsed)
	counts := fmt.Sprintf("%s sent, %s answered", fmtCount(float64(st.Sent)), fmtCount(float64(st.OK)))
	bad, told := "", ""
	for _, f := range loadFailures(st) {
		if f.n > 0 {
			text := fmt.Sprintf(", %s %s", fmtCount(float64(f.n)), f.name)
			bad += text
			if reason := load.ReasonText(st.Reasons, f.name, 2); reason != "" {
				text += " (" + safetext.Line(reason) + ")"
			}
			told += text
		}
	}
	plain := []string{why + ": " + counts + told, why + ": " + counts + bad, why + ": " + counts, why}
	if st.Err != "" { // the error says more than the counts
		why += ": " + safetext.Line(st.Err)
		plain = []string{why + "; " + counts + bad, why + "; " + counts, why}
	}
	return loadLine(at, byUser, "", tone, plain, plain)
}

// loadFailure is one way a request ends without its answer, and how often it
// happened.
type loadFailure struct {
	name string
	n    uint64
}

// failures are the ways a request ends without its answer, in the order in which
// they can come.
func loadFailures(st *onscreen.LoadStats) []loadFailure {
	return []loadFailure{
		{"refused", st.Refused}, {"reset", st.Reset}, {"cut", st.Cut}, {"timed out", st.TimedOut}, {"wrong", st.Wrong},
	}
}
