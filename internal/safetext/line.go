package safetext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// What one character on the screen may be made of. Real text needs no more (a
// Vietnamese vowel has two marks, a Devanagari conjunct seven parts); without
// a bound one cell could hold a megabyte, or cover the lines above it.
const (
	maxMarks = 3 // combining marks in a row
	maxParts = 8 // code points in all
)

// Line returns s as one safe line: valid UTF-8 without anything that a terminal
// obeys, that changes the direction of text or that cannot be seen.
//
//   - Controls (C0, DEL, C1), line breaks of every kind, bidi controls, zero
//     width and other format characters become visible escapes as in Go:
//     \x1b, \n, \u202e. So do a raw C1 byte (\x9b) and unassigned code points.
//   - Any other byte that is not UTF-8 becomes U+FFFD.
//   - A tab becomes the spaces up to the next multiple of 8 cells, counted
//     from the start of s.
//   - U+FE0E and U+FE0F (text or emoji form, please) are dropped behind a
//     visible character: terminals do not agree on the width of the pair.
//   - More than 3 combining marks in a row, or more than 8 code points in one
//     character, are escaped from there on, as is a mark with nothing before it.
//     An emoji sequence shows its parts with the escaped joiner between them.
//
// Line(Line(s)) == Line(s). A backslash of the text stays single, so the
// escapes are for reading and cannot be undone. Printable ASCII costs one scan
// and no allocation; any other result is at most eight times as long as s.
func Line(s string) string {
	if printable(s) {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/4+16)
	col := 0
	for {
		seg, rest, tab := strings.Cut(s, "\t")
		start := len(b)
		b = appendClusters(b, visible(seg))
		if !tab {
			return string(b)
		}
		col += Width(string(b[start:]))
		fill := tabStop - col%tabStop
		b = append(b, "        "[:fill]...)
		col += fill
		s = rest
	}
}

// printable reports whether s is printable ASCII only.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// visible escapes every hidden code point and mends what is not UTF-8.
func visible(s string) string {
	if printable(s) {
		return s
	}
	b := make([]byte, 0, len(s)+len(s)/4+16)
	kept := false // the code point before was kept as it is
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			// A raw C1 byte is a control to an 8-bit terminal: show its value.
			if c := s[i]; c < 0xa0 {
				b = appendHex(append(b, `\x`...), rune(c), 2)
			} else {
				b = utf8.AppendRune(b, utf8.RuneError)
			}
			kept = false
		case presentation(r) && kept:
			kept = false
		case hidden(r):
			b = appendEscape(b, r)
			kept = false
		default:
			b = append(b, s[i:i+size]...)
			kept = true
		}
		i += size
	}
	return string(b)
}

// appendClusters appends s, which went through visible, with every grapheme
// cluster bounded. Code points over the bound are escaped up to the cluster's
// end: the part before them stays one cluster and an escape never joins to it,
// so a second pass changes nothing.
func appendClusters(b []byte, s string) []byte {
	for first := true; len(s) > 0; first = false {
		if n := alone(s); n > 0 {
			b = append(b, s[:n]...)
			s = s[n:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		if cluster == "" { // never seen; without this check a fault in the cluster library would be an endless loop here
			cluster = s
		}
		s = s[len(cluster):]
		keep := bounded(cluster)
		// A mark with nothing before it would join to whatever the caller puts
		// there, such as a border, and take no cell of its own.
		if width == 0 || first && ansi.StringWidth("a"+cluster) != 1+width {
			keep = 0
		}
		b = append(b, cluster[:keep]...)
		for _, r := range cluster[keep:] {
			b = appendEscape(b, r)
		}
	}
	return b
}

// alone returns how many bytes at the beginning of s are ASCII characters that
// are clusters of their own: the last one before other text may be part of a
// longer cluster.
func alone(s string) int {
	n := 0
	for n < len(s) && s[n] < utf8.RuneSelf {
		n++
	}
	if n > 0 && n < len(s) {
		n--
	}
	return n
}

// bounded returns how many bytes of a cluster are within the bounds.
func bounded(cluster string) int {
	parts, marks := 0, 0
	for i, r := range cluster {
		parts++
		if unicode.IsMark(r) {
			marks++
		} else {
			marks = 0
		}
		if parts > maxParts || marks > maxMarks {
			return i
		}
	}
	return len(cluster)
}
