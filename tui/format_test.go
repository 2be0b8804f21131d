package tui

import (
	"math"
	"testing"
	"time"

	"muster/internal/safetext"
	"muster/internal/say"
)

func TestNumbers(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct{ got, want string }{
		{fmtCount(0), "0"}, {fmtCount(87), "87"}, {fmtCount(999.4), "999"}, {fmtCount(999.6), "1.00k"}, {fmtCount(8240), "8.24k"},
		{fmtCount(9996), "10.0k"}, {fmtCount(18500), "18.5k"}, {fmtCount(99960), "100k"}, {fmtCount(425000), "425k"},
		{fmtCount(999499), "999k"}, {fmtCount(999500), "1.00M"}, {fmtCount(1.24e6), "1.24M"}, {fmtCount(nan), "-"}, {fmtCount(-1), "-"},
		{fmtOpen(9999), "9999"}, {fmtOpen(12345), "12k"}, {fmtOpen(0), "0"},
		{fmtCPU(0), "0.0"}, {fmtCPU(48.21), "48.2"}, {fmtCPU(99.94), "99.9"}, {fmtCPU(99.96), "100"}, {fmtCPU(213), "213"}, {fmtCPU(nan), "-"},
		{fmtPercent(97.5), "98%"}, {fmtPercent(999.4), "999%"}, {fmtPercent(3085), "3085"}, {fmtPercent(25600), "25k"}, {fmtPercent(nan), "-"},
		{fmtMem(7.9 * 1024 * 1024), "7.9M"}, {fmtMem(1.2 * (1 << 30)), "1.2G"}, {fmtMem(23.6 * (1 << 20)), "24M"}, {fmtMem(0), "0B"},
		{fmtMem(1000 << 20), "1.0G"}, {fmtMem(999 << 20), "999M"}, {fmtMem(nan), "-"}, {fmtMem(9.97 * (1 << 20)), "10M"},
		{say.Span(6 * time.Second), "6s"}, {say.Span(252 * time.Second), "4m12s"}, {say.Span(125 * time.Minute), "2h05m"},
		{say.Span(76 * time.Hour), "3d04h"}, {say.Span(-time.Second), "0s"}, {say.Span(200 * 24 * time.Hour), "200d"},
		{fmtLatency(310 * time.Microsecond), "0.31ms"}, {fmtLatency(12400 * time.Microsecond), "12.4ms"}, {fmtLatency(1240 * time.Millisecond), "1.24s"},
		{fmtLatency(9996 * time.Microsecond), "10.0ms"}, {fmtLatency(999600 * time.Microsecond), "1.00s"}, {fmtLatency(-1), "-"}, {fmtLatency(0), "0"},
		{fmtLatency(1), "1us"}, {fmtLatency(999), "1us"}, {fmtLatency(3 * time.Microsecond), "3us"}, {fmtLatency(9499), "9us"}, {fmtLatency(9500), "0.01ms"},
		{fmtMillis(3 * time.Microsecond), "0.003"}, {fmtMillis(1), "0.001"}, {fmtMillis(0), "0"}, {fmtMillis(-1), "-"}, {fmtMillis(310 * time.Microsecond), "0.31"},
		{say.Millis(0), "0 ms"}, {say.Millis(0.0002), "1 us"}, {say.Millis(0.02), "20 us"}, {say.Millis(0.094), "94 us"}, {say.Millis(0.095), "0.1 ms"},
		{fmtBrief(40 * time.Millisecond), "40 ms"}, {fmtBrief(300 * time.Millisecond), "300 ms"}, {fmtBrief(5 * time.Second), "5 s"}, {fmtBrief(-1), "0 ms"},
		{fmtPID(0), "-"}, {fmtPID(20411), "20411"},
		{say.Millis(31), "31 ms"}, {say.Millis(0.4), "0.4 ms"}, {say.Millis(1200), "1.2 s"}, {say.Millis(nan), "-"},
		{say.Prose(5 * time.Second), "5 s"}, {say.Prose(400 * time.Millisecond), "0.4 s"}, {say.Prose(12 * time.Second), "12 s"}, {say.Prose(90 * time.Second), "1m30s"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestNumbersKeepTheirWidth: a figure that is a cell too wide would push its
// row apart.
func TestNumbersKeepTheirWidth(t *testing.T) {
	for v := 0.001; v < 1e17; v *= 1.013 {
		d := time.Duration(min(v, 1e17))
		for _, c := range []struct {
			name, got string
			most      int
		}{
			{"count", fmtCount(v), 5}, {"open", fmtOpen(int(v)), 4}, {"cpu", fmtCPU(v), 4}, {"percent", fmtPercent(v), 4},
			{"mem", fmtMem(v), 5}, {"latency", fmtLatency(d), 6}, {"span", say.Span(d * 50), 6},
		} {
			if n := safetext.Width(c.got); n > c.most {
				t.Errorf("%s of %g is %q: %d cells, want at most %d", c.name, v, c.got, n, c.most)
			}
		}
	}
}
