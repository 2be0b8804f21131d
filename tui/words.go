package tui

import (
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/safetext"
)

// wordsOf are the words of a command line, quoted where they would not be seen
// as one.
func wordsOf(args []string) string {
	var out []string
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\"'") {
			a = strconv.Quote(a)
		}
		out = append(out, safetext.Line(a))
	}
	return strings.Join(out, " ")
}

func stdioText(stdio []engine.Stdio) string {
	var out []string
	for _, v := range stdio {
		out = append(out, orUnknown(safetext.Line(string(v))))
	}
	return strings.Join(out, ",")
}

// orUnknown is text, or a dash for none.
func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return text
}

// clockText is the time of day where muster runs, with milliseconds or without.
func clockText(t time.Time, millis bool) string {
	if t.IsZero() {
		return unknown
	}
	if millis {
		return t.Local().Format("15:04:05.000")
	}
	return t.Local().Format("15:04:05")
}

// fact is a name and its figure.
type fact struct{ name, value string }
