package tui

import (
	"fmt"

	"muster/internal/load"
	"muster/internal/safetext"
)

// maxPath is how many bytes of a path can be typed.
const maxPath = 2 << 10

// pathKey handles a key, other than text, while the path of a load is edited.
func (m *model) pathKey(d *loadPane, key string) {
	switch key {
	case "enter":
		m.takePath(d)
		return
	case "esc":
		d.edit = nil
		return
	case "f1":
		m.s.help = true
		return
	case " ":
		d.typed(m, key)
		return
	}
	known, changed := d.edit.Edit(key)
	switch {
	case changed:
	case known:
		m.toast("there is no text on that side")
	default:
		m.toast("enter takes the path, esc leaves it as it was; " + keyName(key) + " does nothing here")
	}
}

// typed puts text, which may have been pasted, in at the cursor.
func (d *loadPane) typed(m *model, text string) bool {
	if d.edit == nil {
		return false
	}
	if !d.edit.Insert(text) {
		m.toast(fmt.Sprintf("a path has room for %d bytes here", maxPath))
	}
	return true
}

func (d *loadPane) typing() bool { return d.edit != nil }

// takePath ends the editing with the typed text, unless that is no path.
func (m *model) takePath(d *loadPane) {
	text := d.edit.Value()
	if text == "" {
		text = "/"
	}
	path, err := load.ParsePath(text)
	if err != nil {
		m.toast(safetext.Line(fmt.Sprintf("no path: %v", err)))
		return
	}
	d.edit, m.s.toast = nil, ""
	m.load.now.set.Path = path
	m.showLoad()
}
