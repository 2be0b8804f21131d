package tui

import (
	"fmt"
	"strings"
)

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

// quitNow is ctrl+c: as leave, but without a question.
func (m *model) quitNow() { m.stop() }
