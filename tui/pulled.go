package tui

import (
	"slices"
	"time"

	"muster/engine"
	"muster/internal/plaintext"
)

// maxHeld is how many pictures are kept while the screen is frozen: as many as
// a history can show.
const maxHeld = 64

// onPulled takes in what the cluster says. A frozen screen only counts it.
func (m *model) onPulled(msg pulledMsg) {
	m.s.missed += msg.lost
	if m.s.frozen.IsZero() {
		m.dirty = true
		m.addLines(msg.lines)
		m.show(msg.snap)
		return
	}
	m.s.missedIn += msg.events + int(msg.lost)
	m.heldLines = tail(append(m.heldLines, msg.lines...), maxLog)
	if n := len(m.heldSnaps); n > 0 && m.heldSnaps[n-1].Tick == msg.snap.Tick {
		m.heldSnaps[n-1] = msg.snap
	} else {
		m.heldSnaps = tail(append(m.heldSnaps, msg.snap), maxHeld)
	}
	if msg.snap.Stopping {
		m.thaw() // the user must see the end
	}
}

// freeze holds the picture, or lets it go on.
func (m *model) freeze() {
	if !m.s.frozen.IsZero() {
		m.thaw()
		return
	}
	m.s.frozen = m.s.now
	m.s.missedIn = 0
}

// thaw shows what has happened since the screen froze.
func (m *model) thaw() {
	if m.s.frozen.IsZero() {
		return
	}
	m.s.frozen = time.Time{}
	m.s.missedIn = 0
	m.dirty = true
	m.showLoad()
	m.addLines(m.heldLines)
	for _, snap := range m.heldSnaps {
		m.show(snap)
	}
	m.heldLines, m.heldSnaps = nil, nil
}

// show makes snap the picture.
func (m *model) show(snap *engine.Snapshot) {
	old := m.raw
	if snap == nil || snap == old {
		return
	}
	if old == nil || old.Tick != snap.Tick {
		m.takenBefore, m.taken = m.taken, connections(snap)
	}
	m.raw, m.s.snap = snap, m.pace.picture(plaintext.Snapshot(snap))
	m.s.hist.Add(snap)
	m.policy.seen(snap)
	m.follow()
	if snap.Stopping && !m.s.stopping {
		m.showStopping() // somebody else asked for the stop
	}
	if m.s.dialog != nil {
		m.s.dialog.refresh(m)
	}
}

// connections is how many connections came to the cluster so far, as far as
// the primary can know.
func connections(snap *engine.Snapshot) uint64 { return snap.Accepted + snap.Taken }

// idle tells whether ending the cluster now would cut nothing off: no
// connection is open or, if that is not known, none came within the last tick
// and nothing was answered.
func (m *model) idle() bool {
	snap := m.raw
	if snap.Queue > 0 || snap.Handing > 0 {
		return false
	}
	if snap.Open != nil {
		return *snap.Open == 0
	}
	quiet := snap.ReqRate == nil || *snap.ReqRate == 0
	return quiet && m.taken == m.takenBefore
}

// addLines appends to the log. A log that is scrolled back stays where it is.
func (m *model) addLines(ls []logLine) {
	ls = m.withoutRepeats(ls)
	if len(ls) == 0 {
		return
	}
	ls = slices.Clone(ls)
	for i := range ls {
		m.lines++
		ls[i].no = m.lines
	}
	m.s.all = tail(append(m.s.all, ls...), maxLog)
	m.s.logTotal = len(m.s.all)
	f := m.s.filter[paneLog]
	if f == "" {
		m.s.log = m.s.all
		m.holdLog(len(ls))
		return
	}
	n := len(m.s.log)
	for _, l := range ls {
		if l.match(f) {
			m.s.log = append(m.s.log, l)
		}
	}
	n = len(m.s.log) - n
	m.s.log = tail(m.s.log, maxLog)
	m.holdLog(n)
}

// withoutRepeats leaves out each 'setup' that repeats the one before: as in
// Node every fork causes one, and they would hide the forks.
func (m *model) withoutRepeats(ls []logLine) []logLine {
	isSetup := func(l logLine) bool { return l.Kind == string(engine.KindSetup) }
	if !slices.ContainsFunc(ls, isSetup) {
		return ls // the usual case
	}
	return slices.DeleteFunc(slices.Clone(ls), func(l logLine) bool {
		if !isSetup(l) {
			return false
		}
		again := m.setup == l.Plain[0]
		m.setup = l.Plain[0]
		return again
	})
}

// holdLog keeps a scrolled log on its lines when n new ones came.
func (m *model) holdLog(n int) {
	if m.s.logBack > 0 {
		m.s.logBack += n
	}
	m.clampScroll()
}

// filterLog makes the log anew after its filter changed, from the newest line.
func (m *model) filterLog() {
	f := m.s.filter[paneLog]
	m.s.logBack = 0
	if f == "" {
		m.s.log = m.s.all
		return
	}
	m.s.log = nil
	for _, l := range m.s.all {
		if l.match(f) {
			m.s.log = append(m.s.log, l)
		}
	}
}

// tail is the last n of s. It frees the memory of the others once that is as
// much as the memory it keeps.
func tail[T any](s []T, n int) []T {
	if len(s) <= n {
		return s
	}
	if cap(s) > 2*n {
		return append(make([]T, 0, n+n/2), s[len(s)-n:]...)
	}
	return s[len(s)-n:]
}

// pulledMsg is what a pull brought.
type pulledMsg struct {
	snap   *engine.Snapshot
	lines  []logLine // of the new events that make a line, at most maxLog
	events int       // new events
	lost   uint64    // how many events were gone
}
