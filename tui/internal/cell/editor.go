package cell

import (
	"strings"
	"unicode"

	"muster/internal/safetext"

	"github.com/charmbracelet/x/ansi"
)

// Editor is one line of text that is being edited, such as the filter or a
// message. Its zero value is empty and has no limit.
type Editor struct {
	text     string // visible characters and spaces only
	at       int    // the cursor is before this byte, always the first of a character
	MaxBytes int    // 0 = no limit
	MaxCells int    // 0 = no limit
}

// Value is the text.
func (e *Editor) Value() string { return e.text }

// EditorOf is an editor with the cursor behind text.
func EditorOf(text string) Editor { return Editor{text: text, at: len(text)} }

// Set replaces the text and puts the cursor behind it.
func (e *Editor) Set(text string) { e.text, e.at = text, len(text) }

// Insert puts the visible characters of text, which may have been pasted, in at
// the cursor. Line breaks and tabs become spaces. all is false if only a part
// of it had room.
func (e *Editor) Insert(text string) (all bool) {
	text = strings.Trim(strings.ReplaceAll(text, "\r\n", "\n"), "\r\n")
	bytes, cells := len(e.text), 0
	if e.MaxCells > 0 {
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
		if e.MaxCells > 0 {
			cells += safetext.Width(c)
		}
		if e.MaxBytes > 0 && bytes > e.MaxBytes || e.MaxCells > 0 && cells > e.MaxCells {
			all = false
			break
		}
		in.WriteString(c)
	}
	e.text = e.text[:e.at] + in.String() + e.text[e.at:]
	e.at = e.boundary(e.at + in.Len()) // the new text may have joined the text after it
	return all
}

// Edit carries out a key that moves the cursor or deletes text. known is false
// for any other key, changed is false if there was nothing to do.
func (e *Editor) Edit(key string) (known, changed bool) {
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

func (e *Editor) remove(from, to int) {
	e.text = e.text[:from] + e.text[to:]
	e.at = e.boundary(from)
}

// word is where the word before the cursor begins.
func (e *Editor) word() int {
	left := strings.TrimRight(e.text[:e.at], " ")
	return strings.LastIndexByte(left, ' ') + 1
}

// after is where the character at a byte ends.
func (e *Editor) after(at int) int {
	if at >= len(e.text) {
		return len(e.text)
	}
	c, _ := ansi.FirstGraphemeCluster(e.text[at:], ansi.GraphemeWidth)
	return at + max(len(c), 1)
}

// before is where the character before a byte begins.
func (e *Editor) before(at int) int {
	start := 0
	for i := 0; i < at; i = e.after(i) {
		start = i
	}
	return start
}

// boundary is the first byte from at on at which a character begins.
func (e *Editor) boundary(at int) int {
	i := 0
	for i < at {
		i = e.after(i)
	}
	return i
}

// Draw writes the text and its cursor, which is a character so that it is
// visible without colours too, up to the end of the line. If the text is too
// long the part around the cursor is shown.
func (e *Editor) Draw(p Pen, l *Line) {
	before, after := safetext.Line(e.text[:e.at]), safetext.Line(e.text[e.at:])
	room := l.w - l.n - 1 // the cursor's
	if n := room - min(safetext.Width(after), room/4); safetext.Width(before) > n {
		before = p.Signs.Ellipsis + lastCells(before, n-1)
	}
	l.Put(p.Theme.Text, before)
	l.Raw(p.Theme.Cursor, p.Signs.Pipe, 1)
	l.Put(p.Theme.Text, after)
}

// lastCells is the end of text, which must be safe, in at most n cells.
func lastCells(text string, n int) string {
	for cells := safetext.Width(text); cells > n && text != ""; {
		c, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		text = text[max(len(c), 1):]
		cells -= width
	}
	return text
}
