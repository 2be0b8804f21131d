package safetext

import (
	"unicode"
	"unicode/utf8"
)

// hidden reports whether r must not reach a terminal as it is: controls, format
// characters (bidi, zero width, tags), line and paragraph separators,
// characters that render as nothing, and code points this Unicode version does
// not know, because their width is unknown. Private use stays: fonts for
// terminals keep their icons there.
func hidden(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r < 0xa0:
		return true
	case !unicode.IsGraphic(r):
		return !unicode.Is(unicode.Co, r)
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, prepended)
}

// presentation reports whether r is one of the two variation selectors that
// ask for the text or the emoji form of the character before them. Terminals
// do not agree on the width of the pair; without the selector they do.
func presentation(r rune) bool { return r == 0xfe0e || r == 0xfe0f }

// prepended are the letters that join to whatever FOLLOWS them, so that even a
// space put behind them as padding would not count. All other characters that
// join so are format characters and hidden anyway.
var prepended = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x0d4e, Hi: 0x0d4e, Stride: 1}},
	R32: []unicode.Range32{
		{Lo: 0x111c2, Hi: 0x111c3, Stride: 1},
		{Lo: 0x113d1, Hi: 0x113d1, Stride: 1},
		{Lo: 0x1193f, Hi: 0x1193f, Stride: 1},
		{Lo: 0x11941, Hi: 0x11941, Stride: 1},
		{Lo: 0x11a84, Hi: 0x11a89, Stride: 1},
		{Lo: 0x11d46, Hi: 0x11d46, Stride: 1},
		{Lo: 0x11f02, Hi: 0x11f02, Stride: 1},
	},
}

const (
	lowerHex = "0123456789abcdef"
	tabStop  = 8
)

// appendEscape appends r as Go would write it in a string literal: \n, \r,
// \x1b, \u202e, \U000e0041.
func appendEscape(b []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(b, `\n`...)
	case r == '\r':
		return append(b, `\r`...)
	case r < utf8.RuneSelf:
		return appendHex(append(b, `\x`...), r, 2)
	case r <= 0xffff:
		return appendHex(append(b, `\u`...), r, 4)
	}
	return appendHex(append(b, `\U`...), r, 8)
}

// appendHex appends the low digits hexadecimal digits of r.
func appendHex(b []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, lowerHex[r>>shift&0xf])
	}
	return b
}
