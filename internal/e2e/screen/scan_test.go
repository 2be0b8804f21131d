//go:build linux

package screen

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// invisible are the characters a terminal must not be sent as text though they
// are no controls: they turn its direction, have no width, or break lines.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, // soft hyphen
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, // Arabic letter mark
		{Lo: 0x180e, Hi: 0x180e, Stride: 1},
		{Lo: 0x200b, Hi: 0x200f, Stride: 1}, // zero width, marks of direction
		{Lo: 0x2028, Hi: 0x202e, Stride: 1}, // separators, bidi embeddings and overrides
		{Lo: 0x2060, Hi: 0x206f, Stride: 1}, // word joiner, bidi isolates
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, // byte order mark
	},
	R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}}, // tags
}

// textProblem says what is wrong with text that is to be printed, "" if
// nothing is. Line feeds are allowed.
func textProblem(s string) string {
	for i, r := range s {
		bad := r != '\n' && unicode.IsControl(r) || unicode.Is(invisible, r)
		if r == utf8.RuneError {
			_, n := utf8.DecodeRuneInString(s[i:])
			bad = n == 1
		}
		if bad {
			return fmt.Sprintf("%q in %q", s[i:min(i+12, len(s))], s[max(i-40, 0):min(i+40, len(s))])
		}
	}
	return ""
}

// What a dashboard may send: colours, the cursor's way through a frame, the
// rest of a line. Going to the other screen and its modes are allowed only
// before the first frame and after the last.
var (
	drawing = regexp.MustCompile(`^\x1b\[(?:[0-9;:]*m|[0-9;]*H|[0-9]*[ABCDGK])$`)
	setting = regexp.MustCompile(`^\x1b\[(?:\?(?:25|1002|1003|1006|1049|2004)[hl]|[02]?J)$`)
)

// terminalProblem says what is wrong with bytes sent to a terminal, "" if
// nothing is. settings: sequences that belong to a start are allowed.
func terminalProblem(raw string, settings bool) string {
	var state byte
	for rest := raw; len(rest) > 0; {
		seq, _, n, next := ansi.DecodeSequence(rest, state, nil)
		state = next
		switch {
		case n == 0:
			return fmt.Sprintf("undecodable %q", rest[:min(20, len(rest))])
		case seq == "\r", seq == "\n", drawing.MatchString(seq), settings && setting.MatchString(seq):
		case textProblem(seq) == "":
		default:
			at := len(raw) - len(rest)
			return fmt.Sprintf("%q after %q", seq[:min(40, len(seq))], raw[max(at-60, 0):at])
		}
		rest = rest[n:]
	}
	return ""
}

// questions are the sequences in raw that make a terminal answer.
func questions(raw string) string {
	return strings.Join(regexp.MustCompile(`\x1b\[[?>=]?[0-9;]*[cn]|\x1b\][0-9;]*\?|\x1bP[+$]q|\x1b\[[?0-9]*\$p|\x1bZ`).FindAllString(raw, -1), " ")
}

// frames is raw up to the end of its last frame: reading may stop anywhere.
func frames(raw string, h int) string {
	at := strings.LastIndex(raw, frameEnd(h))
	if at < 0 {
		return ""
	}
	return raw[:at+len(frameEnd(h))]
}

// frameEnd is what every frame on h lines ends with.
func frameEnd(h int) string { return fmt.Sprintf("\x1b[%d;H", h) }

// lastFrame is the text of the frame that was drawn after the last time the
// screen was cleared, line by line; nil if it is not complete yet.
func lastFrame(raw string, h int) []string {
	at := strings.LastIndex(raw, ansi.EraseEntireScreen)
	if at < 0 {
		return nil
	}
	frame, _, complete := strings.Cut(raw[at:], frameEnd(h))
	if !complete {
		return nil
	}
	return strings.Split(strings.TrimPrefix(ansi.Strip(frame), "\r"), "\r\n")
}
