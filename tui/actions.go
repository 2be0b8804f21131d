package tui

import (
	"fmt"
	"strconv"

	"muster/engine"
	"muster/internal/plural"
)

func (m *model) fork() {
	snap := m.s.snap
	live := live(snap)
	switch {
	case live >= engine.MaxWorkers:
		m.toast(fmt.Sprintf("%d workers are the most there can be", engine.MaxWorkers))
	case live >= 4*max(snap.CPUs, 1):
		m.ask(&question{
			title: "fork one more?",
			yes:   "fork it",
			no:    "enough",
			facts: fmt.Sprintf("%s on %s", plural.Of(live, "worker"), plural.Of(snap.CPUs, "CPU")),
			act:   actFork,
		})
	default:
		m.do(engine.Command{Op: engine.OpFork})
	}
}

func (m *model) disconnect() {
	w := m.worker()
	switch w.State {
	case engine.StateExited:
		m.toast(fmt.Sprintf("worker %d has ended: there is nothing to disconnect", w.ID))
	case engine.StateDisconnecting:
		left := ""
		if w.Open != nil {
			left = fmt.Sprintf(", %d left", *w.Open)
		}
		m.toast(fmt.Sprintf("%d is leaving%s; %s kills", w.ID, left, m.killKeyName()))
	case engine.StateDisconnected:
		m.toast(fmt.Sprintf("%d is disconnected already; %s kills", w.ID, m.killKeyName()))
	case engine.StateListening:
		if m.s.snap.Count().Listening == 1 {
			m.ask(&question{
				title:  fmt.Sprintf("disconnect %d, the last that listens?", w.ID),
				yes:    "it finishes and leaves",
				no:     "it stays",
				facts:  openFacts(w.Open),
				short:  openShort(w.Open),
				act:    actDisconnect,
				worker: w.ID,
			})
			return
		}
		fallthrough
	default:
		m.do(engine.Command{Op: engine.OpDisconnect, Worker: w.ID})
	}
}

func (m *model) disconnectAll() {
	staying := 0
	for i := range m.s.snap.Workers {
		switch m.s.snap.Workers[i].State {
		case engine.StateForked, engine.StateOnline, engine.StateListening:
			staying++
		}
	}
	if staying == 0 {
		if live(m.s.snap) > 0 {
			m.toast("all of them are leaving already")
		} else {
			m.toast("there is no worker to disconnect; f forks one")
		}
		return
	}
	m.ask(&question{
		title: fmt.Sprintf("disconnect %s?", allOf(staying)),
		yes:   "they finish and leave",
		no:    "they stay",
		facts: openFacts(m.s.snap.Open),
		short: openShort(m.s.snap.Open),
		act:   actDisconnectAll,
	})
}

func (m *model) restart() {
	w := m.worker()
	switch {
	case m.restarting[w.ID] || w.ReplacedBy != 0:
		m.toast(fmt.Sprintf("worker %d is being replaced already", w.ID))
	case m.comesUp(w):
		m.toast(fmt.Sprintf("worker %d comes up to replace %d", w.ID, w.Replaces))
	case w.State == engine.StateExited && w.Next == nil:
		m.toast(fmt.Sprintf("worker %d has left for good; f forks one", w.ID))
	case w.State == engine.StateDisconnecting, w.State == engine.StateDisconnected:
		m.toast(fmt.Sprintf("worker %d is leaving; f forks another", w.ID))
	default:
		m.restarting[w.ID] = true
		m.do(engine.Command{Op: engine.OpRestart, Worker: w.ID})
	}
}

// comesUp tells whether w is the new worker of a running restart: the worker it
// replaces is still there.
func (m *model) comesUp(w *engine.Row) bool {
	if w.Replaces == 0 || w.State == engine.StateExited {
		return false
	}
	old := m.s.snap.ByID(w.Replaces)
	return old != nil && old.ReplacedBy == w.ID && old.State != engine.StateExited
}

func (m *model) copyPID() {
	w := m.worker()
	if w.PID == 0 {
		m.toast(fmt.Sprintf("worker %d never had a pid", w.ID))
		return
	}
	text := strconv.Itoa(w.PID)
	m.copyText(text, "pid "+text)
}

// killKeyName is the key of the kill menu.
func (m *model) killKeyName() string { return bindingOf(actKill).names(m.s.vim)[0] }
