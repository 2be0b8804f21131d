package tui

import (
	"math"
	"strconv"
	"time"

	"muster/engine"
)

// latencies are the answer times of the last 10 s; -1 = none was answered.
type latencies struct{ p50, p90, p99, max time.Duration }

var noLatencies = latencies{-1, -1, -1, -1}

func latenciesOf(l *engine.Latency) latencies {
	if l.Count() == 0 {
		return noLatencies
	}
	var r latencies
	r.p50, _ = l.Quantile(0.5)
	r.p90, _ = l.Quantile(0.9)
	r.p99, _ = l.Quantile(0.99)
	r.max = l.Max()
	return r
}

// latencyPane is the answer times of the last 10 s (see clusterTimes), rows lines of w cells. The
// bars are on a scale that grows as the logarithm, so that one slow answer
// does not make all others look alike. lead is the cells left free before it.
func latencyPane(s *screen, w, rows, lead int) []string {
	lat, _ := clusterTimes(s)
	lines := []struct {
		name string
		d    time.Duration
	}{{"p50", lat.p50}, {"p90", lat.p90}, {"p99", lat.p99}, {"max", lat.max}}
	out := make([]string, 0, rows)
	for _, q := range lines {
		if len(out) == rows {
			return out
		}
		l := newLine(w, s.signs)
		l.gap(lead)
		l.put(s.theme.Text, q.name)
		l.right(s.theme.Text, fmtMillis(q.d), 7)
		l.gap(2)
		if q.d >= 0 && lat.max > 0 {
			bar, n := s.signs.bar(slowly(float64(q.d)/float64(lat.max)), w-16)
			l.raw(s.theme.Accent, bar, n)
		}
		out = append(out, l.String())
	}
	for len(out) < rows-1 {
		out = append(out, spaces(w))
	}
	if len(out) < rows {
		l := newLine(w, s.signs)
		l.gap(lead)
		l.put(s.theme.Text, plural(int(min(s.snap.Lost, math.MaxInt32)), "connection")+" lost")
		out = append(out, l.String())
	}
	return out
}

// slowly maps 0 to 1 onto itself, small values stretched: 8 times smaller is a
// third as long.
func slowly(part float64) float64 { return math.Log1p(8*part) / math.Log1p(8) }

// fmtMillis is a time in milliseconds without its unit: 0.31, 12.4, 1240, and
// 0.003 where two decimals would say nothing.
func fmtMillis(d time.Duration) string {
	if d < 0 {
		return unknown
	}
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 999.5:
		return strconv.FormatFloat(min(ms, 9999999), 'f', 0, 64)
	case d == 0 || ms >= 0.0095:
		return three(ms)
	case ms >= 0.0005:
		return strconv.FormatFloat(ms, 'f', 3, 64)
	}
	return "<0.001"
}
