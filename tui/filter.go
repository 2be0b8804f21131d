package tui

import (
	"unicode"

	"muster/internal/safetext"
)

// maxFilter is how many cells of a filter are kept: more would not be seen.
const maxFilter = 40

// openFilter opens the prompt of / for the pane that has the focus. What is
// typed filters at once.
func (m *model) openFilter() {
	switch {
	case m.openDetails() != nil:
		m.toast("esc goes back; / filters the table and the log")
	case m.s.view == viewKeys:
		m.toast("there is nothing to filter here; 4 shows the log")
	default:
		m.s.filtering = true
	}
}

// filterKey is a key, other than text, while the prompt is open.
func (m *model) filterKey(key string) {
	f := []rune(m.s.filter[m.s.focus])
	switch key {
	case "enter", "tab":
		m.s.filtering = false
	case "esc":
		m.s.filtering = false
		m.setFilter("")
	case "backspace", "ctrl+h":
		if len(f) > 0 {
			m.setFilter(string(f[:len(f)-1]))
		}
	case "ctrl+u", "ctrl+w":
		m.setFilter("")
	case " ":
		m.typeFilter(" ")
	case "up", "down", "pgup", "pgdown", "home", "end":
		m.look(m.keys[key].act)
	default:
		m.toast("enter keeps the filter, esc clears it; " + keyName(key) + " does nothing here")
	}
}

// typeFilter appends text. Pasted text may hold anything: only what can be seen
// is taken.
func (m *model) typeFilter(text string) {
	f := []rune(m.s.filter[m.s.focus])
	for _, r := range text {
		if unicode.IsPrint(r) && safetext.Width(string(f))+safetext.Width(string(r)) <= maxFilter {
			f = append(f, r)
		}
	}
	m.setFilter(string(f))
}

// setFilter filters the pane that has the focus.
func (m *model) setFilter(f string) {
	m.s.filter[m.s.focus] = f
	if m.s.focus == paneLog {
		m.filterLog()
		return
	}
	m.follow()
	m.showSelected()
}
