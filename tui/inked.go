package tui

import (
	"strings"

	"muster/internal/safetext"
	"muster/styles"

	"github.com/charmbracelet/x/ansi"
)

// inked is a piece of a worker's text, safe for a terminal, and how it looks.
type inked struct {
	text  string
	cells int
	ink   styles.Ink
}

// inkedPieces are the pieces of text, which came from a worker with SGR
// sequences in it, as far as they fill more than cells cells; n is how many they
// fill. Each piece is made safe by itself, because the terminal gets a sequence
// between two of them.
func inkedPieces(text string, cells int) (pieces []inked, n int) {
	const tab = 8
	var ink styles.Ink
	add := func(t string) {
		t = safetext.Cut(t, cells-n+2, "") // the first too many may have two
		if w := safetext.Width(t); w > 0 {
			pieces = append(pieces, inked{t, w, ink})
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
				add(spaces(tab - n%tab))
			}
		}
		ink = ink.Apply(params)
	}
	return pieces, n
}

// putInked writes a worker's text in the colours it asks for, as far as the
// theme draws them, in at most cells cells. Every piece closes its own style.
func (l *line) putInked(th *styles.Theme, base styles.Style, text string, cells int) {
	cells = min(cells, l.w-l.n)
	if cells <= 0 {
		return
	}
	pieces, n := inkedPieces(text, cells)
	tail := ""
	if n > cells {
		tail = l.tail
	}
	end := l.n + cells - safetext.Width(tail)
	for _, p := range pieces {
		if l.n+p.cells > end {
			p.text = safetext.Cut(p.text, end-l.n, "")
			p.cells = safetext.Width(p.text)
			l.raw(base.And(th.Ink(p.ink)), p.text, p.cells)
			break
		}
		l.raw(base.And(th.Ink(p.ink)), p.text, p.cells)
	}
	if tail != "" {
		l.raw(base, tail, safetext.Width(tail))
	}
}

// wrapInked are pieces of a text in lines of at most cells cells: every
// character of it, so that it can be read as it was written, but for the one
// space a line may break at. A word that is too long for a line is cut.
func wrapInked(pieces []inked, cells int) [][]inked {
	cells = max(cells, 2) // a character of two has room
	var (
		out   [][]inked
		row   []inked // a character each, joined when it is whole
		n     int     // the cells of row
		word  int     // where in row its last word begins, 0 = it is all one
		began bool    // something that is no space is in row
	)
	add := func(c inked) {
		row, n = append(row, c), n+c.cells
		switch {
		case c.text != " ":
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
		for text := p.text; text != ""; {
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
			add(inked{c, width, p.ink})
		}
	}
	if len(row) == 0 && len(out) > 0 { // the text ended with the space of a break
		return out
	}
	return append(out, joinInked(row))
}

// joinInked puts neighbours that look the same into one piece.
func joinInked(row []inked) []inked {
	var out []inked
	var b strings.Builder
	for i, c := range row {
		b.WriteString(c.text)
		if i+1 < len(row) && row[i+1].ink == c.ink {
			continue
		}
		t := b.String()
		b.Reset()
		out = append(out, inked{t, safetext.Width(t), c.ink})
	}
	return out
}
