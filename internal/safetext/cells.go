package safetext

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of cells s takes, for a string that went through Line,
// Cut or Pad. It is the one measure of the project, the same that lipgloss and
// bubbletea use: go-runewidth, for one, counts '●' as two cells in some
// locales.
func Width(s string) int {
	if printable(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// Cut returns Line(s) in at most cells cells. If something had to go, the
// result ends in tail, which counts as well and goes through Line itself: "…"
// where the terminal has UTF-8, "~" or "..." elsewhere, "" for none. A tail
// wider than cells is left out. A character of two cells that fits half is
// left out, so the result may be a cell short; Pad fills it.
//
// The cost depends on cells, not on the length of s.
func Cut(s string, cells int, tail string) string {
	if cells <= 0 {
		return ""
	}
	s = Line(head(s, cells))
	if Width(s) <= cells {
		return s
	}
	tail = Line(tail)
	if Width(tail) > cells {
		tail = ""
	}
	return truncate(s, cells-Width(tail)) + tail
}

// truncate returns the most of s, which went through Line, that fits.
func truncate(s string, cells int) string {
	if printable(s) {
		return s[:min(len(s), max(cells, 0))]
	}
	return ansi.Truncate(s, cells, "")
}

// Pad returns Line(s) in exactly cells cells: cut without a tail, or filled
// with spaces on the right. For a sign where text is missing: Pad(Cut(s,
// cells, "…"), cells).
func Pad(s string, cells int) string {
	s = Cut(s, cells, "")
	return s + spaces(cells-Width(s))
}

// PadLeft is Pad with the spaces on the left, for figures.
func PadLeft(s string, cells int) string {
	s = Cut(s, cells, "")
	return spaces(cells-Width(s)) + s
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

// head returns the beginning of s that is sure to fill more than cells cells
// if s itself does, so that a line of a megabyte costs as much as a short one.
// Line makes at least one cell of every cluster, and a cluster is at most
// maxParts code points of 4 bytes, each with a dropped selector of 3; what is
// over that bound is escaped and fills more cells, not fewer.
func head(s string, cells int) string {
	const perCell = maxParts * (utf8.UTFMax + 3)
	if len(s)/perCell-1 <= cells { // in this order no size overflows
		return s
	}
	n := perCell * (cells + 1)
	for !utf8.RuneStart(s[n]) && n > perCell*cells {
		n--
	}
	return s[:n]
}
