package tui

import (
	"strconv"
	"strings"
	"time"

	"muster/internal/plural"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
)

// stopping is the progress of a graceful end.
type stopping struct {
	dialogBase
	since time.Time
}

// draw is the progress of a graceful end, with the log below it.
func (*stopping) draw(s *screen, a area) ([]string, []zone) {
	snap := s.snap
	right := "q or ctrl+c again: at once"
	if s.guest {
		right = "q leaves"
	}
	if !snap.StopBy.IsZero() {
		right = say.Shortly(snap.StopBy.Sub(clockOf(s))) + " s to go   " + right
	}
	var left, gone int
	for i := range snap.Workers {
		if alive(&snap.Workers[i]) {
			left++
		} else {
			gone++
		}
	}
	l := cell.NewLine(a.w, s.signs)
	l.Gap(1)
	const cells = 16
	bar, n := "", 0
	if left+gone > 0 && gone > 0 {
		bar, n = s.signs.Bar(float64(gone)/float64(left+gone), cells)
	}
	if left+gone == 0 {
		bar, n = s.signs.Bar(1, cells)
	}
	l.Raw(s.theme.Accent, bar, n)
	l.Raw(s.theme.Muted, strings.Repeat(s.signs.Hollow, cells-n), cells-n)
	l.Put(s.theme.Text, "  "+plural.Of(left, "worker")+" left")
	if snap.Open != nil {
		l.Put(s.theme.Text, "   "+plural.Of(*snap.Open, "connection")+" open")
	}
	if snap.Queue > 0 {
		l.Put(s.theme.Text, "   "+strconv.Itoa(snap.Queue)+" in the queue")
	}
	head := []string{cell.Rule{Title: "stopping", Right: right, Joint: a.joint}.Draw(s.pen(), a.w), l.String()}
	return aboveLog(s, head, a)
}

func (*stopping) key(*model, string) bool { return false }

func (*stopping) hints(s *screen) []hint {
	return []hint{endHint(s), hintOf(s, actHelp, "keys")}
}

func (*stopping) brief(s *screen) string { return "q " + endHint(s).text }

// stopMsg says that the end of the cluster was asked for.
type stopMsg struct {
	err error
	// outside: no key asked, so the screen does not know yet.
	outside bool
	again   bool // it was not the first request
}

const atOnceToast = "at once: what is open is cut"

// stop asks the cluster to end; a second call asks it to end at once. The
// dashboard stays until the cluster has ended.
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
	m.s.toast = "" // the toast was about the earlier screen
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

// stopAsGuest is stop for a guest: there is no end to watch.
func (m *model) stopAsGuest() {
	if m.leaving {
		return
	}
	m.leaving = true
	m.endLoad()
	end := m.end
	m.run(func() tea.Msg { return stopMsg{err: end.ask(ByKey, 0)} })
}
