package tui

import (
	"strings"
	"unicode"

	"muster/internal/safetext"

	"github.com/charmbracelet/x/ansi"
)

// editor is one line of text that is being edited: that of the filter and that
// of the message. Its zero value is empty and has no limit.
type editor struct {
	text     string // nothing but what can be seen, and spaces
	at       int    // byte the cursor is before, always the first of a character
	maxBytes int    // 0 = no limit
	maxCells int    // 0 = no limit
}

// value is the text.
func (e *editor) value() string { return e.text }

// editorOf is an editor with the cursor behind text.
func editorOf(text string) editor { return editor{text: text, at: len(text)} }

// set replaces the text and puts the cursor behind it.
func (e *editor) set(text string) { e.text, e.at = text, len(text) }

// insert puts text, which may have been pasted, in at the cursor: only what can
// be seen of it. Line breaks and tabs within it are spaces. all is false if
// there was room for a part of it only.
func (e *editor) insert(text string) (all bool) {
	text = strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\r\n")
	bytes, cells := len(e.text), 0
	if e.maxCells > 0 {
		cells = safetext.Width(safetext.Line(e.text))
	}
	var in strings.Builder
	all = true
	for _, r := range text {
		switch {
		case r == '\n', r == '\r', r == '\t':
			r = ' '
		case !unicode.IsGraphic(r):
			continue
		}
		c := string(r)
		bytes += len(c)
		if e.maxCells > 0 {
			cells += safetext.Width(c)
		}
		if e.maxBytes > 0 && bytes > e.maxBytes || e.maxCells > 0 && cells > e.maxCells {
			all = false
			break
		}
		in.WriteString(c)
	}
	e.text = e.text[:e.at] + in.String() + e.text[e.at:]
	e.at = e.boundary(e.at + in.Len()) // what was typed may have joined what comes after it
	return all
}

// edit carries out a key that moves the cursor or takes text away. known is
// false for any other key, changed if there was nothing to do.
func (e *editor) edit(key string) (known, changed bool) {
	before := *e
	switch key {
	case "backspace", "ctrl+h":
		e.remove(e.before(e.at), e.at)
	case "delete":
		e.remove(e.at, e.after(e.at))
	case "ctrl+u":
		e.remove(0, e.at)
	case "ctrl+w":
		e.remove(e.word(), e.at)
	case "left":
		e.at = e.before(e.at)
	case "right":
		e.at = e.after(e.at)
	case "home", "ctrl+a":
		e.at = 0
	case "end", "ctrl+e":
		e.at = len(e.text)
	default:
		return false, false
	}
	return true, *e != before
}

func (e *editor) remove(from, to int) {
	e.text = e.text[:from] + e.text[to:]
	e.at = e.boundary(from)
}

// word is where the word before the cursor begins.
func (e *editor) word() int {
	left := strings.TrimRight(e.text[:e.at], " ")
	return strings.LastIndexByte(left, ' ') + 1
}

// after is where the character at a byte ends.
func (e *editor) after(at int) int {
	if at >= len(e.text) {
		return len(e.text)
	}
	c, _ := ansi.FirstGraphemeCluster(e.text[at:], ansi.GraphemeWidth)
	return at + max(len(c), 1)
}

// before is where the character before a byte begins.
func (e *editor) before(at int) int {
	start := 0
	for i := 0; i < at; i = e.after(i) {
		start = i
	}
	return start
}

// boundary is the first byte from at on at which a character begins.
func (e *editor) boundary(at int) int {
	i := 0
	for i < at {
		i = e.after(i)
	}
	return i
}

// draw writes the text and its cursor, a sign of its own that is seen without
// colours too, up to the end of the line. Of a text that is too long the part
// around the cursor is seen.
func (e *editor) draw(p pen, l *line) {
	before, after := safetext.Line(e.text[:e.at]), safetext.Line(e.text[e.at:])
	room := l.w - l.n - 1 // the cursor's
	if n := room - min(safetext.Width(after), room/4); safetext.Width(before) > n {
		before = p.signs.ellipsis + lastCells(before, n-1)
	}
	l.put(p.theme.Text, before)
	l.raw(p.theme.Cursor, p.signs.pipe, 1)
	l.put(p.theme.Text, after)
}

// lastCells is the end of text, which is safe, in at most n cells.
func lastCells(text string, n int) string {
	for cells := safetext.Width(text); cells > n && text != ""; {
		c, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		text = text[max(len(c), 1):]
		cells -= width
	}
	return text
}
