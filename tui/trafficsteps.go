package tui

import (
	"fmt"
	"strconv"
	"time"

	"muster/engine"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// trafficStep is a step of a connection's way and its times in the last 10 s.
type trafficStep struct {
	name  string
	times hist.Latencies
}

func trafficSteps(s *screen) []trafficStep {
	t := s.snap.Traffic
	if t == nil || !s.snap.PrimaryDeals() {
		t = &engine.Traffic{}
	}
	return []trafficStep{
		{"queued", hist.LatenciesOf(t.Queued)},
		{"handed", hist.LatenciesOf(t.Handed)},
		{"served", hist.LatenciesOf(t.Served)},
	}
}

// stepsPane is the times of the steps in rows lines: its rule, a heading, the
// steps, and a note if there is room. If rows is 1 it is the medians alone.
func stepsPane(s *screen, rows int) []string {
	steps := trafficSteps(s)
	if rows <= 1 {
		return cell.FilledUp([]string{stepsLine(s, steps)}, rows, s.w)
	}
	out := []string{cell.Rule{Title: "how long each step takes, last 10 s", Right: stepsRight(s)}.Draw(s.pen(), s.w)}
	l := cell.NewLine(s.w, s.signs)
	l.Gap(10)
	for _, name := range []string{"p50", "p99", "max"} {
		l.Right(s.theme.Title, name, 7)
		l.Gap(2)
	}
	out = append(out, l.String())
	longest := 0.0
	for _, st := range steps {
		longest = max(longest, float64(st.times.Max))
	}
	for _, st := range steps {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(1)
		l.Padded(s.theme.Text, st.name, 9)
		for _, d := range []time.Duration{st.times.P50, st.times.P99, st.times.Max} {
			l.Right(s.theme.Text, fmtLatency(d), 7)
			l.Gap(2)
		}
		l.Gap(1)
		if st.times.Max > 0 {
			bar, n := s.signs.Bar(slowly(float64(st.times.Max)/longest), max(s.w-l.Used()-1, 1))
			l.Raw(s.theme.Accent, bar, n)
		}
		out = append(out, l.String())
	}
	if len(out) < rows {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(1)
		l.Put(s.theme.Muted, cell.Fitting(s.w-2, stepsNote(s)...))
		out = append(out, l.String())
	}
	return cell.FilledUp(out, rows, s.w)
}

// stepsLine is the medians in one line.
func stepsLine(s *screen, steps []trafficStep) string {
	l := cell.NewLine(s.w, s.signs)
	l.Gap(1)
	l.Put(s.theme.Muted, "p50")
	for _, st := range steps {
		l.Put(s.theme.Text, fmt.Sprintf("  %s %6s", st.name, fmtLatency(st.times.P50)))
	}
	return l.String()
}

// stepsRight is how many connections the times are from, and how many of them
// are shown.
func stepsRight(s *screen) string {
	t := s.snap.Traffic
	if t == nil || !s.snap.PrimaryDeals() {
		return ""
	}
	n := t.Queued.Count()
	if n == 0 {
		return ""
	}
	text := fmtCount(float64(n)) + " connections, "
	if n == 1 {
		text = "1 connection, "
	}
	if t.OneIn > 1 {
		return text + "1 in " + strconv.Itoa(t.OneIn) + " shown"
	}
	return text + "all shown"
}

// stepsNote is what the user must know about the times.
func stepsNote(s *screen) []string {
	t := s.snap.Traffic
	switch {
	case !s.snap.PrimaryDeals():
		return []string{"the workers accept themselves: the primary sees no step", "the primary sees no step"}
	case silent(s):
		return []string{"a Node program does not tell when it closes a connection: served is not known", "served: a Node program does not tell"}
	case t != nil && t.OneIn > 1:
		return []string{"above 20 connections/s one in N is drawn; served is of those, the others of all", "above 20/s one in N is drawn"}
	}
	return []string{"up to 20 connections/s all are drawn; above, one in N, and the title says so", "above 20/s one in N is drawn"}
}
