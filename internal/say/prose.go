package say

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/safetext"
)

// Span is a time to the second in at most 6 cells: 6s, 4m12s, 2h05m, 3d04h.
func Span(d time.Duration) string {
	s := max(int64(d/time.Second), 0)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	case s < 100*86400:
		return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
	}
	return fmt.Sprintf("%dd", s/86400)
}

// Shortly is a remaining time in seconds: 0.4, 12.
func Shortly(d time.Duration) string {
	s := max(d, 0).Seconds()
	if s < 9.95 {
		return strconv.FormatFloat(s, 'f', 1, 64)
	}
	return strconv.FormatFloat(s, 'f', 0, 64)
}

// Millis is a number of milliseconds an event tells, as prose: "20 us",
// "0.4 ms", "31 ms", "1.2 s".
func Millis(ms float64) string {
	switch {
	case math.IsNaN(ms) || ms < 0:
		return "-"
	case ms == 0:
		return "0 ms"
	case ms < 0.095:
		return strconv.FormatFloat(max(1000*ms, 1), 'f', 0, 64) + " us"
	case ms < 0.95:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 999.5:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	case ms < 1e15:
		return Prose(time.Duration(ms * float64(time.Millisecond)))
	}
	return "-"
}

// Prose is a time in a sentence: "5 s", "0.4 s", "4m12s".
func Prose(d time.Duration) string {
	if d >= time.Minute {
		return Span(d)
	}
	return strings.TrimSuffix(Shortly(d), ".0") + " s"
}

// Command joins the words of a command line, and quotes a word that would not
// read as one.
func Command(args []string) string {
	var out []string
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\"'") {
			a = strconv.Quote(a)
		}
		out = append(out, safetext.Line(a))
	}
	return strings.Join(out, " ")
}

// Stdio is the stdio setting of workers.
func Stdio(stdio []engine.Stdio) string {
	var out []string
	for _, v := range stdio {
		out = append(out, cmp.Or(safetext.Line(string(v)), "-"))
	}
	return strings.Join(out, ",")
}
