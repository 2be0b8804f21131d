package tui

import (
	"slices"

	"muster/engine"
)

// watch makes the cluster watch connections only while they are on the screen:
// it costs every connection a little.
func (m *model) watch() {
	w := &m.watching
	want := m.s.view == viewTraffic && !m.s.stopping
	again := want && !w.refused && m.s.now.Sub(w.asked) >= watchAgain
	if w.running || w.on == want && !again {
		return
	}
	cmd := engine.Command{Op: engine.OpWatch, Viewer: w.viewer}
	w.running, w.on, w.asked, w.refused = true, want, m.s.now, false
	if want {
		w.ever.Store(true)
		cmd.For = watchFor
	}
	m.do(cmd)
}

// watchDone handles the cluster's answer. After a refusal the screen does not
// ask again until the view is opened again: the toast has said why.
func (m *model) watchDone(err error) { m.watching.running, m.watching.refused = false, err != nil }

// story is the story that is open, nil if none is.
func (m *model) story() *connStory {
	d, _ := m.s.dialog.(*connStory)
	return d
}

// leaveTraffic forgets what matters only while view 3 is open.
func (m *model) leaveTraffic() {
	if m.story() != nil {
		m.close()
	}
	m.s.traffic = trafficState{}
}

// trafficKey handles a key with a special meaning in view 3; false = the key
// means the same as elsewhere.
func (m *model) trafficKey(act action) bool {
	switch act {
	case actUp, actDown, actPageUp, actPageDown, actHalfDown, actHome, actEnd:
		m.moveConn(act)
	case actTextUp, actTextDown:
		m.toast("the arrows ↑ ↓ move; --keys vim makes it j and k")
	case actDetails:
		m.showStory()
	case actEsc:
		return m.escTraffic()
	case actFilter, actNextHit, actPrevHit:
		m.toast("there is nothing to filter here; 4 shows the log")
	default:
		return false
	}
	return true
}

// escTraffic closes or clears one thing of view 3, if there is one.
func (m *model) escTraffic() bool {
	switch {
	case m.story() != nil:
		m.close()
	case m.s.dialog != nil:
		return false
	case m.s.traffic.slow != nil:
		m.slowDown()
	case m.s.traffic.selected != 0:
		m.s.traffic.selected = 0
	default:
		return false
	}
	return true
}

// moveConn moves the selection along the list; the first key selects the
// newest connection.
func (m *model) moveConn(act action) {
	conns := shownConns(&m.s)
	if len(conns) == 0 || !m.s.snap.PrimaryDeals() {
		m.toast("there is no connection to select")
		return
	}
	last := len(conns) - 1
	i := slices.IndexFunc(conns, func(c engine.TrafficConn) bool { return c.N == m.s.traffic.selected })
	to := last
	if i >= 0 {
		to = clamp(0, i-scrollBy(act, layoutFor(&m.s).conns.list, len(conns)), last)
	}
	if to == i {
		end := "newest"
		if i == 0 && last > 0 {
			end = "oldest that is kept"
		}
		m.toast("connection " + connName(conns[i].N) + " is the " + end)
		return
	}
	m.selectConn(&conns[to])
}

func (m *model) selectConn(c *engine.TrafficConn) {
	m.s.traffic.selected = c.N
	if d := m.story(); d != nil {
		d.conn = *c
	}
}

// showStory opens the story of the selected connection, or of the newest.
func (m *model) showStory() {
	conns := shownConns(&m.s)
	if m.story() != nil {
		m.toast("this is its way; ↑ and ↓ show another connection")
		return
	}
	if len(conns) == 0 || !m.s.snap.PrimaryDeals() {
		m.toast("there is no connection to tell of")
		return
	}
	c := &conns[len(conns)-1]
	for i := range conns {
		if conns[i].N == m.s.traffic.selected {
			c = &conns[i]
		}
	}
	m.s.traffic.selected = c.N
	m.open(&connStory{conn: *c})
}

// slowDown is the key v: it switches slow motion on or off.
func (m *model) slowDown() {
	switch {
	case m.s.view != viewTraffic:
		m.toast("3 shows the traffic; v slows it there")
		return
	case !m.s.snap.PrimaryDeals():
		m.toast("the primary sees no connection that could be slowed")
		return
	}
	m.thaw()
	if m.s.traffic.slow != nil {
		m.s.traffic.slow = nil
		return
	}
	sm := &slowMotion{at: m.s.now, from: m.s.now, moved: m.s.now}
	if t := m.s.snap.Traffic; t != nil {
		sm.begin(t.Conns, 0)
	}
	m.s.traffic.slow = sm
}

// moveSlow advances the slow motion before a frame is drawn.
func (m *model) moveSlow() {
	sm := m.s.traffic.slow
	if sm == nil {
		return
	}
	d := m.s.now.Sub(sm.moved)
	sm.moved = m.s.now
	if !m.s.frozen.IsZero() || m.s.snap.Traffic == nil {
		return
	}
	sm.refresh(m.s.snap.Traffic.Conns)
	sm.move(d, m.s.snap.Traffic.Conns)
}

// clickConn selects a connection with the mouse; a double click is enter.
func (m *model) clickConn(n uint64, double bool) (press string) {
	conns := shownConns(&m.s)
	for i := range conns {
		if conns[i].N == n {
			m.selectConn(&conns[i])
		}
	}
	if double && m.story() == nil {
		return "enter"
	}
	return ""
}
