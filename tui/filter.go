package tui

import "muster/tui/internal/cell"

// maxFilter is how many cells of a filter are kept: more would not fit on the
// screen.
const maxFilter = 40

// openFilter opens the prompt of / for the pane that has the focus. Typed text
// filters at once.
func (m *model) openFilter() {
	switch {
	case m.openDetails() == nil && m.s.view == viewKeys:
		m.toast("there is nothing to filter here; 4 shows the log")
	default:
		m.s.filtering = true
	}
}

// filterPane is the pane that / filters.
func (m *model) filterPane() paneID {
	if m.openDetails() != nil {
		return paneDetails
	}
	return m.s.focus
}

// filterKey handles a key, other than text, while the prompt is open.
func (m *model) filterKey(key string) {
	switch key {
	case "enter", "tab":
		m.s.filtering = false
	case "esc":
		m.s.filtering = false
		m.setFilter("")
	case "backspace", "ctrl+h", "ctrl+u", "ctrl+w": // the prompt's cursor stays at the end: the arrows move the list
		e := m.filterEditor()
		if _, changed := e.Edit(key); !changed {
			m.toast("there is no text to take away; esc closes the filter")
			return
		}
		m.setFilter(e.Value())
	case " ":
		m.typeFilter(" ")
	case "up", "down", "pgup", "pgdown", "home", "end":
		m.look(m.keys[key].act)
	default:
		m.toast("enter keeps the filter, esc clears it; " + keyName(key) + " does nothing here")
	}
}

// typeFilter appends text, which may have been pasted.
func (m *model) typeFilter(text string) {
	e := m.filterEditor()
	if !e.Insert(text) {
		m.toast("a filter has room for no more text")
	}
	m.setFilter(e.Value())
}

func (m *model) filterEditor() cell.Editor {
	e := cell.EditorOf(m.s.filter[m.filterPane()])
	e.MaxCells = maxFilter
	return e
}

// setFilter filters the details if they are open, otherwise the pane that has
// the focus.
func (m *model) setFilter(f string) {
	pane := m.filterPane()
	m.s.filter[pane] = f
	switch pane {
	case paneDetails:
		m.openDetails().scroll = 0
	case paneLog:
		m.filterLog()
	default:
		m.follow()
		m.showSelected()
	}
}
