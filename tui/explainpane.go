package tui

import (
	"fmt"

	"muster/internal/explain"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

const (
	explainName  = 9   // cells before the text of a part
	explainMost  = 110 // cells of a line: a longer one is hard to follow
	explainLines = 8   // a text has no more at 80 cells
)

// lines is how many lines an explanation wants: on a screen of 24 lines or more
// all of it is seen at once, and the table scrolls if need be.
func (*explainPane) lines(s *screen) int { return textLines(s) }

// textLines is how many lines the place of the log must have for a text to be
// read.
func textLines(s *screen) int {
	if s.h >= stripH {
		return explainLines
	}
	return leastLog
}

// draw is the pane of an explanation, with the log below it, scrolled to the
// line that is explained.
func (d *explainPane) draw(s *screen, a area) ([]string, []zone) {
	t, at := explained(s, d)
	body := explainText(s, d, a.w)
	right := ""
	if !at.time.IsZero() {
		right = clockText(at.time, a.w >= callW)
	}
	top := clamp(0, d.scroll, max(len(body)-a.rows, 0))
	if len(body) > a.rows {
		right = fmt.Sprintf("%d-%d of %d lines", top+1, top+a.rows, len(body))
	}
	title := safetext.Line("why? " + t.Title)
	head := append([]string{cell.Rule{Title: title, Right: right, Focused: true, Joint: a.joint}.Draw(s.pen(), a.w)}, body[top:min(top+a.rows, len(body))]...)
	below := *s
	if back := explainedIn(s, d); back >= 0 {
		below.explains = d.seq
		// If the explanation is of the table's worker, its event may be long
		// ago. The log shows what has just happened, so it goes back only for a
		// line that was seen in it.
		left := a.rows - len(head)
		if d.in != paneTable || seenBack(s, back) && back-atMost(s, s.logBack, left) >= left {
			below.logBack = atMost(s, back, left)
		}
	}
	zones := make([]zone, len(head))
	for i := range zones {
		zones[i] = zone{x1: a.w, y: a.y + i, kind: zoneLog}
	}
	lines, more := aboveLog(&below, head, a)
	return lines, append(zones, more...)
}

// atMost limits how far a log of rows lines goes back, if it is to go back
// lines.
func atMost(s *screen, back, rows int) int { return clamp(0, back, max(len(s.log)-max(rows, 0), 0)) }

// seenBack tells whether the line that is back lines before the newest would be
// on the screen without a pane over the log.
func seenBack(s *screen, back int) bool {
	open := *s
	open.dialog = nil
	rows := layoutFor(&open).logRows
	top := atMost(s, s.logBack, rows)
	return back >= top && back < top+rows
}

// explainText is the four parts in lines of w cells.
func explainText(s *screen, d *explainPane, w int) []string {
	t, _ := explained(s, d)
	var out []string
	for _, p := range t.Parts() {
		name := p.Name
		for _, text := range explain.Wrap(safetext.Line(p.Text), min(w-explainName-1, explainMost), safetext.Width) {
			l := cell.NewLine(w, s.signs)
			l.Gap(1)
			l.Padded(s.theme.Key, name, explainName-2)
			l.Gap(1)
			l.Put(s.theme.Text, text)
			out = append(out, l.String())
			name = ""
		}
	}
	return out
}

func (d *explainPane) hints(s *screen) []hint {
	hs := []hint{{bindingOf(actExplain).names(s.vim)[0], "the event before", "before"}}
	if lay := layoutFor(s); len(explainText(s, d, lay.logW)) > lay.logRows {
		hs = append(hs, hint{"↑ ↓", "scroll", "scroll"})
	}
	return append(hs, hint{"esc", "back", "back"}, hintOf(s, actHelp, "keys"))
}
