package tui

import "muster/tui/internal/cell"

// openLoad is the key l.
func (m *model) openLoad() { m.open(&loadPane{}) }

// key handles a key while the pane of the load is open; false = the key means
// the same as elsewhere: while a load runs the user wants to kill, fork and
// switch.
func (d *loadPane) key(m *model, key string) bool {
	if m.s.stopping {
		return false
	}
	if d.edit != nil {
		m.pathKey(d, key)
		return true
	}
	b := m.keys[key]
	if b == nil {
		return false
	}
	if key >= "1" && key <= "9" { // a view
		m.close()
		return false
	}
	switch b.act {
	case actLoad, actEsc:
		m.close()
	case actDetails:
		m.startStop()
	case actUp:
		m.pickSetting(d, d.at()-1)
	case actDown:
		m.pickSetting(d, d.at()+1)
	case actHome, actPageUp:
		m.pickSetting(d, 0)
	case actEnd, actPageDown:
		m.pickSetting(d, len(loadSettings)-1)
	case actLeft:
		m.changeSetting(d, false)
	case actRight:
		m.changeSetting(d, true)
	case actLoadMore, actLoadLess:
		m.thaw() // so that the key's result is seen
		m.setRate(b.act == actLoadMore)
	case actFilter:
		if loadSettings[d.at()].text {
			m.changeSetting(d, true)
			break
		}
		m.toast("l closes the load first, and it goes on; ↑ ↓ pick a setting")
	case actTab, actNextHit, actPrevHit, actHalfDown, actTextUp, actTextDown:
		m.toast("l closes the load first, and it goes on; ↑ ↓ pick a setting")
	default:
		return false
	}
	return true
}

// pickSetting moves the cursor.
func (m *model) pickSetting(d *loadPane, to int) {
	before := d.at()
	d.cursor = clamp(0, to, len(loadSettings)-1)
	if d.cursor == before {
		m.toast(loadSettings[before].name + ": there is none beyond it; ◄ ► change it")
	}
}

// changeSetting is the keys ◄ and ►. The loader can change only the rate of a
// running load.
func (m *model) changeSetting(d *loadPane, up bool) {
	set := &loadSettings[d.at()]
	now := &m.load.now
	switch {
	case d.at() == 0:
		m.setRate(up)
		return
	case now.running() || now.busy:
		m.toast("while it runs only the rate changes; enter stops it")
		return
	case set.text:
		e := cell.EditorOf(loadPath(now.set.Path))
		e.MaxBytes = maxPath
		d.edit = &e
		return
	case set.value == nil:
		now.set.KeepAlive = !now.set.KeepAlive
	default:
		n := set.value(&now.set)
		next := clamp(set.least, nextStep(*n, up), set.bound)
		if next == *n {
			m.toast(boundToast(set.name, up, next))
			return
		}
		*n = next
	}
	m.showLoad()
}

func (d *loadPane) hints(s *screen) []hint {
	change := hint{"+ -", "rate", "rate"}
	switch {
	case d.edit != nil:
		return []hint{{"enter", "take the path", "take it"}, {"esc", "leave it as it was", "leave it"}}
	case loadSettings[d.at()].text:
		change = hint{"►", "edit it", "edit"}
	case d.at() != 0:
		change = hint{"◄ ►", "change it", "change"}
	}
	enter := "start"
	if s.load.running() {
		enter = "stop"
	}
	goes := "close"
	if s.load.running() {
		goes = "close, it goes on"
	}
	return []hint{change, {"↑ ↓", "other settings", "settings"}, {"enter", enter, enter}, {"l", goes, "close"}, {logIs, "is 4", "is 4"}}
}
