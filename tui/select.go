package tui

import "muster/engine"

// follow keeps the selection where it belongs in a new picture: on its worker,
// on the worker that replaced it, or on the row that is now in its place.
func (m *model) follow() {
	m.selectRow(followed(rowsOf(&m.s), m.s.selected, m.selSlot, m.selRow))
	m.clampTable()
}

// selectRow selects a row, or the nearest that exists.
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
