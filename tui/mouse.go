package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// onMouse handles the mouse: a click selects, a double click is enter, the
// wheel scrolls the pane under the pointer, a click on a hint presses its key.
func (m *model) onMouse(e tea.MouseEvent) {
	if e.Action != tea.MouseActionPress {
		return
	}
	m.dirty = true
	z, ok := m.zoneAt(e.X, e.Y)
	switch e.Button {
	case tea.MouseButtonWheelUp, tea.MouseButtonWheelDown:
		m.wheel(z, e.Button == tea.MouseButtonWheelUp)
	case tea.MouseButtonLeft:
		if ok {
			m.click(z)
		}
	}
}

// zoneAt is what the frame on the screen has at a cell.
func (m *model) zoneAt(x, y int) (zone, bool) {
	for _, z := range m.zones {
		if y == z.y && x >= z.x0 && x < z.x1 {
			return z, true
		}
	}
	return zone{kind: -1}, false
}

func (m *model) click(z zone) {
	double := m.clicked.again(fmt.Sprint(z.kind, z.worker, z.line), m.s.now, clickTime)
	switch z.kind {
	case zoneHint, zoneView:
		if key, _, _ := strings.Cut(z.key, " "); key != "" {
			m.press(labelKey(key))
		} else {
			m.press(labelKey(z.key))
		}
		return
	}
	if m.s.dialog != nil {
		key, mine := m.s.dialog.click(m, z, double)
		if key != "" {
			m.press(key)
		}
		if mine {
			return
		}
	}
	switch z.kind {
	case zoneRow:
		m.clickRow(z.worker, double)
	case zoneConn:
		if key := m.clickConn(uint64(z.worker), double); key != "" {
			m.press(key)
		}
	case zoneLog:
		if m.s.dialog == nil && !m.s.filtering {
			m.s.focus = paneLog
		}
		if double && z.line != 0 && m.readsLines() {
			m.openLine(z.line)
		}
	}
}

func (m *model) clickRow(worker int, double bool) {
	i := rowIndex(rowsOf(&m.s), worker)
	if i < 0 {
		return
	}
	if !m.s.filtering {
		m.s.focus = paneTable
	}
	m.selectRow(i)
	if double {
		m.press("enter")
	}
}

// switchMouse gives the mouse back to the terminal, which then selects text as
// usual, or takes it again.
func (m *model) switchMouse() {
	m.mouseOff = !m.mouseOff
	if m.mouseOff {
		m.run(tea.DisableMouse)
		m.toast("the mouse selects text again; m gives it back to muster")
		return
	}
	m.run(tea.EnableMouseCellMotion)
	m.toast("the mouse is muster's; shift selects text in most terminals, m always")
}
