package tui

import (
	"fmt"

	"muster/engine"
	"muster/internal/plural"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// detailsLayout is the part of a worker's details that fits.
type detailsLayout struct {
	notes  []string // what is odd about the worker
	facts  []fact   // the left column
	right  []fact   // the right column, or nil
	graph  int      // lines of the graphs, 0 = none
	events int      // lines of its events
}

// detailsFor is the layout of the details in the lines between the head and
// the hints.
func detailsFor(s *screen, d *detailsDialog) detailsLayout {
	var lay detailsLayout
	w := s.snap.ByID(d.worker)
	if w == nil {
		lay.events = max(s.h-5, 0)
		return lay
	}
	lay.facts, lay.right = workerFacts(s, w, d.details, d.shown), workerFigures(s, w, d.details)
	if s.w < namesW {
		lay.facts, lay.right = append([]fact{figuresFact(lay.right)}, lay.facts...), nil
	}
	lay.notes = noteLines(s, w, s.w-12, clamp(1, (s.h-12)/3, 6))
	room := s.h - 2 - 1 - 1 - len(lay.notes) - len(lay.facts) - 1 // head, hints, the two rules
	least, beside := 4, 5                                         // events, without and with graphs
	if !alive(w) {
		least, beside = 6, 12 // the last lines of a dead worker say more than its past figures
	}
	env := lay.facts[len(lay.facts)-1]
	lay.facts = lay.facts[:clamp(0, len(lay.facts)+room-least, len(lay.facts))]
	if n := len(lay.facts); d.shown != "" && n > 0 {
		lay.facts[n-1] = env // the variables take the last line; the user asked for them
	}
	room = max(room, least)
	if n := room - 1 - beside; n >= 3 {
		lay.graph = clamp(3, (n+2)/2, 8)
		room -= 1 + lay.graph
	}
	lay.events = room
	return lay
}

// draw is everything between the head and the hints.
func (d *detailsDialog) draw(s *screen, a area) ([]string, []zone) {
	y := a.y
	n := s.h - y - 1
	lay := detailsFor(s, d)
	w := s.snap.ByID(d.worker)
	right := "esc back"
	if s.w >= namesW {
		right = s.signs.Left + " " + s.signs.Selected + " other worker   esc back"
	}
	if !s.frozen.IsZero() {
		right = frozenText(s)
	}
	if w == nil {
		out := []string{cell.Rule{Title: fmt.Sprintf("worker %d has left", d.worker), Right: right}.Draw(s.pen(), s.w)}
		lines, zones := eventsOf(s, d, lay.events, y+1, 0)
		return cell.FilledUp(append(out, lines...), n, s.w), zones
	}
	sign := stateSign(s.signs, w.State, stopped(w))
	title := fmt.Sprintf("worker %d   pid %s   %s %s", w.ID, fmtPID(w.PID), sign, stateWord(w))
	out := []string{cell.Rule{Title: title, Right: right}.Draw(s.pen(), s.w)}
	out = append(out, factLines(s, lay)...)
	joint := 0
	if lay.graph > 0 {
		var g []string
		g, joint = detailsGraphs(s, w, lay.graph)
		out = append(out, g...)
	}
	lines, zones := eventsOf(s, d, lay.events, y+len(out), joint)
	return cell.FilledUp(append(out, lines...), n, s.w), zones
}

func factLines(s *screen, lay detailsLayout) []string {
	const at, value = 49, 73 // cells at which the right column begins and its values end
	var out []string
	for i, text := range lay.notes {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(1)
		name := ""
		if i == 0 {
			name = "note"
		}
		l.Padded(s.theme.Muted, name, 10)
		l.Put(s.theme.Warn, cutTo(s, text, s.w-12))
		out = append(out, l.String())
	}
	for i, f := range lay.facts {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(1)
		l.Padded(s.theme.Muted, f.name, 10)
		if i >= len(lay.right) {
			l.Put(s.theme.Text, f.value)
		} else {
			shift := s.w - 80
			l.Put(s.theme.Text, cutTo(s, f.value, at+shift-l.Used()-1))
			l.To(at + shift)
			l.Put(s.theme.Muted, lay.right[i].name)
			l.Right(s.theme.Text, lay.right[i].value, value+shift-l.Used())
		}
		out = append(out, l.String())
	}
	return out
}

// detailsGraphs are the worker's requests and its CPU, side by side, with their
// rules; joint is the cell of the line between them.
func detailsGraphs(s *screen, w *engine.Row, rows int) (out []string, joint int) {
	left := s.w / 2
	right := s.w - left - 1
	cells := min(left-2, right-1)
	req := trafficGraph(s, w.ID, false)
	cpu := graphPane{name: "cpu %", of: w.ID, m: hist.CPU, fmt: fmtCPU}
	ta, ra := req.title(s, cells)
	tb, rb := cpu.title(s, cells)
	out = append(out, cell.Rule{Title: ta, Right: ra}.Draw(s.pen(), left)+s.theme.Muted.Render(s.signs.Tee)+
		cell.Rule{Title: tb, Right: rb, Inner: true}.Draw(s.pen(), right))
	a, b := req.rows(s, cells, rows), cpu.rows(s, cells, rows)
	for i := range rows {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(1)
		l.Raw(s.theme.Accent, a[i], cells)
		l.To(left)
		l.Raw(s.theme.Muted, s.signs.Pipe, 1)
		l.Raw(s.theme.Accent, b[i], cells)
		out = append(out, l.String())
	}
	return out, left
}

// eventsOf is the rule and rows lines of a worker's events and output.
func eventsOf(s *screen, d *detailsDialog, rows, y, joint int) ([]string, []zone) {
	f := s.filter[paneDetails]
	all := countLines(s, d.worker)
	left := clamp(0, d.scroll, max(all-rows, 0))
	lines := linesOf(s, d.worker, f, rows, left)
	title, right := "its events and lines", ""
	switch {
	case s.filtering:
		title += " /" + f + "_"
		right = plural.Of(all, "hit") + "   enter keeps  esc clears"
	case f != "":
		title += " /" + f
		right = plural.Of(all, "hit") + "   esc clears"
	}
	if left > 0 {
		right = fmt.Sprintf("%s below", plural.Of(left, "newer line"))
	}
	out := []string{cell.Rule{Title: title, Right: right, Joint: joint}.Draw(s.pen(), s.w)}
	zones := []zone{{x1: s.w, y: y, kind: zoneLog}}
	for i := range rows {
		no := 0
		if i < len(lines) {
			no = lines[i].no
		}
		zones = append(zones, zone{x1: s.w, y: y + 1 + i, kind: zoneLog, line: no})
		if i < len(lines) {
			out = append(out, shortLogLine(s, lines[i], s.w))
		} else {
			out = append(out, cell.Spaces(s.w))
		}
	}
	return out, zones
}

func (*detailsDialog) key(*model, string) bool { return false }

func (*detailsDialog) hints(s *screen) []hint {
	if s.filtering {
		return nil
	}
	return placeHints(s, inDetails)
}

func (*detailsDialog) few(s *screen) bool { return s.filtering }

func (*detailsDialog) whole() bool { return true }

// lines are those of the worker's events.
func (d *detailsDialog) lines(s *screen) int { return detailsFor(s, d).events }

// covered: the details come back when the pane that covers them is closed, with
// every value masked again.
func (d *detailsDialog) covered() bool {
	d.shown = ""
	return true
}

func (*detailsDialog) showsLines() bool { return true }

func (d *detailsDialog) wheel(m *model, _ zone, up bool) bool {
	n := wheelLines
	if !up {
		n = -n
	}
	d.scroll = clamp(0, d.scroll+n, max(countLines(&m.s, d.worker)-m.logRows(), 0))
	return true
}
