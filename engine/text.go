package engine

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// lineMax is how much of a line is kept, in bytes.
const lineMax = 4 << 10

// addressText is how much of an address from a worker is kept, in bytes.
const addressText = 1 << 10

// shortText is validText for an address.
func shortText(s string) string {
	if len(s) > addressText {
		return lineText([]byte(s[:addressText]), true)
	}
	return validText(s)
}

// validText makes text that events may hold: valid UTF-8, cut at 4 KiB.
func validText(s string) string {
	cut := len(s) > lineMax
	if cut {
		s = s[:lineMax]
	}
	return strings.TrimRight(lineText([]byte(s), cut), "\n")
}

// lineText makes a line valid UTF-8; a line that was cut loses the rune at the
// cut.
func lineText(b []byte, cut bool) string {
	b = bytes.TrimSuffix(b, []byte("\r"))
	if cut {
		for i := 0; i < utf8.UTFMax && len(b) > 0; i++ {
			if r, size := utf8.DecodeLastRune(b); r != utf8.RuneError || size > 1 {
				break
			}
			b = b[:len(b)-1]
		}
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	for end := lineMax; len(s) > lineMax; end-- { // U+FFFD is longer than the byte it stands for
		if utf8.RuneStart(s[end]) {
			s = s[:end]
		}
	}
	return s
}
