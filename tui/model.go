package tui

import (
	"context"
	"time"

	"muster/engine"
	"muster/internal/onscreen"
	"muster/internal/wireword"

	tea "github.com/charmbracelet/bubbletea"
)

const (
	maxLog       = 2000                   // lines of the log that are kept
	toastTime    = 3 * time.Second        // how long a toast is shown
	holdTime     = 120 * time.Millisecond // the same key again within this time is a held key
	digitTime    = time.Second            // digits of one number follow each other within this time
	clickTime    = 400 * time.Millisecond // two clicks within this time are a double click
	quitTime     = time.Second            // a q this soon after one that closed something is not meant
	detailsEvery = 5 * time.Second        // how often to ask for the selected worker's details again
	doLimit      = 5 * time.Second        // how long the cluster may take to answer a command
	maxTyped     = 8                      // more keys than this in one read are a paste
)

// model is the bubbletea model: it turns keys into commands, and what the
// cluster says into a screen. Only bubbletea's goroutine touches it, and it
// never waits: whatever may wait runs as a tea.Cmd.
type model struct {
	s      screen
	c      engine.View // Do may wait: never from Update
	end    *ending
	clock  func() time.Time
	keys   map[string]*binding
	yes    bool              // --yes: never asks
	copyTo func(text string) // to the clipboard; called from a tea.Cmd

	cmds []tea.Cmd // of the message that is being handled

	under dialog   // the open dialog below dialog
	sent  []string // messages as typed, newest last

	restarting map[int]bool
	policy     policySwitch
	load       loadControl
	tour       onscreen.Tour // nil = none
	watching   watchSwitch
	pace       pace

	heldBack
	leavingState
	toastState
	inputState
	logCount
	selection
	inspector
	newest
	drawing
}

// heldBack is what has come while the screen is frozen.
type heldBack struct {
	heldSnaps []*engine.Snapshot // one a tick
	heldLines []logLine
}

// leavingState is where the end of the dashboard stands.
type leavingState struct {
	closedAt time.Time // when q last closed something
	atOnce   bool      // the end was asked for twice
	leaving  bool      // a guest is about to leave
}

type toastState struct {
	toastUntil time.Time
	toasts     int // how many were shown so far
}

// inputState is earlier keys and clicks that matter for the next one.
type inputState struct {
	last     pressed // the key before
	clicked  pressed // the zone that was clicked last
	mouseOff bool
}

type logCount struct {
	lines int    // how many lines the log had so far
	setup string // the text of the last 'setup' in the log
}

// selection is the row and slot of the selected worker, needed when the worker
// goes.
type selection struct{ selRow, selSlot int }

// inspector is what OpInspect has told of the selected worker.
type inspector struct {
	details    *engine.Details // as of detailsAt
	detailsAt  time.Time       // when they were asked for
	asking     bool            // a question is under way
	detailsFor int             // of which worker
}

// newest is the newest snapshot as the engine made it.
type newest struct {
	raw                *engine.Snapshot
	taken, takenBefore uint64 // connections the workers took, at the last two ticks
}

// drawing is the frame that is on the screen, and when the next one is due.
type drawing struct {
	zones  []zone
	frame  string
	dirty  bool      // the frame does not show what s says
	drawn  time.Time // when the frame was made
	wakeAt time.Time // when the next wakeMsg comes, zero = none is due
	wakeNo int
	sizing bool              // a resize was drawn within the last resizeTime
	size   tea.WindowSizeMsg // the newest size, limited to what is drawn on
}

// pressed is something pressed, and when.
type pressed struct {
	what string
	at   time.Time
}

// again notes a press and tells whether the same one came less than d before.
func (p *pressed) again(what string, now time.Time, d time.Duration) bool {
	same := p.what == what && now.Sub(p.at) < d
	*p = pressed{what, now}
	return same
}

// run queues cmd to be carried out after this Update.
func (m *model) run(cmd tea.Cmd) {
	if cmd != nil {
		m.cmds = append(m.cmds, cmd)
	}
}

// toast shows text in the place of the hints for a while.
func (m *model) toast(text string) {
	m.s.toast = text
	m.toasts++
	m.toastUntil = m.s.now.Add(toastTime)
	m.dirty = true
}

// stage is what is open. A toast belongs to the stage it was shown on.
type stage struct {
	dialog          dialog
	help, filtering bool
	view            viewID
}

func (m *model) stage() stage { return stage{m.s.dialog, m.s.help, m.s.filtering, m.s.view} }

// toastMsg is a toast from outside the model.
type toastMsg string

// do makes the cluster carry out a command.
func (m *model) do(cmd engine.Command) {
	cmd.By = wireword.ByKey
	c := m.c
	m.run(func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), doLimit)
		defer cancel()
		res, err := c.Do(ctx, cmd)
		return doneMsg{cmd, res, err}
	})
}

// doneMsg is the cluster's answer to a command.
type doneMsg struct {
	cmd engine.Command
	res engine.Result
	err error
}

// copyText copies text, which is safe for a terminal.
func (m *model) copyText(text, what string) {
	copyTo := m.copyTo
	m.run(func() tea.Msg {
		copyTo(text)
		return toastMsg(what + " copied, if this terminal lets programs copy")
	})
}
