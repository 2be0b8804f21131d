package tui

import (
	"fmt"

	"muster/engine"
	"muster/internal/explain"
)

// explainPane is the explanation that the key x opens in the place of the log:
// of one event, or (seq 0) of the state of a worker or of the whole cluster. It
// stays on its event while others come.
type explainPane struct {
	dialogBase
	worker int     // whose events x goes through, 0 = all workers'
	in     paneID  // where they are listed: paneLog, paneDetails, or paneTable for neither
	filter string  // the filter of that list
	seq    uint64  // the event that is explained
	line   logLine // the event's line, kept because the log forgets old ones
	scroll int     // lines scrolled away, if the text has no room
}

// lists tells whether x goes to a line. A worker's output would hide what
// happened to the worker, so output is explained only if it was selected.
func (d *explainPane) lists(ll *logLine) bool {
	switch {
	case ll.event.Seq == 0: // a line of the screen's own
		return false
	case d.worker != 0 && ll.worker != d.worker:
		return false
	case d.in == paneTable:
		return ll.event.Kind != engine.KindOutput
	}
	return ll.match(d.filter)
}

// older is the newest line of lines that d goes to, of an event before seq; 0 =
// of any event.
func (d *explainPane) older(lines []logLine, seq uint64) (logLine, bool) {
	for i := len(lines) - 1; i >= 0; i-- {
		if ll := &lines[i]; d.lists(ll) && (seq == 0 || ll.event.Seq < seq) {
			return *ll, true
		}
	}
	return logLine{}, false
}

// explainKey is the key x: why is that so? If a list of events has the focus it
// explains the newest event seen there, otherwise the selected worker.
func (m *model) explainKey() {
	details := m.openDetails()
	switch {
	case m.s.stopping:
		m.toast("the cluster is stopping; " + endWords(&m.s))
	case details != nil:
		m.explainLine(&explainPane{worker: details.worker, in: paneDetails, filter: m.s.filter[paneDetails]}, details.scroll)
	case m.s.view == viewLog || m.s.view == viewOverview && m.s.focus == paneLog:
		m.explainLine(&explainPane{in: paneLog, filter: m.s.filter[paneLog]}, m.s.logBack)
	case m.s.view != viewOverview:
		m.toast("1 shows the workers, 4 the log: x explains what is there")
	default:
		m.explainWorker()
	}
}

// explainLine explains the newest line seen of a list of which back lines are
// scrolled away below.
func (m *model) explainLine(d *explainPane, back int) {
	lines := m.s.all
	for i := len(lines) - 1; i >= 0 && back > 0; i-- {
		if d.worker != 0 && lines[i].worker != d.worker || !lines[i].match(d.filter) {
			continue
		}
		back--
		lines = lines[:i]
	}
	ll, ok := d.older(lines, 0)
	if !ok {
		m.toast("there is no event here to explain")
		return
	}
	d.seq, d.line = ll.event.Seq, ll
	m.openExplain(d)
}

// explainWorker explains what is odd about the selected worker or about the
// cluster; if nothing is, the newest event of that worker.
func (m *model) explainWorker() {
	w := m.worker()
	d := &explainPane{in: paneTable}
	if w != nil {
		d.worker = w.ID
		if !m.rowSeen() {
			m.toast(fmt.Sprintf("worker %d is not on the screen: ↑ or ↓ shows it", w.ID))
			return
		}
	}
	if w != nil && !crashLoop(m.s.snap) && !explain.Troubled(w) {
		if ll, ok := d.older(m.s.all, 0); ok {
			d.seq, d.line = ll.event.Seq, ll
		}
	}
	m.openExplain(d)
}

func (m *model) openExplain(d *explainPane) {
	m.open(d)
	m.showSelected() // the table may be lower now
}

// key handles a key while an explanation is open; false = the key means the
// same as without one. Closing the explanation also closes the pane it hides.
func (d *explainPane) key(m *model, key string) bool {
	b := m.keys[key]
	if b == nil {
		return false
	}
	switch b.act {
	case actEsc:
		m.close()
	case actQuit:
		m.closedAt = m.s.now
		m.close()
	case actExplain:
		m.explainOlder(d)
	case actUp, actDown, actPageUp, actPageDown, actHalfDown, actHome, actEnd, actTextDown:
		m.scrollExplain(d, b.act)
	case actView1, actView4, actView5, actFilter, actTab, actDetails, actNextHit, actPrevHit:
		m.closeAll()
		return false
	default:
		return false
	}
	return true
}

// explainOlder goes to the next older event.
func (m *model) explainOlder(d *explainPane) {
	ll, ok := d.older(m.s.all, d.seq)
	switch {
	case ok:
		d.seq, d.line, d.scroll = ll.event.Seq, ll, 0
	case d.seq == 0:
		m.toast("no event of it is kept")
	default:
		m.toast("no older event of it is kept; esc goes back")
	}
}

// scrollExplain scrolls the text if it has no room.
func (m *model) scrollExplain(d *explainPane, act action) {
	all, rows := len(explainText(&m.s, d, layoutFor(&m.s).logW)), m.logRows()
	before := d.scroll
	d.scroll = clamp(0, d.scroll-scrollBy(act, rows, all), max(all-rows, 0))
	switch {
	case d.scroll != before:
	case all <= rows:
		m.toast("all of it is on the screen; x goes to the older event")
	default:
		m.toast("there is no more of it that way")
	}
}

// explained is the text of d, and its time.
func explained(s *screen, d *explainPane) (explain.Text, logLine) {
	if d.seq != 0 {
		return explain.Event(d.line.event, s.snap, pastOf(s)), d.line
	}
	if crashLoop(s.snap) {
		return explain.CrashLoop(s.snap), logLine{}
	}
	if w := s.snap.ByID(d.worker); w != nil {
		return explain.State(w, s.snap, clockOf(s), pastOf(s)), logLine{time: w.Changed}
	}
	if len(s.snap.Workers) > 0 { // the worker went while its explanation was open
		if ll, ok := d.older(s.all, 0); ok {
			return explain.Event(ll.event, s.snap, pastOf(s)), ll
		}
	}
	return explain.Empty(s.snap), logLine{}
}

// pastOf are the kept events, newest first.
func pastOf(s *screen) explain.Past {
	return func(yield func(engine.Event) bool) {
		for i := len(s.all) - 1; i >= 0; i-- {
			if e := s.all[i].event; e.Seq != 0 && !yield(e) {
				return
			}
		}
	}
}

// explainedIn is how far the log must be scrolled back so that the explained
// line is its last, -1 if the log does not have that line.
func explainedIn(s *screen, d *explainPane) int {
	if d.seq == 0 {
		return -1
	}
	for i := len(s.log) - 1; i >= 0; i-- {
		if s.log[i].event.Seq == d.seq {
			return len(s.log) - 1 - i
		}
	}
	return -1
}
