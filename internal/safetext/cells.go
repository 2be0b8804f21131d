package safetext

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of cells s takes, for a string that went through Line,
// Cut or Pad. It is the only measure in the project, and the one lipgloss and
// bubbletea use: go-runewidth, for example, counts '●' as two cells in some
// locales.
func Width(s string) int {
	if printable(s) {
		return len(s)
	}
	return ansi.StringWidth(s)
}

// Cut returns Line(s) in at most cells cells. If something was cut, the result
// ends in tail, which counts as well and goes through Line itself: "…" if the
// terminal has UTF-8, otherwise "~" or "...", "" for none. A tail wider than
// cells is left out. A character of two cells of which only half fits is left
// out, so the result may be a cell short; Pad fills it.
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

// truncate returns as much of s, which went through Line, as fits.
func truncate(s string, cells int) string {
	if printable(s) {
		return s[:min(len(s), max(cells, 0))]
	}
	return ansi.Truncate(s, cells, "")
}

// Pad returns Line(s) in exactly cells cells: cut without a tail, or filled
// with spaces on the right. To mark missing text: Pad(Cut(s, cells, "…"),
// cells).
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

// head returns a beginning of s that fills more than cells cells if s does, so
// that a line of a megabyte costs as much as a short one. Line makes at least
// one cell of every cluster, and a cluster is at most maxParts code points of 4
// bytes, each with a dropped selector of 3; code points over that bound are
// escaped and fill more cells, not fewer.
func head(s string, cells int) string {
	const perCell = maxParts * (utf8.UTFMax + 3)
	if len(s)/perCell-1 <= cells { // computed in this order no size overflows
		return s
	}
	n := perCell * (cells + 1)
	for !utf8.RuneStart(s[n]) && n > perCell*cells {
		n--
	}
	return s[:n]
}
