//go:build mustertest

package tui

import (
	"time"

	"muster/tui/internal/term"

	tea "github.com/charmbracelet/bubbletea"
)

// panicAfter is how long after the start a place panics.
const panicAfter = 300 * time.Millisecond

// panicPoints makes the place that MUSTER_TEST_PANIC names panic: update, view,
// cmd or goroutine.
type panicPoints struct {
	place string
	at    time.Time
}

func newPanicPoints(getenv func(string) string) panicPoints {
	return panicPoints{getenv("MUSTER_TEST_PANIC"), time.Now().Add(panicAfter)}
}

// hit panics if place is the one and the time has come.
func (p panicPoints) hit(place string) {
	if p.place == place && !time.Now().Before(p.at) {
		panic("MUSTER_TEST_PANIC=" + place)
	}
}

// cmd is a command that panics when the time has come, nil if none shall. For
// the other places it is what wakes them.
func (p panicPoints) cmd() tea.Cmd {
	if p.place == "" {
		return nil
	}
	return tea.Tick(panicAfter, func(time.Time) tea.Msg {
		p.hit("cmd")
		return wakeMsg{}
	})
}

// start panics in a goroutine of its own.
func (p panicPoints) start(t *term.Terminal) {
	if p.place != "goroutine" {
		return
	}
	t.Go(func() {
		<-time.After(panicAfter)
		p.hit("goroutine")
	})
}
