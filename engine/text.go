package engine

import "strings"

// addressText is how much of an address that a worker tells is kept, in bytes.
const addressText = 1 << 10

// shortText is validText for an address.
func shortText(s string) string {
	if len(s) > addressText {
		return lineText([]byte(s[:addressText]), true)
	}
	return validText(s)
}

// validText is what events may hold: valid UTF-8, cut at 4 KiB.
func validText(s string) string {
	cut := len(s) > lineMax
	if cut {
		s = s[:lineMax]
	}
	return strings.TrimRight(lineText([]byte(s), cut), "\n")
}
