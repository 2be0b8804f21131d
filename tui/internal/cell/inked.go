package cell

import (
	"strings"

	"muster/internal/safetext"
	"muster/styles"

	"github.com/charmbracelet/x/ansi"
)

// Inked is a piece of a worker's text, safe for a terminal, and how it looks.
type Inked struct {
	Text  string
	Width int
	Ink   styles.Ink
}

// InkedPieces splits a worker's text at its SGR sequences, and stops once the
// pieces fill more than cells cells; n is how many they fill. Each piece is
// made safe by itself, because the terminal gets a sequence between two pieces.
func InkedPieces(text string, cells int) (pieces []Inked, n int) {
	const tab = 8
	var ink styles.Ink
	add := func(t string) {
		t = safetext.Cut(t, cells-n+2, "") // the first character too many may have two cells
		if w := safetext.Width(t); w > 0 {
			pieces = append(pieces, Inked{t, w, ink})
			n += w
		}
	}
	for more := true; more && n <= cells; {
		var before, params string
		before, params, text, more = safetext.CutSGR(text)
		for tabs := true; tabs && n <= cells; {
			var seg string
			seg, before, tabs = strings.Cut(before, "\t")
			add(seg)
			if tabs {
				add(Spaces(tab - n%tab))
			}
		}
		ink = ink.Apply(params)
	}
	return pieces, n
}

// PutInked writes a worker's text in the colours the text asks for, as far as
// the theme draws them, in at most cells cells. Every piece closes its own
// style.
func (l *Line) PutInked(th *styles.Theme, base styles.Style, text string, cells int) {
	cells = min(cells, l.w-l.n)
	if cells <= 0 {
		return
	}
	pieces, n := InkedPieces(text, cells)
	tail := ""
	if n > cells {
		tail = l.tail
	}
	end := l.n + cells - safetext.Width(tail)
	for _, p := range pieces {
		if l.n+p.Width > end {
			p.Text = safetext.Cut(p.Text, end-l.n, "")
			p.Width = safetext.Width(p.Text)
			l.Raw(base.And(th.Ink(p.Ink)), p.Text, p.Width)
			break
		}
		l.Raw(base.And(th.Ink(p.Ink)), p.Text, p.Width)
	}
	if tail != "" {
		l.Raw(base, tail, safetext.Width(tail))
	}
}

// WrapInked breaks pieces of a text into lines of at most cells cells. It keeps
// every character, so that the text can be read as it was written, except the
// one space at which a line breaks. A word that is too long for a line is cut.
func WrapInked(pieces []Inked, cells int) [][]Inked {
	cells = max(cells, 2) // a character of two cells has room
	var (
		out   [][]Inked
		row   []Inked // one character each, joined when the row is complete
		n     int     // the cells of row
		word  int     // index in row of its last word, 0 = row is one word
		began bool    // row has something other than spaces
	)
	add := func(c Inked) {
		row, n = append(row, c), n+c.Width
		switch {
		case c.Text != " ":
			began = true
		case began:
			word = len(row)
		}
	}
	end := func(at int) {
		rest := row[at:]
		out = append(out, joinInked(row[:at]))
		row, n, word, began = nil, 0, 0, false
		for _, c := range rest {
			add(c)
		}
	}
	for _, p := range pieces {
		for text := p.Text; text != ""; {
			c, width := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
			c = text[:max(len(c), 1)]
			text = text[len(c):]
			if n+width > cells {
				switch {
				case c == " ":
					end(len(row))
					continue
				case word > 0:
					end(word)
				}
				if n+width > cells {
					end(len(row))
				}
			}
			add(Inked{c, width, p.Ink})
		}
	}
	if len(row) == 0 && len(out) > 0 { // the text ended with the space of a break
		return out
	}
	return append(out, joinInked(row))
}

// joinInked puts neighbours that look the same into one piece.
func joinInked(row []Inked) []Inked {
	var out []Inked
	var b strings.Builder
	for i, c := range row {
		b.WriteString(c.Text)
		if i+1 < len(row) && row[i+1].Ink == c.Ink {
			continue
		}
		t := b.String()
		b.Reset()
		out = append(out, Inked{t, safetext.Width(t), c.Ink})
	}
	return out
}
