package tui

import (
	"fmt"

	"muster/internal/explain"
	"muster/internal/safetext"
)

const (
	explainName  = 9   // cells before the text of a part
	explainMost  = 110 // cells of a line: a longer one is hard to follow
	explainLines = 8   // a text has no more at 80 cells
)

// explainLayout is how many lines the log leaves to an explanation: from 24
// lines on all of it is seen at once, and the table scrolls if need be.
func explainLayout(s *screen) int {
	if _, open := s.dialog.(*explainPane); open && s.h >= stripH {
		return explainLines
	}
	return leastLog
}

// explainLinesOf is the pane of an explanation in rows lines under its rule,
// with the log going on below, on the line that is explained; y is its first
// line.
func explainLinesOf(s *screen, d *explainPane, w, rows, y, joint int) ([]string, []zone) {
	t, at := explained(s, d)
	body := explainText(s, d, w)
	right := ""
	if !at.time.IsZero() {
		right = clockText(at.time, w >= callW)
	}
	top := clamp(0, d.scroll, max(len(body)-rows, 0))
	if len(body) > rows {
		right = fmt.Sprintf("%d-%d of %d lines", top+1, top+rows, len(body))
	}
	title := safetext.Line("why? " + t.Title)
	head := append([]string{rule{title: title, right: right, focused: true, joint: joint}.draw(s, w)}, body[top:min(top+rows, len(body))]...)
	below := *s
	if back := explainedIn(s, d); back >= 0 {
		below.logBack, below.explains = back, d.seq
	}
	zones := make([]zone, len(head))
	for i := range zones {
		zones[i] = zone{x1: w, y: y + i, kind: zoneLog}
	}
	lines, more := aboveLog(&below, head, w, rows, y)
	return lines, append(zones, more...)
}

// explainText is the four parts in lines of w cells.
func explainText(s *screen, d *explainPane, w int) []string {
	t, _ := explained(s, d)
	var out []string
	for _, p := range t.Parts() {
		name := p.Name
		for _, text := range explain.Wrap(safetext.Line(p.Text), min(w-explainName-1, explainMost), safetext.Width) {
			l := newLine(w, s.signs)
			l.gap(1)
			l.padded(s.theme.Key, name, explainName-2)
			l.gap(1)
			l.put(s.theme.Text, text)
			out = append(out, l.String())
			name = ""
		}
	}
	return out
}

// explainHints are the hints of an explanation.
func explainHints(s *screen, d *explainPane) []hint {
	hs := []hint{{bindingOf(actExplain).names(s.vim)[0], "the event before", "before"}}
	if lay := layoutFor(s); len(explainText(s, d, lay.logW)) > lay.logRows {
		hs = append(hs, hint{"↑ ↓", "scroll", "scroll"})
	}
	return append(hs, hint{"esc", "back", "back"}, hintOf(s, actHelp, "keys"))
}

// markExplained is the first cell of a line of the log: a mark on the one that
// is explained above it.
func markExplained(s *screen, l *line, ll logLine) {
	if s.explains != 0 && ll.event.Seq == s.explains {
		l.raw(s.theme.Accent.And(s.theme.Bold), s.signs.selected, 1)
		return
	}
	l.gap(1)
}
