package tui

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"muster/internal/say"
)

// unknown stands for what is not known, not measurable or not alive. Zero is
// "0".
const unknown = "-"

// three writes v with three significant digits: 8.24, 18.5, 425. Rounding
// never makes a fourth.
func three(v float64) string {
	switch {
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// fmtCount writes a count or a rate in at most 5 cells: whole below 1000, then
// three digits and an SI letter.
func fmtCount(v float64) string {
	if math.IsNaN(v) || v < 0 {
		return unknown
	}
	if v < 999.5 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	for _, unit := range []string{"k", "M", "G", "T", "P"} {
		v /= 1000
		if v < 999.5 {
			return three(v) + unit
		}
	}
	return ">999P"
}

// fmtShort is a count in at most 4 cells: whole up to limit, then 12k.
func fmtShort(v, limit uint64) string {
	if v <= limit {
		return strconv.FormatUint(v, 10)
	}
	for _, unit := range []string{"k", "M", "G", "T", "P"} {
		v /= 1000
		if v < 1000 {
			return strconv.FormatUint(v, 10) + unit
		}
	}
	return ">E"
}

// fmtOpen is a number of connections: whole to 9999.
func fmtOpen(n int) string { return fmtShort(uint64(max(n, 0)), 9999) }

// fmtCPU is the percent of one core, without the sign, in at most 4 cells.
func fmtCPU(v float64) string {
	if math.IsNaN(v) || v < 0 {
		return unknown
	}
	if v < 99.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return fmtShort(uint64(min(v+0.5, 1e15)), 9999)
}

// fmtPercent is a whole percentage in at most 4 cells; from 1000 on without its
// sign.
func fmtPercent(v float64) string {
	if math.IsNaN(v) || v < 0 {
		return unknown
	}
	if v < 999.5 {
		return strconv.FormatFloat(v, 'f', 0, 64) + "%"
	}
	return fmtShort(uint64(min(v+0.5, 1e15)), 9999)
}

// fmtMem is a number of bytes, base 1024: 7.9M, 24M, 1.2G.
func fmtMem(n float64) string {
	if math.IsNaN(n) || n < 0 {
		return unknown
	}
	unit := 0
	for n >= 999.5 && unit < 6 {
		n /= 1024
		unit++
	}
	if unit > 0 && n < 9.95 {
		return strconv.FormatFloat(n, 'f', 1, 64) + "BKMGTPE"[unit:unit+1]
	}
	return strconv.FormatFloat(n, 'f', 0, 64) + "BKMGTPE"[unit:unit+1]
}

// fmtAge is how long ago something was, in its largest unit: at most 4 cells
// in the first 27 years.
func fmtAge(d time.Duration) string {
	s := max(int64(d/time.Second), 0)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm", s/60)
	case s < 86400:
		return fmt.Sprintf("%dh", s/3600)
	}
	return fmt.Sprintf("%dd", s/86400)
}

// milliFrom is the shortest time that is written in milliseconds: a shorter
// time would read 0.00.
const milliFrom = 9500 * time.Nanosecond

// fmtMicros is a time below milliFrom: 3us, and 1us for anything above 0.
func fmtMicros(d time.Duration) string {
	return fmt.Sprintf("%dus", max(d.Round(time.Microsecond).Microseconds(), 1))
}

// fmtLatency is an answer time in at most 6 cells: 3us, 0.31ms, 12.4ms, 1.24s.
func fmtLatency(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d < 0:
		return unknown
	case d == 0:
		return "0"
	case d < milliFrom:
		return fmtMicros(d)
	case ms < 999.5:
		return three(ms) + "ms"
	case ms < 999500:
		return three(ms/1000) + "s"
	}
	return fmtAge(d)
}

// fmtBrief is a possibly short time in a sentence: below a second it is in
// milliseconds, so that "40 ms" does not read "0 s".
func fmtBrief(d time.Duration) string {
	if d < time.Second {
		return say.Millis(float64(max(d, 0)) / float64(time.Millisecond))
	}
	return say.Prose(d)
}

// fmtSeconds is "24 s".
func fmtSeconds(n int) string { return strconv.Itoa(n) + " s" }

func itoa(n int) string { return strconv.Itoa(n) }

// fmtPID is a process id; a worker that is being started has none yet.
func fmtPID(pid int) string {
	if pid <= 0 {
		return unknown
	}
	return strconv.Itoa(pid)
}

// clamp is v, but at least lo and at most hi; lo if hi is less than lo.
func clamp(lo, v, hi int) int { return max(lo, min(v, hi)) }
