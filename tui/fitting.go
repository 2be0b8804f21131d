package tui

import (
	"strings"

	"muster/internal/safetext"
)

// fitting is the first of forms, which go from the longest to the shortest,
// that fits in cells; else the last.
func fitting(cells int, forms ...string) string {
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

// wrapped breaks a text that went through safetext between words into lines of
// at most cells; a word that is longer is a line of its own.
func wrapped(text string, cells int) []string {
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

// filledUp is exactly n lines of w cells.
func filledUp(lines []string, n, w int) []string {
	for len(lines) < n {
		lines = append(lines, spaces(w))
	}
	return lines[:max(n, 0)]
}
