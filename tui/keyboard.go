package tui

import (
	"fmt"

	"muster/engine"
	"muster/internal/safetext"

	tea "github.com/charmbracelet/bubbletea"
)

// onKey handles the input of one read of the terminal. Keys typed fast, or over
// a slow line, come together; a paste must never count as keys.
func (m *model) onKey(k tea.KeyMsg) {
	if k.Type == tea.KeyRunes && !k.Alt && m.typeText(string(k.Runes)) {
		return
	}
	switch {
	case k.Type == tea.KeyEsc: // also with alt: see escapes
		m.press("esc")
	case k.Paste, k.Type == tea.KeyRunes && len(k.Runes) > maxTyped:
		m.toast("pasted text is ignored: only keys that are pressed count")
	case k.Type == tea.KeyRunes && len(k.Runes) > 1:
		for _, r := range k.Runes {
			m.press(string(r))
		}
	default:
		m.press(k.String())
	}
}

// typeText gives text to the open prompt; false = no prompt is visible.
func (m *model) typeText(text string) bool {
	switch d := m.s.dialog; {
	case tooSmall(&m.s) || m.s.help:
		return false
	case d != nil && d.typed(m, text):
	case m.s.filtering:
		m.typeFilter(text)
	default:
		return false
	}
	return true
}

// press handles one key. A key that opens or closes something removes an
// earlier toast, which would hide the hints of what is seen now.
func (m *model) press(key string) {
	before, toasts := m.stage(), m.toasts
	m.noteKey(key)
	m.key(key)
	if m.stage() != before && m.toasts == toasts {
		m.s.toast = ""
	}
}

func (m *model) key(key string) {
	held := m.last.again(key, m.s.now, holdTime)
	switch key {
	case "ctrl+c":
		m.quitNow()
		return
	case "ctrl+l":
		m.run(tea.ClearScreen)
		return
	case "ctrl+z":
		m.toast("ctrl+z is refused: it would stop the primary, and the port with it")
		return
	}
	if tooSmall(&m.s) && !m.onlyCloses(key) {
		m.smallKey(key)
		return
	}
	if d := m.s.dialog; d != nil && !m.s.help && d.key(m, key) {
		return
	}
	switch {
	case m.s.help:
		m.helpKey(key)
	case m.s.filtering:
		m.filterKey(key)
	default:
		m.lookUp(key, held)
	}
}

// onlyCloses tells whether a key can only close what is open. Such a key may
// act on what was not visible: often it was pressed on a screen that has just
// grown.
func (m *model) onlyCloses(key string) bool {
	b := m.keys[key]
	return b != nil && (b.act == actEsc || b.act == actHelp && m.s.help)
}

// smallKey handles a key on a screen that is too small for anything. A key acts
// only on what is seen: not on a hidden menu, prompt or row.
func (m *model) smallKey(key string) {
	switch d := m.s.dialog; {
	case d != nil && d.smallKey(m, key):
	case key == "q":
		m.leave()
	default:
		m.toast("too small for keys but q")
	}
}

// helpKey handles a key while the help covers the screen: a key can act on
// nothing else then.
func (m *model) helpKey(key string) {
	switch b := m.keys[key]; {
	case key == "q":
		m.closedAt = m.s.now
		m.s.help = false
	case b != nil && (b.act == actHelp || b.act == actEsc || b.act == actView5):
		m.s.help = false
	default:
		m.toast("esc closes the help first")
	}
}

// lookUp finds what a key means here and does it.
func (m *model) lookUp(key string, held bool) {
	if m.tourKey(key) {
		return
	}
	b := m.keys[key]
	if b == nil {
		m.toast(fmt.Sprintf("%s does nothing here; ? shows the keys", keyName(key)))
		return
	}
	act := b.act
	if act == actKill && key == "k" && m.s.view == viewLog {
		act = actTextUp // without a row to kill k scrolls, as in less
	}
	if m.s.view == viewTraffic && !m.s.stopping && m.trafficKey(act) {
		return
	}
	switch {
	case m.s.stopping && b.scope != scopeLook:
		m.toast("the cluster is stopping; " + endWords(&m.s))
	case act == actFork && held:
		m.toast("f is held: one fork a press")
	case act == actTextUp || b.scope == scopeLook:
		m.look(act)
	case act == actDetails && m.linesFocused():
		m.openLine(0)
	case b.scope == scopeWorker && !m.workerSeen(act):
	default:
		m.act(act)
	}
}

// workerSeen tells whether a worker key has a row to act on, and says so if not.
func (m *model) workerSeen(act action) bool {
	switch {
	case m.openDetails() != nil:
	case m.s.view != viewOverview:
		m.toast("1 shows the workers")
		return false
	case m.worker() != nil && !m.rowSeen() && act != actDetails:
		m.toast(fmt.Sprintf("worker %d is not on the screen: ↑ or ↓ shows it", m.s.selected))
		return false
	}
	switch w := m.worker(); {
	case w == nil:
		m.toast("there is no worker to do that to; f forks one")
		return false
	case w.PID == 0 && alive(w):
		m.toast(fmt.Sprintf("worker %d is being started", w.ID))
		return false
	}
	return true
}

// look carries out what only changes the view.
func (m *model) look(act action) {
	switch act {
	case actUp, actDown, actPageUp, actPageDown, actHalfDown, actHome, actEnd, actTextUp, actTextDown, actNextHit, actPrevHit:
		m.move(act)
	case actLeft, actRight:
		m.otherWorker(act)
	case actView1:
		m.showView(viewOverview)
	case actView3:
		m.showView(viewTraffic)
	case actSlow:
		m.slowDown()
	case actView4:
		m.showView(viewLog)
	case actView5:
		m.showView(viewKeys)
	case actHelp:
		if m.s.view == viewKeys && m.openDetails() == nil {
			m.toast("these are all keys; 1 shows the workers")
			return
		}
		m.s.help = true
	case actTab:
		m.nextPane()
	case actFilter:
		m.openFilter()
	case actFreeze:
		m.freeze()
		switch { // view 5 has no line that shows the switch
		case m.s.view != viewKeys:
		case m.s.frozen.IsZero():
			m.toast("the picture goes on")
		default:
			m.toast("the picture is frozen; space lets it go on")
		}
	case actMouse:
		m.switchMouse()
	case actEsc:
		m.esc()
	case actExplain:
		m.explainKey()
	case actUnmask:
		m.unmask()
	case actTick:
		m.nextTick()
	case actQuit:
		m.quit()
	}
}

// showView goes to a view; choosing the present view again only shows a toast.
func (m *model) showView(v viewID) {
	if v == m.s.view && m.openDetails() == nil {
		m.toast("this is that view already")
	}
	m.closeDetails()
	m.leaveTraffic()
	m.s.view = v
	m.s.focus = paneTable
	if v == viewLog {
		m.s.focus = paneLog
	}
	m.clampScroll()
}

// nextPane moves the focus.
func (m *model) nextPane() {
	switch {
	case m.s.view != viewOverview || m.openDetails() != nil:
		m.toast("there is one pane here")
	case m.s.focus == paneTable:
		m.s.focus = paneLog
	default:
		m.s.focus = paneTable
	}
}

// esc closes or clears one thing only.
func (m *model) esc() {
	d := m.openDetails()
	switch {
	case d != nil && d.shown != "":
		d.shown = ""
	case d != nil && m.s.filter[paneDetails] == "":
		m.closeDetails()
	case m.s.view == viewKeys:
		m.showView(viewOverview)
	case m.s.filter[m.filterPane()] != "":
		m.setFilter("")
	case m.s.stopping && !m.s.guest:
		m.toast("a stop cannot be taken back; q ends at once")
	default:
		m.toast("there is nothing to close; q leaves")
	}
}

// act carries out a key that does something to the cluster or to a worker.
func (m *model) act(act action) {
	if act != actDetails && act != actCopy {
		m.thaw() // so that the key's result is seen
	}
	switch act {
	case actFork:
		m.fork()
	case actKill:
		m.openKill()
	case actDisconnect:
		m.disconnect()
	case actDisconnectAll:
		m.disconnectAll()
	case actRestart:
		m.restart()
	case actPolicy:
		m.nextPolicy()
	case actPolicies:
		m.openPolicies()
	case actDetails:
		m.showDetails()
	case actMessage:
		m.openMessage()
	case actLoad:
		m.openLoad()
	case actLoadMore, actLoadLess:
		m.changeRate(act == actLoadMore)
	case actCopy:
		m.copyPID()
	}
}

func (m *model) onDone(msg doneMsg) {
	switch msg.cmd.Op {
	case engine.OpWatch:
		m.watchDone(msg.err)
	case engine.OpRestart:
		delete(m.restarting, msg.cmd.Worker)
	case engine.OpPolicy:
		m.policyDone(msg)
	}
	if quiet := msg.cmd.Op == engine.OpWatch && msg.cmd.For == 0; msg.err != nil && !quiet {
		m.toast(safetext.Line(fmt.Sprintf("%s: %v", msg.cmd.Op, msg.err)))
	}
}
