package tui

import (
	"fmt"
	"time"

	"muster/internal/onscreen"
	"muster/internal/safetext"

	tea "github.com/charmbracelet/bubbletea"
)

// rateLineEvery is the least time between two lines about the rate: a held +
// would fill the log.
const rateLineEvery = 500 * time.Millisecond

// loadChangedMsg says that the load has changed.
type loadChangedMsg struct{}

// loadDoneMsg is the loader's answer.
type loadDoneMsg struct {
	op   loadOp
	rate int
	err  error
}

type loadOp string

const (
	loadStart loadOp = "starting the load"
	loadRate  loadOp = "changing the rate"
	loadStop  loadOp = "stopping the load"
)

// askLoader makes the loader do something; its answer is a loadDoneMsg.
func (m *model) askLoader(op loadOp, rate int, f func(onscreen.Loader) error) {
	loader := m.load.loader
	m.run(func() tea.Msg { return loadDoneMsg{op, rate, f(loader)} })
}

// startStop is enter.
func (m *model) startStop() {
	now := &m.load.now
	switch {
	case now.busy && now.running():
		m.toast("the load is stopping: what is in flight may finish")
	case now.busy:
		m.toast("the load is being started")
	case now.running():
		now.busy, m.load.stopped = true, true
		m.askLoader(loadStop, 0, func(l onscreen.Loader) error { l.Stop(); return nil })
	default:
		now.set.Addr = loadAddr(m.s.snap)
		if now.set.Addr == "" {
			m.toast("the cluster has no address to send to")
			return
		}
		now.busy, m.load.stopped = true, false
		set := now.set
		m.askLoader(loadStart, set.Rate, func(l onscreen.Loader) error { return l.Start(set) })
	}
}

// changeRate is + and -. They act in every view while a load runs; otherwise
// only in the load's pane.
func (m *model) changeRate(up bool) {
	if !m.load.now.running() {
		m.toast("no load runs; l opens it")
		return
	}
	m.setRate(up)
}

// setRate goes to the next rate.
func (m *model) setRate(up bool) {
	now := &m.load.now
	if now.busy {
		m.toast("the load is being started or stopped")
		return
	}
	rate := nextRate(now.set.Rate, up)
	if rate == now.set.Rate {
		m.toast(boundToast("requests a second", up, rate))
		return
	}
	now.set.Rate = rate
	if now.running() {
		m.sendRate()
	}
	m.showLoad()
}

// sendRate tells the loader the wanted rate, unless an earlier SetRate is under
// way: then the handler of its answer does.
func (m *model) sendRate() {
	l := &m.load
	if l.setting || l.now.set.Rate == l.rate {
		return
	}
	l.setting = true
	rate := l.now.set.Rate
	m.askLoader(loadRate, rate, func(loader onscreen.Loader) error { return loader.SetRate(rate) })
}

// boundToast says why a number cannot go further.
func boundToast(what string, up bool, n int) string {
	if up {
		return fmt.Sprintf("%d %s are the most", n, what)
	}
	return fmt.Sprintf("%d %s are the least", n, what)
}

func (m *model) onLoadDone(msg loadDoneMsg) {
	l := &m.load
	switch msg.op {
	case loadStart:
		l.now.busy = false
		if msg.err == nil {
			l.rate, l.said, l.saidAt = msg.rate, msg.rate, m.s.now
			m.say(rateLine(m.s.now, 0, l.now.set))
			l.now.ran, l.now.stats.Running = true, true // so that the load's end is noticed, even if it came already
		}
	case loadRate:
		l.setting = false
		if msg.err == nil {
			l.rate = msg.rate
		} else {
			l.now.set.Rate = l.rate
		}
	}
	if msg.err != nil {
		m.toast(safetext.Line(fmt.Sprintf("%s: %v", msg.op, msg.err)))
	}
	m.onLoad()
	if msg.op == loadRate && l.now.running() {
		m.sendRate()
	}
}

// onLoad takes in the load's present state. The load's end is a line of the
// log.
func (m *model) onLoad() {
	l := &m.load
	was := l.now.running()
	l.now.stats, l.now.ran = l.loader.Stats()
	if was && !l.now.running() {
		m.sayRate(true)
		m.say(endLine(m.s.now, l.stopped, &l.now.stats))
		l.now.busy, l.rate = false, 0
		if l.now.stats.Err != "" {
			m.toast(safetext.Line("the load has ended: " + l.now.stats.Err))
		}
	}
	m.showLoad()
}

// showLoad puts the load's present state into the picture, unless the picture
// is frozen.
func (m *model) showLoad() {
	if m.s.frozen.IsZero() {
		m.s.load, m.dirty = m.load.now, true
	}
}

// sayRate writes a line for a changed rate. A line that would come right after
// another waits, so that it can cover later changes too.
func (m *model) sayRate(atOnce bool) {
	l := &m.load
	if l.rate == 0 || l.rate == l.said || !atOnce && m.s.now.Before(l.saidAt.Add(rateLineEvery)) {
		return
	}
	set := l.now.set
	set.Rate = l.rate
	m.say(rateLine(m.s.now, l.said, set))
	l.said, l.saidAt = l.rate, m.s.now
}

// rateLineDue is when sayRate must write a waiting line, zero = never.
func (m *model) rateLineDue() time.Time {
	if l := &m.load; l.rate != 0 && l.rate != l.said {
		return l.saidAt.Add(rateLineEvery)
	}
	return time.Time{}
}

// say adds a line the screen made itself to the log.
func (m *model) say(l logLine) {
	if m.s.frozen.IsZero() {
		m.dirty = true
		m.addLines([]logLine{l})
		return
	}
	m.s.missedIn++
	m.heldLines = tail(append(m.heldLines, l), maxLog)
}

// endLoad stops a load before its cluster stops, so that it counts no failures
// of a server that is leaving.
func (m *model) endLoad() {
	if now := &m.load.now; now.running() && !now.busy {
		now.busy, m.load.stopped = true, true
		m.askLoader(loadStop, 0, func(l onscreen.Loader) error { l.Stop(); return nil })
	}
}
