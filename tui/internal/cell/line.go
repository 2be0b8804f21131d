package cell

import (
	"strings"

	"muster/internal/safetext"
	"muster/styles"
)

// Line builds one line of a frame of a fixed number of cells. Text beyond that
// width is left out, so a line can be too short while it is built but never too
// wide.
type Line struct {
	b    strings.Builder
	w    int    // cells the line may have
	n    int    // cells written
	tail string // written where text was cut off
}

// NewLine is an empty line of w cells; it marks cut text with a sign of sg.
func NewLine(w int, sg *Signs) *Line {
	l := &Line{w: max(w, 0), tail: sg.Ellipsis}
	l.b.Grow(l.w + 64)
	return l
}

// Put writes text, which may come from outside, in a style.
func (l *Line) Put(st styles.Style, text string) {
	room := l.w - l.n
	if room <= 0 || text == "" {
		return
	}
	text = safetext.Cut(text, room, l.tail)
	l.Raw(st, text, safetext.Width(text))
}

// Raw writes our own text, which is known to take n cells.
func (l *Line) Raw(st styles.Style, text string, n int) {
	if n <= 0 {
		return
	}
	if n > l.w-l.n {
		l.Put(st, text)
		return
	}
	if on := st.On(); on != "" {
		l.b.WriteString(on)
		l.b.WriteString(text)
		l.b.WriteString(st.Off())
	} else {
		l.b.WriteString(text)
	}
	l.n += n
}

// Padded writes text cut or filled to n cells, left-aligned.
func (l *Line) Padded(st styles.Style, text string, n int) {
	n = min(n, l.w-l.n)
	if n <= 0 {
		return
	}
	end := l.n + n
	text = safetext.Cut(text, n, l.tail)
	l.Raw(st, text+Spaces(n-safetext.Width(text)), n)
	l.To(end)
}

// Right writes text cut or filled to n cells, right-aligned.
func (l *Line) Right(st styles.Style, text string, n int) {
	n = min(n, l.w-l.n)
	if n <= 0 {
		return
	}
	text = safetext.Cut(text, n, l.tail)
	l.Raw(st, Spaces(n-safetext.Width(text))+text, n)
}

// Gap writes n spaces.
func (l *Line) Gap(n int) { l.To(l.n + n) }

// To writes spaces up to cell n.
func (l *Line) To(n int) {
	n = min(n, l.w) - l.n
	if n > 0 {
		l.b.WriteString(Spaces(n))
		l.n += n
	}
}

// Fill writes a character of one cell up to cell n.
func (l *Line) Fill(st styles.Style, sign string, n int) {
	n = min(n, l.w) - l.n
	if n > 0 {
		l.Raw(st, strings.Repeat(sign, n), n)
	}
}

// Used is how many cells are written.
func (l *Line) Used() int { return l.n }

// Room is how many cells are left.
func (l *Line) Room() int { return l.w - l.n }

// String is the line, filled up with spaces.
func (l *Line) String() string {
	l.To(l.w)
	return l.b.String()
}

const blanks = "                                                                                                                                "

// Spaces is n spaces; none if n is less than 1.
func Spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}
