package tui

import "fmt"

// wheelLines is how far one notch of the wheel scrolls.
const wheelLines = 3

// move moves the selection, or scrolls the text that has the focus.
func (m *model) move(act action) {
	switch d := m.openDetails(); {
	case act == actNextHit || act == actPrevHit:
		m.hit(act)
	case d != nil:
		m.moveDetails(d, act)
	case m.s.view == viewKeys:
		m.toast("there is nothing to scroll here")
	case m.s.view == viewLog || m.s.focus == paneLog:
		m.moveLog(act)
	default:
		m.moveTable(act)
	}
}

func (m *model) moveTable(act action) {
	rows := len(rowsOf(&m.s))
	page := max(layoutFor(&m.s).tableRows-1, 1)
	to := m.selRow
	switch act {
	case actUp:
		to--
	case actDown:
		to++
	case actPageUp:
		to -= page
	case actPageDown:
		to += page
	case actHalfDown:
		to += max(page/2, 1)
	case actHome:
		to = 0
	case actEnd:
		to = rows - 1
	default:
		m.toast("the arrows ↑ ↓ move; --keys vim makes it j and k")
		return
	}
	if rows == 0 {
		m.toast("there is no worker to select")
		return
	}
	before, top := m.s.selected, m.s.tableTop
	m.selectRow(to)
	m.showSelected() // also if it was selected already: the wheel may have scrolled it away
	if m.s.selected != before || m.s.tableTop != top {
		return
	}
	end := "last"
	if scrollBy(act, page, rows) > 0 {
		end = "first"
	}
	m.toast(fmt.Sprintf("worker %d is the %s", before, end))
}

// moveLog scrolls the log; only the log is held, the picture goes on.
func (m *model) moveLog(act action) {
	if act == actTextDown && m.s.view != viewLog {
		m.moveTable(act) // k kills here, so j does not scroll: a toast says which key does
		return
	}
	before, by := m.s.logBack, scrollBy(act, m.logRows(), len(m.s.log))
	m.s.logBack += by
	m.clampScroll()
	if m.s.logBack == before {
		m.toast(noScroll("line", by > 0, len(m.s.log), m.logRows()))
	}
}

// noScroll says why a key could not scroll, up or down, in rows lines of all.
func noScroll(what string, up bool, all, rows int) string {
	switch {
	case all == 0:
		return "there is no " + what + " to scroll to"
	case all <= rows:
		return "all " + what + "s are on the screen"
	case up:
		return "this is the oldest " + what
	}
	return "this is the newest " + what
}

func (m *model) moveDetails(d *detailsDialog, act action) {
	if act == actTextDown || act == actTextUp {
		m.toast("the arrows ↑ ↓ scroll here")
		return
	}
	all, rows := countLines(&m.s, d.worker), m.logRows()
	by := scrollBy(act, rows, all)
	if to := clamp(0, d.scroll+by, max(all-rows, 0)); to != d.scroll {
		d.scroll = to
		return
	}
	m.toast(noScroll("line", by > 0, all, rows))
}

// hit goes to the next or the previous hit of the log's filter. The log shows
// only hits, so that is the next or the previous line.
func (m *model) hit(act action) {
	switch {
	case m.openDetails() != nil || m.s.view == viewKeys:
		m.toast("4 shows the log")
	case m.s.filter[paneLog] == "":
		m.toast("n and N go through the hits of a filter: / in the log first")
	default:
		before := m.s.logBack
		if act == actNextHit {
			m.s.logBack--
		} else {
			m.s.logBack++
		}
		m.clampScroll()
		if m.s.logBack == before {
			m.toast(noScroll("hit", act == actPrevHit, len(m.s.log), m.logRows()))
		}
	}
}

// logRows is how many lines of the log are seen.
func (m *model) logRows() int {
	rows := layoutFor(&m.s).logRows
	return rows - tourRows(&m.s, rows)
}

// clampScroll keeps the log from being scrolled past its oldest line.
func (m *model) clampScroll() {
	m.s.logBack = clamp(0, m.s.logBack, max(len(m.s.log)-max(m.logRows(), 1), 0))
}

// wheel scrolls the pane under the pointer without moving the selection.
func (m *model) wheel(z zone, up bool) {
	n := wheelLines
	if !up {
		n = -n
	}
	if m.s.dialog != nil && m.s.dialog.wheel(m, z, up) {
		return
	}
	switch z.kind {
	case zoneRow:
		m.s.tableTop -= n / wheelLines
		m.clampTable()
	case zoneConn:
		if up {
			m.moveConn(actUp)
		} else {
			m.moveConn(actDown)
		}
	case zoneLog:
		m.s.logBack += n
		m.clampScroll()
	}
}
