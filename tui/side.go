package tui

import (
	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/internal/secret"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// sidePane is the selected worker beside the log: its rule and rows lines of w
// cells.
func sidePane(s *screen, w, rows int) []string {
	sel := s.snap.ByID(s.selected)
	if sel == nil {
		return cell.FilledUp([]string{cell.Rule{Title: "no worker is selected", Inner: true}.Draw(s.pen(), w)}, 1+rows, w)
	}
	out := []string{cell.Rule{Title: "worker " + itoa(sel.ID), Right: "enter all of it", Inner: true}.Draw(s.pen(), w)}
	for _, text := range sideFacts(s, sel, w) {
		l := cell.NewLine(w, s.signs)
		l.Gap(1)
		l.Padded(s.theme.Muted, text.name, 11)
		l.Put(s.theme.Text, text.value)
		out = append(out, l.String())
	}
	graph := clamp(1, (rows-15)/4, 4)
	for _, g := range []graphPane{
		{name: "cpu", of: sel.ID, m: hist.CPU, fmt: fmtPercent},
		{name: "memory", of: sel.ID, m: hist.Mem, fmt: fmtMem},
	} {
		title, right := g.title(s, w-2)
		l := cell.NewLine(w, s.signs)
		l.Gap(1)
		l.Put(s.theme.Title, title)
		l.Right(s.theme.Muted, right, w-1-l.Used())
		out = append(out, l.String())
		out = append(out, graphPart(s, g, w, w-2, graph).Lines...)
	}
	if left := rows + 1 - len(out) - 2; left > 0 {
		l := cell.NewLine(w, s.signs)
		l.Put(s.theme.Title, " its events and lines")
		out = append(out, cell.Spaces(w), l.String())
		for _, ll := range linesOf(s, sel.ID, "", left, 0) {
			out = append(out, shortLogLine(s, ll, w))
		}
	}
	return cell.FilledUp(out, 1+rows, w)
}

// sideFacts is what a side pane of cells cells says of a worker.
func sideFacts(s *screen, w *engine.Row, cells int) []fact {
	now := clockOf(s)
	fds := unknown
	if n, ok := s.fds[w.ID]; ok && alive(w) {
		fds = itoa(n)
	}
	grace := "no limit"
	if s.snap.Grace > 0 {
		grace = say.Prose(s.snap.Grace)
	}
	lat := hist.NoLatencies
	if t := s.hist.Worker(w.ID); t != nil {
		lat = t.Answered
	}
	times := fact{"latency", timesText(lat)}
	if delay, ok := loopDelay(s, w); ok {
		times = fact{"loop delay", timesText(delay)}
	}
	open := unknown
	if w.Open != nil && alive(w) {
		open = fmtOpen(*w.Open)
	}
	return []fact{
		{"pid", fmtPID(w.PID) + "   forked " + clockText(w.Forked, false) + "   (" + say.Span(now.Sub(w.Forked)) + " ago)"},
		{"command", commandText(s.snap.Command)},
		{"port", portText(w)},
		{"limits", fds + " files open   grace " + grace},
		{"state", connectedText(w)},
		{"exited", exitedText(w)},
		{"settings", settingsText(s, cells-12)},
		{"requests", fmtCount(hist.Value(w.Done)) + " done, " + open + " open"},
		times,
		{"", ""},
	}
}

func commandText(command string) string {
	if command == "" {
		return unknown
	}
	return safetext.Line(secret.Text(command))
}
