package tui

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/wireword"
	"muster/tui/internal/cell"
)

// linePane shows one whole line of the log, in the place of the log. It stays
// on its line while others come.
type linePane struct {
	dialogBase
	worker int     // whose lines ◄ and ► go through, 0 = all workers'
	filter string  // the filter of that list
	line   logLine // a copy, as the log forgets old ones
	scroll int     // rows scrolled away, if the line has no room
}

// text is what the line says, in its longest form.
func (d *linePane) text() string {
	if len(d.line.Plain) == 0 { // an event without a detail
		return ""
	}
	return d.line.Plain[0]
}

// lists tells whether ◄ and ► go to a line.
func (d *linePane) lists(ll *logLine) bool {
	return (d.worker == 0 || ll.worker == d.worker) && ll.match(d.filter)
}

// linesFocused tells whether the focus is on a list of lines, so that enter is
// about a line and not about a worker.
func (m *model) linesFocused() bool {
	return m.openDetails() != nil || m.s.view == viewLog || m.s.view == viewOverview && m.s.focus == paneLog
}

// readsLines tells whether a double click on a line may open it: only if
// nothing open waits for an answer.
func (m *model) readsLines() bool {
	d := m.s.dialog
	return (d == nil || d.showsLines()) && !m.s.help && !m.s.filtering && m.linesFocused()
}

// openLine opens the line numbered no or, if no is 0, the last line seen in the
// list that has the focus.
func (m *model) openLine(no int) {
	d, back := &linePane{filter: m.s.filter[paneLog]}, m.s.logBack
	if details := m.openDetails(); details != nil {
		d = &linePane{worker: details.worker, filter: m.s.filter[paneDetails]}
		back = clamp(0, details.scroll, max(countLines(&m.s, details.worker)-m.logRows(), 0))
	}
	for i := len(m.s.all) - 1; i >= 0; i-- {
		ll := &m.s.all[i]
		switch {
		case !d.lists(ll):
		case no != 0 && ll.no != no:
		case no == 0 && back > 0:
			back--
		default:
			d.line = *ll
			m.open(d)
			m.showSelected() // the table may be lower now
			return
		}
	}
	m.toast("there is no line here to read")
}

// key handles a key while a line is open; false = the key means the same as
// without one. Closing the line also closes the pane it hides.
func (d *linePane) key(m *model, key string) bool {
	b := m.keys[key]
	if b == nil {
		return false
	}
	act := b.act
	if act == actKill && key == "k" && m.s.view == viewLog {
		act = actTextUp // as in the log itself
	}
	switch act {
	case actEsc:
		m.close()
	case actQuit:
		m.closedAt = m.s.now
		m.close()
	case actLeft, actRight:
		m.otherLine(d, act == actLeft)
	case actDetails:
		m.toast("this is the whole line; ◄ and ► go to the one before and after")
	case actCopy:
		m.copyText(d.text(), "the line")
	case actExplain:
		if d.line.event.Seq == 0 {
			m.toast("this line is of the screen itself: there is no event to explain")
			break
		}
		m.s.dialog = &explainPane{worker: d.worker, in: paneLog, filter: d.filter, seq: d.line.event.Seq, line: d.line}
	case actUp, actDown, actPageUp, actPageDown, actHalfDown, actHome, actEnd, actTextUp, actTextDown:
		m.scrollLine(d, act)
	case actView1, actView3, actView4, actView5, actFilter, actTab, actNextHit, actPrevHit:
		m.closeAll()
		return false
	default:
		return false
	}
	return true
}

// otherLine goes to the line before or after.
func (m *model) otherLine(d *linePane, older bool) {
	found := -1
	for i := range m.s.all {
		ll := &m.s.all[i]
		if !d.lists(ll) || ll.no == d.line.no || ll.no < d.line.no != older {
			continue
		}
		found = i // the last of the older lines
		if !older {
			break
		}
	}
	switch {
	case found >= 0:
		d.line, d.scroll = m.s.all[found], 0
	case older:
		m.toast("this is the oldest line")
	default:
		m.toast("this is the newest line")
	}
}

func (m *model) scrollLine(d *linePane, act action) {
	all, rows := len(lineText(&m.s, d, layoutFor(&m.s).logW)), m.logRows()
	before := d.scroll
	d.scroll = clamp(0, d.scroll-scrollBy(act, rows, all), max(all-rows, 0))
	switch {
	case d.scroll != before:
	case all <= rows:
		m.toast("all of it is on the screen; ◄ and ► go to other lines")
	default:
		m.toast("there is no more of it that way")
	}
}

// draw is the pane, with the log below it, scrolled to the line that is shown.
func (d *linePane) draw(s *screen, a area) ([]string, []zone) {
	body := lineText(s, d, a.w)
	right := clockText(d.line.time, true)
	top := clamp(0, d.scroll, max(len(body)-a.rows, 0))
	if len(body) > a.rows {
		right = fmt.Sprintf("%d-%d of %d   %s", top+1, top+a.rows, len(body), right)
	}
	title := d.line.Kind
	if d.line.worker != 0 {
		title += " of worker " + strconv.Itoa(d.line.worker)
	}
	head := append([]string{cell.Rule{Title: title, Right: right, Focused: true, Joint: a.joint}.Draw(s.pen(), a.w)}, body[top:min(top+a.rows, len(body))]...)
	below := *s
	if seq := d.line.event.Seq; seq != 0 {
		if back := explainedIn(s, &explainPane{seq: seq}); back >= 0 {
			below.logBack, below.explains = atMost(s, back, a.rows-len(head)), seq
		}
	}
	zones := make([]zone, len(head))
	for i := range zones {
		zones[i] = zone{x1: a.w, y: a.y + i, kind: zoneLog}
	}
	lines, more := aboveLog(&below, head, a)
	return lines, append(zones, more...)
}

// lineText is all a line says, in lines of w cells: output as it was written,
// in the colours the log draws; for an event also its call and what else is
// known of it.
func lineText(s *screen, d *linePane, w int) []string {
	e := d.line.event
	parts := []fact{{"", d.text()}}
	if e.Seq != 0 && e.Kind != engine.KindOutput {
		parts[0].name = "says"
		if e.Call != "" {
			parts = append(parts, fact{"call", e.Call})
		}
		if text, err := json.Marshal(e.Detail); err == nil && string(text) != "null" && string(text) != "{}" {
			parts = append(parts, fact{"detail", string(text)})
		}
		event := strconv.FormatUint(e.Seq, 10) + causedBy(e.By)
		if e.PID != 0 {
			event += ", pid " + strconv.Itoa(e.PID)
		}
		parts = append(parts, fact{"event", event})
	}
	indent := 1
	if parts[0].name != "" {
		indent = explainName
	}
	var out []string
	for i, p := range parts {
		name := p.name
		text := safetext.Line(p.value)
		pieces := []cell.Inked{{Text: text, Width: safetext.Width(text)}}
		if i == 0 && d.line.Coloured != "" && s.theme.Inks() {
			pieces, _ = cell.InkedPieces(d.line.Coloured, math.MaxInt/2)
		}
		for _, row := range cell.WrapInked(pieces, w-indent-1) {
			l := cell.NewLine(w, s.signs)
			l.Gap(1)
			l.Put(s.theme.Key, name)
			l.To(indent)
			for _, c := range row {
				l.Raw(s.theme.Text.And(s.theme.Ink(c.Ink)), c.Text, c.Width)
			}
			out = append(out, l.String())
			name = ""
		}
	}
	return out
}

// causedBy is who caused an event, if that is informative: events inside a
// worker are by "outside" even if a key has ended it.
func causedBy(by engine.By) string {
	switch by {
	case wireword.ByKey:
		return ", by key"
	case engine.ByAPI:
		return ", by api"
	case engine.BySupervisor:
		return ", by the rules of muster"
	}
	return ""
}

// lines is the same number as for an explanation.
func (*linePane) lines(s *screen) int { return textLines(s) }

func (d *linePane) hints(s *screen) []hint {
	hs := []hint{{"◄ ►", "other line", "other"}}
	if lay := layoutFor(s); len(lineText(s, d, lay.logW)) > lay.logRows {
		hs = append(hs, hint{"↑ ↓", "scroll", "scroll"})
	}
	return append(hs, hintOf(s, actCopy, "copy it"), hintOf(s, actExplain, "why"), hint{"esc", "back", "back"}, hintOf(s, actHelp, "keys"))
}
