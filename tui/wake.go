package tui

import (
	"time"

	"muster/engine"

	tea "github.com/charmbracelet/bubbletea"
)

const (
	// An unchanged picture is drawn again after this time: a little more than
	// the second between samples, so that normally a sample comes first.
	idleTime = 1100 * time.Millisecond
	// A countdown is drawn in tenths of a second.
	countTime = 100 * time.Millisecond
	// After a resize further resizes wait this long, however many come.
	resizeTime = 50 * time.Millisecond
)

// wakeMsg comes when the frame must be drawn again though nothing happened.
type wakeMsg struct{ no int }

// sizedMsg comes when further resizes have waited long enough.
type sizedMsg struct{}

// schedule schedules the next wakeMsg, and replaces one that is due too late.
func (m *model) schedule() {
	due := m.due()
	if !m.wakeAt.IsZero() && !due.Before(m.wakeAt) {
		return
	}
	m.wakeNo++
	m.wakeAt = due
	no := m.wakeNo
	m.run(tea.Tick(max(due.Sub(m.s.now), 10*time.Millisecond), func(time.Time) tea.Msg { return wakeMsg{no} }))
}

func (m *model) onWake(msg wakeMsg) {
	if msg.no != m.wakeNo {
		return // this one was replaced by an earlier one
	}
	m.wakeAt = time.Time{}
	if !m.s.now.Before(m.due()) {
		m.dirty = true
	}
}

// due is when the frame will first look different because time has passed.
func (m *model) due() time.Time {
	due := m.drawn.Add(idleTime)
	at := func(t time.Time) {
		if t.After(m.drawn) && t.Before(due) {
			due = t
		}
	}
	if m.s.toast != "" {
		at(m.toastUntil)
	}
	at(m.rateLineDue())
	if m.s.shown.name != "" {
		at(m.s.shown.until)
	}
	if !m.s.frozen.IsZero() || m.s.snap == nil {
		return due
	}
	if m.s.traffic.slow != nil {
		at(m.drawn.Add(slowDraw))
	}
	if m.counts() {
		at(m.drawn.Add(countTime))
	}
	for i := range m.s.snap.Workers {
		w := &m.s.snap.Workers[i]
		at(w.Changed.Add(reversedTime))
		at(w.Changed.Add(boldTime))
		if w.Replaces != 0 {
			at(w.Forked.Add(forTime))
		}
	}
	if n := len(m.s.log); n > 0 {
		at(m.s.log[n-1].at().Add(newLineTime))
	}
	return due
}

// counts tells whether a countdown is on the screen.
func (m *model) counts() bool {
	if m.s.snap.Stopping && !m.s.snap.StopBy.IsZero() {
		return true
	}
	for i := range m.s.snap.Workers {
		w := &m.s.snap.Workers[i]
		switch {
		case w.State == engine.StateDisconnecting && !w.LeaveBy.IsZero(),
			w.State == engine.StateDisconnected && w.StopSignal != "" && !w.LeaveBy.IsZero(),
			w.State == engine.StateExited && w.Next != nil && !w.Next.Stopped:
			return true
		}
	}
	return false
}

// expire removes what was shown long enough.
func (m *model) expire() {
	m.sayRate(false)
	m.expireKey()
	if m.s.toast != "" && !m.s.now.Before(m.toastUntil) {
		m.s.toast = ""
		m.dirty = true
	}
}

// The largest frame, in cells: more than any screen has. A terminal may claim
// to be 65535 by 65535, and such a frame would take gigabytes.
const (
	mostW = 1000
	mostH = 500
)

// drawnSize is how much of a terminal of w by h cells is drawn on.
func drawnSize(w, h int) (int, int) { return clamp(0, w, mostW), clamp(0, h, mostH) }

// onSize takes a new size. Of a thousand sizes a second, twenty are drawn,
// including the last.
func (m *model) onSize(msg tea.WindowSizeMsg) {
	m.size.Width, m.size.Height = drawnSize(msg.Width, msg.Height)
	if m.sizing {
		return
	}
	m.sizing = true
	m.s.w, m.s.h = m.size.Width, m.size.Height
	m.clampScroll()
	m.showSelected()
	m.dirty = true
	m.run(tea.Tick(resizeTime, func(time.Time) tea.Msg { return sizedMsg{} }))
}
