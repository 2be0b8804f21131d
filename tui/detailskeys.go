package tui

import (
	"context"
	"errors"
	"fmt"

	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/wireword"

	tea "github.com/charmbracelet/bubbletea"
)

// openDetails is the details that are on the screen, nil if none are.
func (m *model) openDetails() *detailsDialog {
	d, _ := m.s.dialog.(*detailsDialog)
	return d
}

// showDetails opens the details of the selected worker.
func (m *model) showDetails() {
	if m.openDetails() != nil {
		m.toast("these are the details; ◄ and ► show another worker")
		return
	}
	m.s.filter[paneDetails] = ""
	m.open(&detailsDialog{worker: m.s.selected, details: m.details})
}

// closeDetails closes the details, and nothing else.
func (m *model) closeDetails() {
	if m.openDetails() != nil {
		m.close()
	}
}

// otherWorker shows the details of the next or the previous worker.
func (m *model) otherWorker(act action) {
	if m.openDetails() == nil {
		m.toast("◄ and ► show another worker in the details (enter)")
		return
	}
	step, end := 1, "last"
	if act == actLeft {
		step, end = -1, "first"
	}
	before := m.s.selected
	m.selectRow(m.selRow + step)
	if m.s.selected == before {
		m.toast(fmt.Sprintf("worker %d is the %s", before, end))
	}
}

// askDetails asks for the details of the selected worker if the screen shows
// them: at once, and then every few seconds, because counting descriptors costs
// more than a snapshot should.
func (m *model) askDetails() {
	w := m.worker()
	if m.asking || w == nil || !m.s.frozen.IsZero() || !m.wantsDetails() {
		return
	}
	if !alive(w) || w.PID == 0 {
		return // there is no process to look at
	}
	fresh := m.details != nil && m.details.Worker == m.s.selected
	if fresh && m.s.now.Sub(m.detailsAt) < detailsEvery {
		return
	}
	if !fresh && m.detailsFor == m.s.selected && m.s.now.Sub(m.detailsAt) < detailsEvery {
		return // the worker could not be inspected
	}
	m.asking = true
	m.detailsAt, m.detailsFor = m.s.now, m.s.selected
	c, worker := m.c, m.s.selected
	m.run(func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), doLimit)
		defer cancel()
		res, err := c.Do(ctx, engine.Command{Op: engine.OpInspect, Worker: worker, By: wireword.ByKey})
		return detailsMsg{worker, res.Details, err}
	})
}

// wantsDetails tells whether the screen shows something only details know: the
// dialog, the third column, the column FDS.
func (m *model) wantsDetails() bool {
	return m.openDetails() != nil || m.s.view == viewOverview && m.s.w >= 160
}

func (m *model) onDetails(msg detailsMsg) {
	m.asking = false
	d := m.openDetails()
	if msg.err != nil || msg.details == nil {
		// It is no failure if the worker has ended meanwhile: the screen shows
		// what else is known.
		ended := errors.Is(msg.err, engine.ErrNoWorker)
		if d != nil && d.worker == msg.worker && d.details == nil && msg.err != nil && !ended {
			m.toast(safetext.Line(fmt.Sprintf("details of worker %d: %v", msg.worker, msg.err)))
		}
		return
	}
	if msg.worker != m.s.selected {
		return // the worker is no longer selected
	}
	m.dirty = true
	m.details = msg.details
	if msg.details.FDs >= 0 {
		m.s.fds = map[int]int{msg.worker: msg.details.FDs}
	}
	if d != nil && d.worker == msg.worker {
		d.details = msg.details
	}
}

// detailsDialog is the view of one worker (enter); it takes all lines below the head.
type detailsDialog struct {
	dialogBase
	worker  int
	details *engine.Details // nil until the answer has come
	scroll  int             // lines scrolled back in its events and lines
	shown   string          // the variable whose value is not masked, "" = none
}

// detailsMsg is the answer to OpInspect.
type detailsMsg struct {
	worker  int
	details *engine.Details
	err     error
}
