package tui

import (
	"fmt"
	"strings"

	"muster/engine"
	"muster/internal/safetext"

	tea "github.com/charmbracelet/bubbletea"
)

const atOnceToast = "at once: what is open is cut"

// stopMsg says that the end of the cluster was asked for.
type stopMsg struct {
	err error
	// outside: not by a key, so the screen does not know yet.
	outside bool
	again   bool // and it was not the first time
}

// quit is q: it closes what is open, or asks, or stops an idle cluster.
func (m *model) quit() {
	switch {
	case m.s.stopping:
		m.stop()
	case m.s.dialog != nil:
		m.closedAt = m.s.now
		m.closeAll()
	case m.s.view == viewKeys:
		m.closedAt = m.s.now
		m.showView(viewOverview)
	default:
		m.leave()
	}
}

// leave stops an idle cluster, or asks. It closes nothing first. A guest leaves
// the cluster alone.
func (m *model) leave() {
	if m.s.guest {
		m.leaveAsGuest()
		return
	}
	if m.s.stopping || m.idle() && !m.load.now.running() && m.s.now.Sub(m.closedAt) >= quitTime {
		m.stop()
		return
	}
	m.thaw()
	m.ask(m.quitQuestion())
}

func (m *model) quitQuestion() *question {
	yes := "let them finish"
	if g := m.s.snap.Grace; g > 0 {
		yes += fmt.Sprintf(", %s at most", strings.TrimSuffix(fmt.Sprintf("%.1f", g.Seconds()), ".0")+" s")
	}
	facts, short := m.quitFacts()
	return &question{
		title: "stop the cluster and leave?",
		yes:   yes,
		no:    "stay",
		facts: facts,
		short: short,
		act:   actQuit,
	}
}

func (m *model) quitFacts() (facts, short string) {
	if m.s.guest {
		return "", "" // nothing of the cluster ends
	}
	facts, short = quitFacts(m.s.snap)
	return withLoad(&m.load.now, facts, short)
}

// quitFacts is what a stop would end, and the same in fewer cells.
func quitFacts(snap *engine.Snapshot) (facts, short string) {
	facts = count(live(snap), "worker")
	short = facts
	if snap.Open != nil {
		facts += "   " + openFacts(snap.Open)
		short += "   " + openShort(snap.Open)
	}
	return facts, short
}

// quitNow is ctrl+c: the same without a question.
func (m *model) quitNow() { m.stop() }

// stop asks the cluster to end; a second time it ends at once. The dashboard
// stays until it has.
func (m *model) stop() {
	if m.s.guest {
		m.stopAsGuest()
		return
	}
	m.thaw()
	if m.s.stopping {
		if m.atOnce {
			m.toast("the cluster is ending at once")
			return
		}
		m.atOnce = true
		m.toast(atOnceToast)
	}
	m.showStopping()
	end := m.end
	m.run(func() tea.Msg { return stopMsg{err: end.ask(ByKey, 0)} })
}

// showStopping puts the progress of the end on the screen.
func (m *model) showStopping() {
	already := m.s.stopping
	m.s.stopping = true
	m.endLoad()
	m.s.help, m.s.filtering = false, false
	m.s.view, m.s.focus = viewOverview, paneTable
	if already {
		return
	}
	m.closeAll()
	m.s.dialog = &stopping{since: m.s.now}
	m.s.toast = "" // of what was there before
}

func (m *model) onStop(msg stopMsg) {
	if m.s.guest {
		m.leaving = true
		return
	}
	if msg.outside {
		m.thaw()
		m.showStopping()
	}
	if msg.again {
		m.atOnce = true
		m.toast(atOnceToast)
	}
	if msg.err != nil {
		m.toast(safetext.Line(msg.err.Error()))
	}
}
