package cell

import (
	"strings"

	"muster/internal/safetext"
)

// Fitting is the first of forms, ordered from the longest to the shortest, that
// fits in cells, or the last if none fits.
func Fitting(cells int, forms ...string) string {
	for _, f := range forms {
		if safetext.Width(f) <= cells {
			return f
		}
	}
	if len(forms) == 0 {
		return ""
	}
	return forms[len(forms)-1]
}

// Wrapped breaks a text that went through safetext between words into lines of
// at most cells; a word that is longer is a line of its own.
func Wrapped(text string, cells int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && safetext.Width(line)+1+safetext.Width(word) > cells {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// FilledUp is exactly n lines of w cells.
func FilledUp(lines []string, n, w int) []string {
	for len(lines) < n {
		lines = append(lines, Spaces(w))
	}
	return lines[:max(n, 0)]
}
