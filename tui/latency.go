package tui

import (
	"math"
	"strconv"
	"time"

	"muster/engine"
	"muster/internal/plural"
	"muster/tui/internal/cell"
)

// latencyPane is the answer times of the last 10 s (see clusterTimes), rows
// lines of w cells. The bars are on a scale that grows as the logarithm, so
// that one slow answer does not make all others look alike. lead is how many
// cells stay free at the left.
func latencyPane(s *screen, w, rows, lead int) []string {
	lat, _ := clusterTimes(s)
	lines := []struct {
		name string
		d    time.Duration
	}{{"p50", lat.P50}, {"p90", lat.P90}, {"p99", lat.P99}, {"max", lat.Max}}
	out := make([]string, 0, rows)
	for _, q := range lines {
		if len(out) == rows {
			return out
		}
		l := cell.NewLine(w, s.signs)
		l.Gap(lead)
		l.Put(s.theme.Text, q.name)
		l.Right(s.theme.Text, fmtMillis(q.d), 7)
		l.Gap(2)
		if q.d >= 0 && lat.Max > 0 {
			bar, n := s.signs.Bar(slowly(float64(q.d)/float64(lat.Max)), w-16)
			l.Raw(s.theme.Accent, bar, n)
		}
		out = append(out, l.String())
	}
	for len(out) < rows-1 {
		out = append(out, cell.Spaces(w))
	}
	if len(out) < rows {
		l := cell.NewLine(w, s.signs)
		l.Gap(lead)
		l.Put(s.theme.Text, lostWords(s.snap))
		out = append(out, l.String())
	}
	return out
}

func lostWords(snap *engine.Snapshot) string {
	if n := lostText(snap); snap.LostUnknown > 0 {
		return n + " connections lost"
	}
	return plural.Of(int(min(snap.Lost, math.MaxInt32)), "connection") + " lost"
}

// slowly maps 0 to 1 onto itself and stretches small values: a value 8 times
// smaller is a third as long.
func slowly(part float64) float64 { return math.Log1p(8*part) / math.Log1p(8) }

// fmtMillis is a time in milliseconds without the unit, which is shown
// elsewhere: 0.003, 0.31, 12.4, 1240. Anything above 0 is at least 0.001.
func fmtMillis(d time.Duration) string {
	switch {
	case d < 0:
		return unknown
	case d == 0:
		return "0"
	}
	ms := float64(d) / float64(time.Millisecond)
	if d < milliFrom {
		return strconv.FormatFloat(max(ms, 0.001), 'f', 3, 64)
	}
	if ms >= 999.5 {
		return strconv.FormatFloat(min(ms, 9999999), 'f', 0, 64)
	}
	return three(ms)
}
