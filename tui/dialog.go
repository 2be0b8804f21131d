package tui

import "muster/tui/internal/cell"

// dialog is what stands in the place of the log.
type dialog interface{ isDialog() }

// open puts a dialog on top; details it covers come back when it is closed.
func (m *model) open(d dialog) {
	if details := m.openDetails(); details != nil {
		m.under, details.shown = details, ""
	}
	m.s.dialog = d
}

// close takes the dialog on top away.
func (m *model) close() {
	m.digits = ""
	m.s.dialog = nil
	if m.under != nil {
		m.s.dialog = m.under
		m.under = nil
	}
}

// closeAll takes every dialog away.
func (m *model) closeAll() {
	m.under = nil
	m.close()
}

// aboveLog puts a pane over the log, which keeps the lines that are left.
func aboveLog(s *screen, head []string, w, rows, y int) ([]string, []zone) {
	left := 1 + rows - len(head)
	if left < 2 {
		return cell.FilledUp(head, 1+rows, w), nil
	}
	lines, zones := logPane(s, w, left-1, y+len(head), 0)
	return append(head, lines...), zones
}
