package tui

import tea "github.com/charmbracelet/bubbletea"

// A dashboard is the cluster's owner, whose end stops it, or a guest, whose end
// does not. What a guest says and does otherwise stands here and in ending.go.

// guest is the binding as the dashboard of a guest has it: q stops nothing.
func (b binding) guest() binding {
	if b.act == actQuit {
		b.hint, b.text, b.note, b.brief = "leave", "leave it running", "", "leave"
	}
	return b
}

// seen is the binding as s says it.
func (b binding) seen(s *screen) *binding {
	if s.guest {
		b = b.guest()
	}
	return &b
}

// leaveAsGuest leaves the cluster to itself. Only the load of this dashboard ends
// with it, so that alone is asked about.
func (m *model) leaveAsGuest() {
	if !m.load.now.running() {
		m.stop()
		return
	}
	m.thaw()
	m.ask(&question{
		title: "leave, and end the load?",
		yes:   "the cluster goes on",
		no:    "stay",
		act:   actQuit,
	})
}

// stopAsGuest is stop for a guest: there is nothing to look at until the end.
func (m *model) stopAsGuest() {
	if m.leaving {
		return
	}
	m.leaving = true
	m.endLoad()
	end := m.end
	m.run(func() tea.Msg { return stopMsg{err: end.ask(ByKey, 0)} })
}

// endHint is q while the cluster stops.
func endHint(s *screen) hint {
	if s.guest {
		return hintOf(s, actQuit, bindingOf(actQuit).guest().hint)
	}
	return hint{"q", "end at once", "at once"}
}

// endWords is the same in a sentence.
func endWords(s *screen) string {
	if s.guest {
		return "q leaves"
	}
	return "q ends it at once"
}
