package tui

import (
	"strings"

	"muster/internal/safetext"
	"muster/styles"
)

// line builds one line of a frame of a fixed number of cells. Whatever is
// written beyond them is left out, so a line can be too short while it is
// built but never too wide.
type line struct {
	b    strings.Builder
	w    int    // cells the line may have
	n    int    // cells written
	tail string // stands where text was cut off
}

func newLine(w int, sg *signs) *line {
	l := &line{w: max(w, 0), tail: sg.ellipsis}
	l.b.Grow(l.w + 64)
	return l
}

// put writes text, which may come from outside, in a style.
func (l *line) put(st styles.Style, text string) {
	room := l.w - l.n
	if room <= 0 || text == "" {
		return
	}
	text = safetext.Cut(text, room, l.tail)
	l.raw(st, text, safetext.Width(text))
}

// raw writes text of ours that is known to take n cells.
func (l *line) raw(st styles.Style, text string, n int) {
	if n <= 0 {
		return
	}
	if n > l.w-l.n {
		l.put(st, text)
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

// padded writes text cut or filled to n cells, left-aligned.
func (l *line) padded(st styles.Style, text string, n int) {
	n = min(n, l.w-l.n)
	if n <= 0 {
		return
	}
	end := l.n + n
	text = safetext.Cut(text, n, l.tail)
	l.raw(st, text+spaces(n-safetext.Width(text)), n)
	l.to(end)
}

// right writes text cut or filled to n cells, right-aligned.
func (l *line) right(st styles.Style, text string, n int) {
	n = min(n, l.w-l.n)
	if n <= 0 {
		return
	}
	text = safetext.Cut(text, n, l.tail)
	l.raw(st, spaces(n-safetext.Width(text))+text, n)
}

// gap writes n spaces.
func (l *line) gap(n int) { l.to(l.n + n) }

// to writes spaces up to cell n.
func (l *line) to(n int) {
	n = min(n, l.w) - l.n
	if n > 0 {
		l.b.WriteString(spaces(n))
		l.n += n
	}
}

// fill writes a character of one cell up to cell n.
func (l *line) fill(st styles.Style, sign string, n int) {
	n = min(n, l.w) - l.n
	if n > 0 {
		l.raw(st, strings.Repeat(sign, n), n)
	}
}

// used is the cells that are written.
func (l *line) used() int { return l.n }

// width is the cells the line may have.
func (l *line) width() int { return l.w }

// room is the cells that are left.
func (l *line) room() int { return l.w - l.n }

// String is the line, filled up with spaces.
func (l *line) String() string {
	l.to(l.w)
	return l.b.String()
}

const blanks = "                                                                                                                                "

func spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}
