package loadcmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/load"
	"muster/internal/safetext"
)

// form is a form of output of muster load.
type form interface {
	every() time.Duration
	// first comes before the first progress: what is sent, and where.
	first(st load.Stats, s *settings) []byte
	// progress is the run as it stands; stopping: the run has been told to
	// stop.
	progress(st load.Stats, stopping bool) []byte
	final(res load.Result, st load.Stats, s *settings) []byte
}

// textForm is a line a second, and the summary.
type textForm struct{}

func (textForm) every() time.Duration { return time.Second }

func (textForm) first(st load.Stats, s *settings) []byte { return []byte(title(st, s) + "\n") }

func (textForm) progress(st load.Stats, stopping bool) []byte {
	return []byte(strings.Join(progressParts(st, stopping), "  ") + "\n")
}

func (textForm) final(res load.Result, st load.Stats, s *settings) []byte {
	return []byte(summary(res, st, s))
}

// liveForm is one line, drawn again and again, and the summary.
type liveForm struct {
	width func() int
	keys  bool // keys work: the line names them
}

func (*liveForm) every() time.Duration { return 250 * time.Millisecond }

func (l *liveForm) first(st load.Stats, s *settings) []byte {
	return []byte("\r" + title(st, s) + "\x1b[K\r\n")
}

func (l *liveForm) progress(st load.Stats, stopping bool) []byte {
	parts := progressParts(st, stopping)
	if st.Left > 0 {
		parts = append(parts, shortly(st.Left)+" left")
	}
	if l.keys && !stopping {
		parts = append(parts, "+ - rate, q stops")
	}
	// The last column stays empty: some terminals wrap after it.
	line := ""
	for i, part := range parts {
		if i > 0 {
			part = "  " + part
		}
		if len(line)+len(part) >= l.width() {
			break
		}
		line += part
	}
	return []byte("\r" + line + "\x1b[K")
}

func (*liveForm) final(res load.Result, st load.Stats, s *settings) []byte {
	return []byte("\r\x1b[K" + summary(res, st, s))
}

// progressParts are the parts of a line of progress, the most important first.
func progressParts(st load.Stats, stopping bool) []string {
	parts := []string{fmt.Sprintf("%.0f/s of %d/s", st.Rate, st.Target)}
	if stopping {
		parts = []string{fmt.Sprintf("stopping, %d under way", st.InFlight)}
	}
	parts = append(parts, fmt.Sprintf("answered %d", st.OK))
	for _, k := range kindCounts(st.Counts) {
		if k.n > 0 {
			part := fmt.Sprintf("%s %d", k.name, k.n)
			if why := load.ReasonText(st.Reasons, k.name, reasonsLive); why != "" {
				part += " (" + safetext.Line(why) + ")"
			}
			parts = append(parts, part)
		}
	}
	if st.OK > 0 {
		parts = append(parts, "p50 "+latency(st.P50), "p99 "+latency(st.P99), "max "+latency(st.Max))
	}
	for _, k := range []kindCount{{load.SentLate, st.Late}, {"overdue", st.Overdue}, {"idle", uint64(st.Idle)}, {"slow", uint64(st.Slow)}} {
		if k.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k.name, k.n))
		}
	}
	return append(parts, "after "+shortly(st.Elapsed))
}

// How many reasons of a kind are listed one by one.
const (
	reasonsLive    = 1 // in a line of progress
	reasonsSummary = 5
)

// title is what is sent, and to which address.
func title(st load.Stats, s *settings) string {
	method := s.method
	switch {
	case method == "" && len(s.content) > 0:
		method = "POST"
	case method == "":
		method = "GET"
	}
	return fmt.Sprintf("%s %s%s, %d/s, %s", safetext.Line(method), safetext.Line(s.target.String()), atAddr(st.Addr, s), st.Target, s.connections())
}

// atAddr is the address behind the target's name, if it has one.
func atAddr(addr string, s *settings) string {
	if addr == "" || addr == s.addr || s.socket() {
		return ""
	}
	return " at " + addr
}

func (s *settings) connections() string {
	if s.keepAlive {
		return "connections kept"
	}
	return "a connection each"
}

type kindCount struct {
	name string
	n    uint64
}

// kindCounts are the ways a request may fail.
func kindCounts(c load.Counts) []kindCount {
	return []kindCount{{"refused", c.Refused}, {"reset", c.Reset}, {"cut", c.Cut}, {"timed out", c.TimedOut}, {"wrong", c.Wrong}}
}

// summary is a run that has ended, for people. It lists all kinds, even those
// that did not happen: they were looked for.
func summary(res load.Result, st load.Stats, s *settings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "sent       %d in %s to %s%s, %d/s asked for, %s\n",
		res.Sent, shortly(res.Elapsed), safetext.Line(s.target.String()), atAddr(res.Addr, s), st.Target, s.connections())
	fmt.Fprintf(&b, "answered   %d (%.1f/s)", res.OK, res.PerSecond())
	for _, k := range kindCounts(res.Counts) {
		fmt.Fprintf(&b, "  %s %d", k.name, k.n)
	}
	fmt.Fprintf(&b, "\n%-10s %d  overdue %d\n", load.SentLate, res.Late, res.Overdue)
	if l := res.Latency; res.OK > 0 {
		fmt.Fprintf(&b, "latency    p50 %s  p90 %s  p99 %s  p99.9 %s  max %s\n",
			latency(l.P50), latency(l.P90), latency(l.P99), latency(l.P999), latency(l.Max))
	}
	if h := res.Holds; s.idle > 0 {
		fmt.Fprintf(&b, "idle       %d opened  %d closed by the server  %d refused  %d reset  %d timed out  %d for lack of descriptors\n",
			h.Opened, h.Closed, h.Refused, h.Reset, h.TimedOut, h.Local)
	}
	if len(res.ByWorker) > 0 {
		b.WriteString("dealt     ")
		for _, id := range sortedWorkers(res.ByWorker) {
			fmt.Fprintf(&b, " %s: %d ", safetext.Line(id), res.ByWorker[id])
		}
		b.WriteByte('\n')
	}
	for _, k := range kindCounts(res.Counts) {
		if why := load.ReasonText(res.Reasons, k.name, reasonsSummary); why != "" {
			fmt.Fprintf(&b, "failure    %s %d: %s\n", k.name, k.n, safetext.Line(why))
		}
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// sortedWorkers are the ids in numeric order; ids that are no numbers come
// last.
func sortedWorkers(by map[string]uint64) []string {
	number := func(id string) int {
		if n, err := strconv.Atoi(id); err == nil && n >= 0 {
			return n
		}
		return int(^uint(0) >> 1)
	}
	return slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if d := number(a) - number(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// jsonForm is an object a second, and a last one: see load.Figures.
type jsonForm struct{}

func (jsonForm) every() time.Duration { return time.Second }

func (jsonForm) first(load.Stats, *settings) []byte { return nil }

func (jsonForm) progress(st load.Stats, _ bool) []byte { return jsonLine(load.FiguresOf(st)) }

func (jsonForm) final(res load.Result, st load.Stats, _ *settings) []byte {
	j := load.FiguresOf(st)
	j.End(res)
	return jsonLine(j)
}

func jsonLine(j *load.Figures) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j); err != nil {
		return nil // never happens: every value in it can be encoded
	}
	return append(safetext.JSON(bytes.TrimRight(b.Bytes(), "\n")), '\n')
}

// latency writes a time with about three digits: 0.31ms, 12.4ms, 1.24s.
func latency(d time.Duration) string {
	v, unit := float64(d)/float64(time.Millisecond), "ms"
	if v >= 999.5 {
		v, unit = d.Seconds(), "s"
	}
	digits := 2
	switch {
	case v >= 99.95:
		digits = 0
	case v >= 9.995:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + unit
}

// shortly writes a duration: 0.4s, 12s, 4m12s.
func shortly(d time.Duration) string {
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Truncate(time.Second).String()
}
