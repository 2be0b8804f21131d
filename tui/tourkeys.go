package tui

import tea "github.com/charmbracelet/bubbletea"

// onTour takes in a view of the tour, or the tour's end.
func (m *model) onTour(msg tea.Msg) {
	switch msg := msg.(type) {
	case tourMsg:
		m.s.tour.on, m.s.tour.view = true, msg.view
		m.s.tour.lines = nil
		for _, e := range msg.view.Events {
			if l, ok := newLogLine(e); ok {
				m.s.tour.lines = append(m.s.tour.lines, l)
			}
		}
		m.clampScroll()
		m.dirty = true
	case tourOverMsg:
		if !m.s.stopping {
			m.stop()
		}
	}
}

// tourKey handles a key while the tour's pane is seen; false = the key is not
// the tour's.
func (m *model) tourKey(key string) bool {
	if m.tour == nil || !tourSeen(&m.s) || m.s.stopping {
		return false
	}
	v := &m.s.tour.view
	switch key {
	case "enter", " ", "right":
		if v.Waits && v.Last {
			m.toast("this is the end of the tour; q leaves, R plays the chapter again")
			return true
		}
		if !v.Waits {
			m.toast("on as soon as this step is done")
		}
		m.tour.Next()
	case "left", "backspace":
		if v.Chapter == 1 && v.Step == 1 {
			m.toast("this is the first step")
			return true
		}
		m.tour.Back()
	case "R":
		m.tour.Reset()
	default:
		return false
	}
	m.thaw() // so that the next step is seen
	return true
}
