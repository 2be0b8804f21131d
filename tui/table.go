package tui

import (
	"fmt"
	"time"

	"muster/engine"
	"muster/internal/plural"
	"muster/internal/say"
	"muster/tui/internal/cell"
)

// tablePane is the heading and the visible rows of workers; its first line is
// line y of the frame.
func tablePane(s *screen, lay layout, y int) ([]string, []zone) {
	out := []string{headingLine(s, lay.cols)}
	if len(s.snap.Workers) == 0 {
		return append(out, emptyPane(s, lay.tableLines)...), nil
	}
	if s.rows == nil {
		s.rows = &rowCache{}
	}
	s.rows.use(lay.cols, s.theme, s.signs)
	now := clockOf(s)
	var zones []zone
	seen := seenRows(s, lay)
	for _, w := range seen {
		zones = append(zones, zone{x1: s.w, y: y + len(out), kind: zoneRow, worker: w.ID})
		out = append(out, drawRow(s, lay.cols, valueOf(s, w, lay.cols, now)))
	}
	if len(seen) == 0 {
		l := cell.NewLine(s.w, s.signs)
		l.Put(s.theme.Muted, "  no worker matches; esc clears; tab, / filter the log")
		out = append(out, l.String())
	}
	for len(out) < 1+lay.tableLines {
		out = append(out, cell.Spaces(s.w))
	}
	return out, zones
}

// seenRows are the workers whose rows are on the screen.
func seenRows(s *screen, lay layout) []*engine.Row {
	rows := rowsOf(s)
	top := clamp(0, s.tableTop, max(len(rows)-lay.tableRows, 0))
	return rows[top:min(top+lay.tableRows, len(rows))]
}

func headingLine(s *screen, cols columns) string {
	l := cell.NewLine(s.w, s.signs)
	l.Gap(1)
	past := pastMetric(s)
	for id := colNumber; id < columnCount; id++ {
		n := cols[id]
		if n == 0 {
			continue
		}
		if id != colNumber {
			l.Gap(1)
		}
		if id.leftAligned() {
			l.Padded(s.theme.Title, cols.heading(id, past), n)
		} else {
			l.Right(s.theme.Title, cols.heading(id, past), n)
		}
	}
	return l.String()
}

// emptyPane is shown in the place of the rows when there is no worker.
func emptyPane(s *screen, lines int) []string {
	l1, l2 := cell.NewLine(s.w, s.signs), cell.NewLine(s.w, s.signs)
	l1.Gap(8)
	l1.Put(s.theme.Text, cell.Fitting(l1.Room(), emptyText(s.snap)...))
	l2.Gap(4)
	l2.Put(s.theme.Key, "f")
	l2.Put(s.theme.Text, "  forks one      ")
	l2.Put(s.theme.Key, "q")
	l2.Put(s.theme.Text, "  closes the port and leaves")
	out := []string{cell.Spaces(s.w), l1.String(), l2.String(), cell.Spaces(s.w)}
	for len(out) < lines {
		out = append(out, cell.Spaces(s.w))
	}
	if lines < len(out) { // the text matters more than the blank lines
		out = out[1:]
	}
	return out[:max(lines, 0)]
}

// emptyText is what clients get while there is no worker, longest form first.
func emptyText(snap *engine.Snapshot) []string {
	const open = "No workers. The port is still open: "
	switch {
	case len(snap.Addresses) == 0:
		return []string{"No workers, and no port is open."}
	case !snap.PrimaryDeals():
		return []string{open + "connections wait for one.", "No workers: connections wait for one."}
	case snap.Queue == 0:
		return []string{open + "connections will wait for one.", "No workers: connections will wait for one."}
	}
	verb := "wait"
	if snap.Queue == 1 {
		verb = "waits"
	}
	wait := fmt.Sprintf("%s %s for one.", plural.Of(snap.Queue, "connection"), verb)
	return []string{open + wait, "No workers: " + wait}
}

// tableFilter names what the filter in the view bar is for.
const tableFilter = "workers /"

// barNote is what the view bar says about the table: the filters, which rows
// are seen, and whether the picture is frozen.
func barNote(s *screen, lay layout) (string, bool) {
	note := ""
	add := func(text string) {
		if note != "" {
			note += "   "
		}
		note += text
	}
	if f := s.filter[paneTable]; lay.tableRows > 0 && (f != "" || s.filtering && s.focus == paneTable) {
		add(tableFilter + f)
	}
	if n := len(rowsOf(s)); lay.tableRows > 0 && n > lay.tableRows {
		top := clamp(0, s.tableTop, n-lay.tableRows)
		add(fmt.Sprintf("%d-%d of %d", top+1, top+lay.tableRows, n))
	}
	if text := trafficNote(s); s.view == viewTraffic && text != "" {
		add(text)
	}
	if !s.frozen.IsZero() {
		add(frozenText(s))
	}
	return note, !s.frozen.IsZero()
}

func frozenText(s *screen) string {
	return fmt.Sprintf("FROZEN %s, %s since", say.Prose(s.now.Sub(s.frozen).Truncate(time.Second)), plural.Of(s.missedIn, "event"))
}

// crashPane explains a slot that gave up, in crashLines lines.
func crashPane(s *screen) []string {
	w := crashed(s)
	if w == nil {
		return nil
	}
	next := w.Next
	title := fmt.Sprintf("no more forks: %d deaths in a row, none listened", next.Deaths)
	out := []string{cell.Rule{Title: title, Right: "r tries again"}.Draw(s.pen(), s.w)}

	l := cell.NewLine(s.w, s.signs)
	l.Put(s.theme.Muted, " last exit   ")
	l.Put(s.theme.Text, cell.Fitting(l.Room(), lastExitForms(w)...))
	out = append(out, l.String())

	l = cell.NewLine(s.w, s.signs)
	l.Put(s.theme.Muted, " stderr      ")
	switch {
	case next.Reason == "":
		l.Put(s.theme.Muted, "it wrote nothing")
	case next.Lines > 0:
		more := fmt.Sprintf("   (%s: enter)", plural.Of(next.Lines, "more line"))
		if s.w < namesW {
			more = fmt.Sprintf("  (%d more: enter)", next.Lines)
		}
		l.Put(s.theme.Text, cutTo(s, next.Reason, l.Room()-len(more)))
		l.Put(s.theme.Muted, more)
	default:
		l.Put(s.theme.Text, next.Reason)
	}
	return append(out, l.String())
}

// crashed is the given-up slot the pane is about: the selected one, or the
// first if none of them is selected.
func crashed(s *screen) *engine.Row {
	if w := s.snap.ByID(s.selected); w != nil && stopped(w) {
		return w
	}
	for i := range s.snap.Workers {
		if stopped(&s.snap.Workers[i]) {
			return &s.snap.Workers[i]
		}
	}
	return nil
}

// lastExitForms is how the worker of a slot that gave up ended, longest form
// first.
func lastExitForms(w *engine.Row) []string {
	text := fmt.Sprintf("worker %d", w.ID)
	if w.Exit != nil {
		text += ", " + w.Exit.String()
	}
	if !w.Ended.IsZero() && !w.Forked.IsZero() {
		text += fmt.Sprintf(", %s after its fork", fmtBrief(w.Ended.Sub(w.Forked)))
	}
	if w.Listening.IsZero() { // the pane's title says that too
		return []string{text + "; never reached listening", text}
	}
	return []string{text}
}
