package safetext

import (
	"bytes"
	"strings"
)

// A sequence of SGR (Select Graphic Rendition, ECMA-48 8.3.117) is ESC [, its
// parameters (digits, ; and :) and m. It changes only how text looks, so
// leaving it out loses nothing the text says. No other sequence is like that.
// The eight-bit form (U+009B) does not count: programs do not write it, and
// terminals in UTF-8 mode do not agree on it.

// DropSGR returns s without its complete SGR sequences; s itself if it has
// none. Everything else stays, also an SGR sequence that is not complete or
// has other bytes in it, so the result still needs Line.
func DropSGR(s string) string {
	if strings.IndexByte(s, esc) < 0 {
		return s
	}
	var b strings.Builder
	for {
		before, _, rest, found := CutSGR(s)
		if !found {
			if b.Len() == 0 && len(before) == len(s) {
				return s
			}
			b.WriteString(before)
			return b.String()
		}
		b.WriteString(before)
		s = rest
	}
}

// CutSGR returns the text of s before its first complete SGR sequence, the
// sequence's parameters ("1;31", "" for a reset) and the text behind it.
// Without one, before is all of s.
func CutSGR(s string) (before, params, rest string, found bool) {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], esc)
		if i < 0 {
			return s, "", "", false
		}
		i += from
		if n := sgrParams(s[i+1:]); n >= 0 {
			return s[:i], s[i+2 : i+2+n], s[i+2+n+1:], true
		}
		from = i + 1
	}
}

// sgrParams returns the length of the parameters if s is "[", parameters and
// "m", otherwise -1.
func sgrParams[T string | []byte](s T) int {
	if len(s) == 0 || s[0] != '[' {
		return -1
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= ';': // digits, : and ;
		case c == 'm':
			return i - 1
		default:
			return -1
		}
	}
	return -1
}

// DropSGRJSON returns b, which must be valid JSON, with the complete SGR
// sequences left out of its strings, where they begin with \u001b; b itself if
// it has none. The result is another JSON value then, for people to read.
func DropSGRJSON(b []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			i++
			continue
		}
		n := escapedSGR(b[i:])
		if n == 0 {
			i += 2 // skip the escaped character: it starts no escape
			continue
		}
		out = append(out, b[from:i]...)
		i += n
		from = i
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}

// escapedSGR is the length of the SGR sequence b begins with, 0 if with none.
func escapedSGR(b []byte) int {
	const start = `\u001b`
	if len(b) < len(start) || !bytes.EqualFold(b[:len(start)], []byte(start)) || b[1] != 'u' {
		return 0
	}
	n := sgrParams(b[len(start):])
	if n < 0 {
		return 0
	}
	return len(start) + 1 + n + 1
}

const esc = '\x1b'
