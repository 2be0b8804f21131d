package safetext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// hostile is the corpus of what must never reach a terminal, with what is
// shown in its place.
var hostile = []struct{ name, in, want string }{
	{"nothing", "", ""},
	{"plain", "GET / 200", "GET / 200"},
	{"backslash stays", `C:\x1b`, `C:\x1b`},
	{"ESC c, full reset", "a\x1bcb", `a\x1bcb`},
	{"CSI 2J, clear", "\x1b[2J", `\x1b[2J`},
	{"CSI 6n, asks for an answer", "\x1b[6n", `\x1b[6n`},
	{"CSI ?1049l, leaves the alternate screen", "\x1b[?1049l", `\x1b[?1049l`},
	{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
	{"OSC 0, title", "\x1b]0;pwned\a", `\x1b]0;pwned\x07`},
	{"OSC 8, link", "\x1b]8;;http://x\x1b\\text\x1b]8;;\x1b\\", `\x1b]8;;http://x\x1b\text\x1b]8;;\x1b\`},
	{"OSC 52, clipboard", "\x1b]52;c;cm0gLXJm\x07", `\x1b]52;c;cm0gLXJm\x07`},
	{"OSC without an end", "\x1b]0;and all that follows", `\x1b]0;and all that follows`},
	{"DCS without an end", "\x1bP1$r", `\x1bP1$r`},
	{"APC without an end", "\x1b_G", `\x1b_G`},
	{"raw C1 CSI", "\x9b2J", `\x9b2J`},
	{"raw C1 OSC", "\x9d0;t\x9c", `\x9d0;t\x9c`},
	{"C1 CSI in UTF-8", "\u009b2J", `\u009b2J`},
	{"NEL", "a\u0085b", `a\u0085b`},
	{"CR", "safe\revil", `safe\revil`},
	{"LF, CRLF", "a\nb\r\nc", `a\nb\r\nc`},
	{"BS", "ab\b\bxy", `ab\x08\x08xy`},
	{"VT, FF", "a\vb\fc", `a\x0bb\x0cc`},
	{"SO, SI", "\x0eqqq\x0f", `\x0eqqq\x0f`},
	{"NUL, BEL, DEL", "\x00\a\x7f", `\x00\x07\x7f`},
	{"line and paragraph separator", "a\u2028b\u2029c", `a\u2028b\u2029c`},
	{"bidi override", "user\u202etxt.exe", `user\u202etxt.exe`},
	{"bidi isolates and marks", "\u2066\u2069\u200e\u200f\u061c", `\u2066\u2069\u200e\u200f\u061c`},
	{"zero width", "a\u200b\u200c\u200d\u2060\u2064\ufeff\u00adb", `a\u200b\u200c\u200d\u2060\u2064\ufeff\u00adb`},
	{"tags", "a\U000e0001\U000e0041", `a\U000e0001\U000e0041`},
	{"invisible letters", "\u3164\u115f\uffa0", `\u3164\u115f\uffa0`},
	{"unassigned", "\u0378\U0001fffe", `\u0378\U0001fffe`},
	{"letter that joins to the next", "\u0d4ea", `\u0d4ea`},
	{"invalid UTF-8", "a\xff\xc3(b", "a\ufffd\ufffd(b"},
	{"surrogate in UTF-8", "\xed\xa0\x80", "\ufffd\ufffd" + `\x80`},
	{"overlong slash", "\xc0\xaf", "\ufffd\ufffd"},
	{"tab", "\ta\tbc\t", "        a       bc      "},
	{"tab after wide", "中\t|", "中      |"},
	{"tab after an escape", "\x1b\t|", `\x1b` + "    |"},
	{"CJK", "配置を読み込みました 🚀", "配置を読み込みました 🚀"},
	{"accents", "e\u0301 tiếng Việt", "e\u0301 tiếng Việt"},
	{"Hindi, Thai, Hangul in parts", "हिन्दी क्ष ที่ \u1112\u1161\u11ab", "हिन्दी क्ष ที่ \u1112\u1161\u11ab"},
	{"flag", "🇩🇪!", "🇩🇪!"},
	{"selector dropped", "⚠\ufe0f 1\ufe0f\u20e3", "⚠ 1\u20e3"},
	{"selectors that hide data", "a\ufe0f\ufe0f\ufe01\U000e0100", `a\ufe0f\ufe01\U000e0100`},
	{"selector after nothing", "\ufe0fa", `\ufe0fa`},
	{"emoji family", "👨\u200d👩", `👨\u200d👩`},
	{"mark after nothing", "\u0301a", `\u0301a`},
	{"spacing mark after nothing", "\u0903a", `\u0903a`},
	{"mark after a tab", "\t\u0301", `        \u0301`},
	{"zalgo", "a" + strings.Repeat("\u0301", 5) + "b", "a\u0301\u0301\u0301" + `\u0301\u0301b`},
	{"zalgo around a selector", "a\u0301\u0301\u0301\ufe0f\u0301", "a\u0301\u0301\u0301" + `\u0301`},
	{"endless conjunct", strings.Repeat("क्", 5), "क्क्क्क्" + `\u0915\u094d`},
	{"endless Hangul", strings.Repeat("\u1100", 9), strings.Repeat("\u1100", 8) + `\u1100`},
	{"private use icon", "\ue0b0", "\ue0b0"},
}

func TestLineShowsWhatItTakesAway(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			got := Line(tt.in)
			if got != tt.want {
				t.Errorf("Line(%+q)\n got %+q\nwant %+q", tt.in, got, tt.want)
			}
			checkLine(t, tt.in, got)
		})
	}
}

// checkLine holds got, made from in, against everything Line promises of any
// text.
func checkLine(t *testing.T, in, got string) {
	t.Helper()
	if !utf8.ValidString(got) {
		t.Errorf("Line(%+q) = %+q: not UTF-8", in, got)
	}
	for _, r := range got {
		if forbidden(r) {
			t.Errorf("Line(%+q) = %+q: has %U", in, got, r)
		}
	}
	if again := Line(got); again != got {
		t.Errorf("Line(%+q) is not stable:\nonce  %+q\ntwice %+q", in, got, again)
	}
	if w := ansi.StringWidth(got); Width(got) != w {
		t.Errorf("Width(%+q) = %d, x/ansi says %d", got, Width(got), w)
	}
	if w := ansi.StringWidth("| " + got + " |"); w != Width(got)+4 {
		t.Errorf("%+q is %d cells alone and %d between borders", got, Width(got), w-4)
	}
	if len(got) > 8*len(in) {
		t.Errorf("Line of %d bytes has %d", len(in), len(got))
	}
}

// forbidden is written from the requirement, not from hidden.
func forbidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f,
		r == 0x00ad, r == 0x061c, r == 0x180e,
		r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f, r == 0xfeff,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xfff9 && r <= 0xfffb,
		r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return false
}

// Every code point, except long runs of like ones, between ASCII, alone and twice: none may change
// the width of its neighbours.
func TestEveryCodePointKeepsItsCells(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		switch r { // jump over what is all alike
		case 0x4e00: // ideographs
			r = 0x9f00
		case 0xac10: // Hangul
			r = 0xd700
		case 0x20000: // ideographs, unassigned planes
			r = 0xe0000
		case 0xe1000: // unassigned, private use
			r = utf8.MaxRune - 0x1000
		}
		for _, in := range [...]string{string(r), "a" + string(r) + "b"} {
			got := Line(in)
			if w := ansi.StringWidth("|" + got + "|"); w != ansi.StringWidth(got)+2 {
				t.Errorf("%U: %+q is %d cells alone and %d between borders", r, got, ansi.StringWidth(got), w-2)
			}
			if got == "" || Width(got) == 0 {
				t.Errorf("%U: shows nothing", r)
			}
			if strings.ContainsFunc(got, forbidden) {
				t.Errorf("%U: got through as %+q", r, got)
			}
		}
	}
}

func TestLineOfAMegabyte(t *testing.T) {
	for _, part := range []string{"a", "\x1b]0;", "\u0301", "中\u0302"} {
		in := strings.Repeat(part, 1<<20/len(part))
		got := Line(in)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, forbidden) || len(got) > 8*len(in) {
			t.Errorf("1 MB of %+q: not safe", part)
		}
	}
}

func TestLineOfPlainTextDoesNotAllocate(t *testing.T) {
	s := strings.Repeat("GET /index.html 200 ", 10)
	if n := testing.AllocsPerRun(100, func() { _ = Line(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLine(f *testing.F) {
	for _, tt := range hostile {
		f.Add(tt.in, 7)
	}
	f.Fuzz(func(t *testing.T, in string, cells int) {
		line := Line(in)
		checkLine(t, in, line)
		checkCells(t, in, line, cells)
	})
}
