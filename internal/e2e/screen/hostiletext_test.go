//go:build linux

package screen

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// hostileText is one line of text that does harm if it reaches a terminal.
type hostileText struct {
	name string
	raw  string // as a worker prints it
	seen string // as it has to be shown
}

// hostileTexts is what a worker may print, or a client may have it print.
// Every line goes on after the harm: what an unterminated sequence swallows is
// missed.
var hostileTexts = []hostileText{
	{"clear", "\x1b[2J\x1b[H", `\x1b[2J\x1b[H`},
	{"move", "\x1b[1;1H\x1b[999B\x1bM", `\x1b[1;1H\x1b[999B\x1bM`},
	{"reset", "\x1bc\x1b[!p", `\x1bc\x1b[!p`},
	{"ask", "\x1b[6n\x1b[c\x1b]11;?\x07\x1b[5n", `\x1b[6n\x1b[c\x1b]11;?\x07\x1b[5n`},
	{"modes", "\x1b[?1049l\x1b[?25h\x1b[?1000h\x1b[?2004l\x1b[?7l", `\x1b[?1049l\x1b[?25h\x1b[?1000h\x1b[?2004l\x1b[?7l`},
	{"colour", colourOn + "red", `red`}, // the only escape that is left out
	{"no colour", "\x1b[>31mred\x1b[?1m\x1b[4 m\x1b[31", `\x1b[>31mred\x1b[?1m\x1b[4 m\x1b[31`},
	{"region", "\x1b[5;9r\x1b[?6h", `\x1b[5;9r\x1b[?6h`},
	{"title", "\x1b]0;owned\x07\x1b]2;owned\x1b\\", `\x1b]0;owned\x07\x1b]2;owned\x1b\`},
	{"push title", "\x1b[21t\x1b[22;0t", `\x1b[21t\x1b[22;0t`},
	{"clipboard", "\x1b]52;c;b3duZWQ=\x07", `\x1b]52;c;b3duZWQ=\x07`},
	{"link", "\x1b]8;;http:x\x1b\\a\x1b]8;;\x1b\\", `\x1b]8;;http:x\x1b\a\x1b]8;;\x1b\`},
	{"open CSI", "\x1b[12;", `\x1b[12;`},
	{"open OSC", "\x1b]2;owned", `\x1b]2;owned`},
	{"open DCS", "\x1bP1$r", `\x1bP1$r`},
	{"DCS", "\x1bPtmux;\x1b\x1b]0;owned\x07\x1b\\", `\x1bPtmux;\x1b\x1b]0;owned\x07\x1b\`},
	{"APC", "\x1b_Gowned\x1b\\\x1b_", `\x1b_Gowned\x1b\\x1b_`},
	{"PM SOS", "\x1b^owned\x1b\\\x1bXowned", `\x1b^owned\x1b\\x1bXowned`},
	{"charset", "\x1b(0lqk\x0e\x1b#8\x1bN", `\x1b(0lqk\x0e\x1b#8\x1bN`},
	{"raw C1", "\x9b2J\x9d0;owned\x9c\x90", "\ufffd2J\ufffd0;owned\ufffd"},
	{"UTF-8 C1", "\u009b2J\u009d0;owned\u009c\u0085\u008d", `\u009b2J\u009d0;owned\u009c\u0085\u008d`},
	{"bidi", "a\u202ebc\u2066d\u2069\u200fe\u061c", `a\u202ebc\u2066d\u2069\u200fe\u061c`},
	{"zero width", "a\u200bb\u200dc\ufeffd\u2060e\u00adf", `a\u200bb\u200dc\ufeffd\u2060e\u00adf`},
	{"breaks", "a\u2028b\u2029c\vd\fe", `a\u2028b\u2029c\x0bd\x0ce`},
	{"tags", "a\U000e0041\U000e007f", `a\U000e0041\U000e007f`},
	{"CR", "good\rowned", `good\rowned`},
	{"BS", "good\b\b\b\bowned", `good\x08\x08\x08\x08owned`},
	{"NUL", "a\x00b\x07c\x7fd\x0f", `a\x00b\x07c\x7fd\x0f`},
	{"not UTF-8", "a\xffb\xc0\xafc\xed\xa0\x80d\xf8", "a\ufffdb\ufffdc\ufffdd\ufffd"},
	{"marks", "e" + strings.Repeat("\u0301", 6), "e\u0301\u0301\u0301" + `\u0301\u0301\u0301`},
	{"wide", "配置 🚀 ok", "配置 🚀 ok"},
	{"tab", "a\tb", "a b"}, // runs of spaces are taken as one
}

// colourOn is a complete SGR sequence with a part nobody may draw: blink.
const colourOn = "\x1b[31;5m"

// line is the text with its marks around it.
func (h *hostileText) line(source string) string { return source + h.name + "<" + h.raw + ">" + source }

// shown is how line has to be shown.
func (h *hostileText) shown(source string) string {
	return source + h.name + "<" + h.seen + ">" + source
}

// hostileOutput has each worker print all of it, in a test build.
func hostileOutput() string {
	var b strings.Builder
	for i := range hostileTexts {
		b.WriteString(hostileTexts[i].line("out") + "\n")
	}
	return "MUSTER_TEST_OUTPUT=" + base64.StdEncoding.EncodeToString([]byte(b.String()))
}

// pathsPrinted has each worker print the path of each request, in a test build.
const pathsPrinted = "MUSTER_TEST_PATHS=1"

// target is the request whose decoded path is "/" and the text.
func (h *hostileText) target() string {
	var b strings.Builder
	b.WriteByte('/')
	for _, c := range []byte(h.line("req")) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// text is line as a JSON string has it: valid, and without colours.
func (h *hostileText) text(source string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(h.line(source), "\ufffd"), colourOn, "")
}

// spaced is s with every run of spaces as one.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }
