package styles

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// reset ends every style.
const reset = "\x1b[0m"

// Style is an attribute or colour as the escape sequence that turns it on,
// rendered once: a frame has hundreds of styled pieces, and lipgloss measures
// and splits each text it is given. The zero value changes nothing. Styles are
// comparable.
type Style struct{ on string }

// On is the sequence before the text, "" for a style that changes nothing.
func (s Style) On() string { return s.on }

// Off is the sequence after the text.
func (s Style) Off() string {
	if s.on == "" {
		return ""
	}
	return reset
}

// And is s with o added; where both set the same thing, o wins.
func (s Style) And(o Style) Style { return Style{s.on + o.on} }

// Render is text in this style. The text must be safe for a terminal already.
func (s Style) Render(text string) string {
	if s.on == "" || text == "" {
		return text
	}
	return s.on + text + reset
}

// Attributes are written by hand: without colours lipgloss leaves out bold and
// reverse as well, and there they are all that is left.
var (
	bold      = Style{"\x1b[1m"}
	underline = Style{"\x1b[4m"}
	reverse   = Style{"\x1b[7m"}
)

// colour is what r makes of c: 24 bit, 256, 16 colours or nothing.
func colour(r *lipgloss.Renderer, c lipgloss.CompleteColor) Style {
	const text = "x"
	on, _, _ := strings.Cut(r.NewStyle().Foreground(c).Render(text), text)
	return Style{on}
}
