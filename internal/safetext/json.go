package safetext

import (
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns b, which must be valid JSON, so that it can be printed to a
// terminal: DEL, C1, U+2028, U+2029, bidi controls and every other character
// Line would escape are written as \uXXXX (they can only stand inside
// strings), and bytes that are not UTF-8 as \ufffd. It is the same JSON value,
// and line breaks and indentation between the tokens stay. encoding/json
// leaves most of these characters raw.
//
// If there is nothing to do, b itself is returned; b is never changed.
func JSON(b []byte) []byte {
	at := firstHidden(b, 0)
	if at == len(b) {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for from := 0; ; {
		out = append(out, b[from:at]...)
		if at == len(b) {
			return out
		}
		r, size := utf8.DecodeRune(b[at:])
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			out = appendHex(append(out, `\u`...), hi, 4)
			r = lo
		}
		out = appendHex(append(out, `\u`...), r, 4)
		from = at + size
		at = firstHidden(b, from)
	}
}

// firstHidden returns the index of the first byte from i on that JSON has to
// escape, len(b) if there is none. Control characters below U+007F are left
// alone: in a string they are escaped already, outside a string they are
// layout.
func firstHidden(b []byte, i int) int {
	for i < len(b) {
		if b[i] < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 || hidden(r) {
			return i
		}
		i += size
	}
	return i
}
