package tui

import (
	"time"

	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// --keys-shown: the key pressed last stands at the right end of the hint line,
// for people who watch a projector or a recording.

const (
	keyTime  = 2 * time.Second // how long the key is shown
	keyCells = 10              // the key's room, also while it is empty: the hints must not jump
)

// noteKey makes a key appear for a while, unless it is typed as text, which
// appears in its prompt.
func (m *model) noteKey(key string) {
	if !m.s.shown.on || key == " " && m.typing() {
		return
	}
	m.s.shown.name, m.s.shown.until = keyName(key), m.s.now.Add(keyTime)
	m.dirty = true
}

// typing tells whether keys are text now.
func (m *model) typing() bool {
	if tooSmall(&m.s) || m.s.help {
		return false
	}
	return m.s.filtering || m.s.dialog != nil && m.s.dialog.typing()
}

// expireKey removes the key when it was shown long enough.
func (m *model) expireKey() {
	if m.s.shown.name != "" && !m.s.now.Before(m.s.shown.until) {
		m.s.shown.name = ""
		m.dirty = true
	}
}

// bottomLine is the hint line, with the key at its right end if keys are shown.
func bottomLine(s *screen, y int) (string, []zone) {
	if !s.shown.on {
		return hintLine(s, y)
	}
	hints := *s
	hints.w = s.w - keyCells
	line, zones := hintLine(&hints, y)
	l := cell.NewLine(keyCells, s.signs)
	if s.shown.name != "" {
		name := " " + cutTo(s, s.signs.Say(s.shown.name), keyCells-4) + " "
		n := safetext.Width(name)
		l.To(keyCells - 1 - n)
		l.Raw(s.theme.Selected, name, n)
	}
	return line + l.String(), zones
}
