package tui

import (
	"strconv"
	"strings"

	"muster/engine"
)

// rowsOf are the workers the table shows, in its order: all, or those the
// filter of the table matches.
func rowsOf(s *screen) []*engine.Row {
	if s.snap == nil {
		return nil
	}
	rows := make([]*engine.Row, 0, len(s.snap.Workers))
	for i := range s.snap.Workers {
		if w := &s.snap.Workers[i]; matchWorker(w, s.filter[paneTable]) {
			rows = append(rows, w)
		}
	}
	return rows
}

// matchWorker tells whether a filter of the table matches: part of its id, its
// pid, its state or how it ended, in any case.
func matchWorker(w *engine.Row, filter string) bool {
	if filter == "" {
		return true
	}
	filter = strings.ToLower(filter)
	for _, text := range []string{strconv.Itoa(w.ID), strconv.Itoa(w.PID), string(w.State), w.LastExit} {
		if strings.Contains(strings.ToLower(text), filter) {
			return true
		}
	}
	return false
}

// rowIndex is the row of the worker with this id, -1 if it has none.
func rowIndex(rows []*engine.Row, id int) int {
	for i, w := range rows {
		if w.ID == id {
			return i
		}
	}
	return -1
}

// follow keeps the selection where it belongs in a new picture: on its worker,
// on the one that replaced it, or on the row that is now in its place.
func (m *model) follow() {
	m.selectRow(followed(rowsOf(&m.s), m.s.selected, m.selSlot, m.selRow))
	m.clampTable()
}

// followed is the row to select after worker selected stood in this slot and row.
func followed(rows []*engine.Row, selected, slot, row int) int {
	if selected == 0 {
		return 0
	}
	if i := rowIndex(rows, selected); i >= 0 {
		return i
	}
	heir := -1
	for i, w := range rows {
		switch {
		case w.Replaces == selected:
			return i
		case w.Slot == slot && w.Replaces != 0:
			heir = i // of several replacements between two pictures the last
		}
	}
	if heir >= 0 {
		return heir
	}
	return row
}

// selectRow selects a row, the nearest there is.
func (m *model) selectRow(i int) {
	rows := rowsOf(&m.s)
	if len(rows) == 0 {
		m.s.selected, m.selRow, m.selSlot = 0, 0, 0
		return
	}
	m.selRow = clamp(0, i, len(rows)-1)
	before := m.s.selected
	m.s.selected, m.selSlot = rows[m.selRow].ID, rows[m.selRow].Slot
	if before == m.s.selected {
		return
	}
	m.showSelected()
	m.details, m.s.fds = nil, map[int]int{}
	if d := m.openDetails(); d != nil {
		d.worker, d.details, d.scroll, d.shown = m.s.selected, nil, 0, ""
	}
}

// showSelected scrolls the table to the selected row.
func (m *model) showSelected() {
	n := max(layoutFor(&m.s).tableRows, 1)
	m.s.tableTop = clamp(m.selRow-n+1, m.s.tableTop, m.selRow)
	m.clampTable()
}

// clampTable leaves no empty row below the last worker while others are
// scrolled away above.
func (m *model) clampTable() {
	n := max(layoutFor(&m.s).tableRows, 1)
	m.s.tableTop = clamp(0, m.s.tableTop, max(len(rowsOf(&m.s))-n, 0))
}

// rowSeen tells whether the selected row is on the screen.
func (m *model) rowSeen() bool {
	n := layoutFor(&m.s).tableRows
	return m.selRow >= m.s.tableTop && m.selRow < m.s.tableTop+n
}

// worker is the selected worker, nil if there is none.
func (m *model) worker() *engine.Row {
	if m.s.selected == 0 {
		return nil
	}
	return m.s.snap.ByID(m.s.selected)
}
