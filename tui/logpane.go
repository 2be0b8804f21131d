package tui

import (
	"fmt"
	"slices"
	"strconv"

	"muster/internal/plural"
	"muster/styles"
	"muster/tui/internal/cell"
)

// logPane is the rule of the log and rows lines of it, w cells wide; the first
// is line y of the frame. The newest line is always the last of the pane.
func logPane(s *screen, w, rows, y, joint int) ([]string, []zone) {
	title, right := logTitle(s)
	focused := s.focus == paneLog || s.view == viewLog
	r := cell.Rule{Title: title, Right: right, Focused: focused, Joint: joint}
	if w < namesW && s.filter[paneLog] == "" && s.logBack == 0 {
		r.Right = ""
	}
	out := []string{r.Draw(s.pen(), w)}
	zones := []zone{{x1: w, y: y, kind: zoneLog}}
	end := len(s.log) - clamp(0, s.logBack, max(len(s.log)-rows, 0))
	start := max(end-rows, 0)
	for i := range max(rows, 0) {
		text, no := cell.Spaces(w), 0
		if n := end - rows + i; n >= start {
			text, no = drawLogLine(s, s.log[n], w), s.log[n].no
		}
		zones = append(zones, zone{x1: w, y: y + len(out), kind: zoneLog, line: no})
		out = append(out, text)
	}
	return out, zones
}

// logTitle is the two sides of the log's rule.
func logTitle(s *screen) (title, right string) {
	focused := s.focus == paneLog || s.view == viewLog
	title, right = "log", "/ filter"
	switch { // / filters the pane that has the focus
	case s.view == viewTraffic:
		right = "4, / filter"
	case !focused:
		right = "tab, / filter"
	}
	switch {
	case tourSeen(s): // enter and space are then keys of the tour
	case focused:
		right += "  enter line  space freeze"
	default:
		right += "  space freeze"
	}
	if focused && s.w >= twoW {
		right += "  x why"
	}
	f := s.filter[paneLog]
	typing := s.filtering && s.focus == paneLog
	switch {
	case typing:
		title += " /" + f + "_"
		right = fmt.Sprintf("%d of %d lines   enter keeps  esc clears", len(s.log), s.logTotal)
	case f != "":
		title += " /" + f
		right = fmt.Sprintf("%d of %d lines   esc clears", len(s.log), s.logTotal)
	}
	if s.logBack > 0 {
		right = fmt.Sprintf("%s below   end follows again", plural.Of(s.logBack, "newer line"))
	}
	if s.missed > 0 {
		title += fmt.Sprintf("   %s missed", fmtCount(float64(s.missed)))
	}
	return title, right
}

// drawLogLine is one line of the log in w cells. Wide ones have milliseconds
// and the API call.
func drawLogLine(s *screen, ll logLine, w int) string {
	th := s.theme
	l := cell.NewLine(w, s.signs)
	fresh := th.Text
	if age := clockOf(s).Sub(ll.time); age >= 0 && age < newLineTime {
		fresh = th.Bold
	}
	withCall := w >= callW
	markExplained(s, l, ll)
	clock := 8
	if withCall {
		clock = 12
	}
	l.Padded(th.Muted.And(fresh), clockText(ll.time, withCall), clock)
	l.Gap(1)
	tone := toneStyle(th, ll.Tone)
	l.Raw(tone.And(fresh), markSign(s.signs, ll.Mark), 1)
	l.Gap(1)
	worker := unknown
	if ll.worker != 0 {
		worker = strconv.Itoa(ll.worker)
	}
	l.Right(fresh, worker, max(3, len(worker)))
	l.Gap(2)
	kind := 11
	if w < namesW {
		kind = 12
	}
	l.Padded(tone.And(fresh), ll.Kind, kind)
	if !withCall {
		putSaid(s, l, fresh, &ll, ll.Plain, w-l.Used())
		return l.String()
	}
	const call = 46 // cluster.schedulingPolicy = cluster.SCHED_NONE
	text := max(w-l.Used()-call, 30)
	if ll.Call == "" {
		text = w - l.Used() // a line of output gets all the room
	}
	n := max(text-2, 0)
	end := l.Used() + text
	putSaid(s, l, fresh, &ll, ll.Beside, n)
	l.To(end)
	l.Put(th.Muted.And(fresh), ll.Call)
	return l.String()
}

// shortLogLine is a line of one worker's events, without its id.
func shortLogLine(s *screen, ll logLine, w int) string {
	l := cell.NewLine(w, s.signs)
	l.Gap(1)
	l.Put(s.theme.Muted, clockText(ll.time, false))
	l.Gap(1)
	tone := toneStyle(s.theme, ll.Tone)
	l.Raw(tone, markSign(s.signs, ll.Mark), 1)
	l.Gap(1)
	l.Padded(tone, ll.Kind, 11)
	l.Gap(1)
	putSaid(s, l, s.theme.Text, &ll, ll.Plain, w-l.Used())
	return l.String()
}

// countLines is how many lines of one worker its details can show.
func countLines(s *screen, worker int) int {
	n := 0
	for i := range s.all {
		if l := &s.all[i]; l.worker == worker && l.match(s.filter[paneDetails]) {
			n++
		}
	}
	return n
}

// linesOf are the lines of one worker that match filter, newest last: at most
// n, after back newer ones were left out.
func linesOf(s *screen, worker int, filter string, n, back int) []logLine {
	var lines []logLine
	skip := back
	for i := len(s.all) - 1; i >= 0 && len(lines) < n; i-- {
		if s.all[i].worker != worker || !s.all[i].match(filter) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		lines = append(lines, s.all[i])
	}
	slices.Reverse(lines)
	return lines
}

// putSaid writes the text of a line of the log in at most cells cells: output
// in the worker's own colours, otherwise the longest form that fits.
func putSaid(s *screen, l *cell.Line, base styles.Style, ll *logLine, forms []string, cells int) {
	if ll.Coloured != "" && s.theme.Inks() {
		l.PutInked(s.theme, base, ll.Coloured, cells)
		return
	}
	l.Put(base, cutTo(s, cell.Fitting(cells, forms...), cells))
}

// aboveLog puts a pane over the log, which keeps the lines that are left.
func aboveLog(s *screen, head []string, a area) ([]string, []zone) {
	left := 1 + a.rows - len(head)
	if left < 2 {
		return cell.FilledUp(head, 1+a.rows, a.w), nil
	}
	lines, zones := logPane(s, a.w, left-1, a.y+len(head), 0)
	return append(head, lines...), zones
}

// markExplained is the first cell of a line of the log: a mark if the line is
// explained above the log.
func markExplained(s *screen, l *cell.Line, ll logLine) {
	if s.explains != 0 && ll.event.Seq == s.explains {
		l.Raw(s.theme.Accent.And(s.theme.Bold), s.signs.Selected, 1)
		return
	}
	l.Gap(1)
}
