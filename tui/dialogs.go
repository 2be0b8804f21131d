package tui

import (
	"fmt"
	"strconv"
	"strings"

	"muster/engine"
)

// open puts a dialog on top; details it covers come back when it is closed.
func (m *model) open(d dialog) {
	if details := m.openDetails(); details != nil {
		m.under, details.shown = details, ""
	}
	m.s.dialog = d
}

// close takes the dialog on top away.
func (m *model) close() {
	m.digits = ""
	m.s.dialog = nil
	if m.under != nil {
		m.s.dialog = m.under
		m.under = nil
	}
}

// closeAll takes every dialog away.
func (m *model) closeAll() {
	m.under = nil
	m.close()
}

// ask opens a question; with --yes it is answered at once.
func (m *model) ask(q *question) {
	if m.yes {
		m.answer(q)
		return
	}
	m.open(q)
}

// questionKey is a key while a question is open. Anything that is not a yes
// changes nothing: the answer by default is no.
func (m *model) questionKey(q *question, key string) {
	switch key {
	case "y":
		m.close()
		m.answer(q)
	case "q":
		if q.act == actQuit {
			m.close()
			m.answer(q)
			return
		}
		m.closedAt = m.s.now
		m.close()
	case "n", "esc", "enter":
		m.close()
		if key == "enter" {
			m.toast("enter is no: nothing was done")
		}
	case "?", "h", "f1":
		m.s.help = true
	default:
		m.toast("y or n first")
	}
}

// answer does what a question was about.
func (m *model) answer(q *question) {
	switch q.act {
	case actFork:
		m.do(engine.Command{Op: engine.OpFork})
	case actDisconnect:
		if w := m.s.snap.ByID(q.worker); w == nil || w.State == engine.StateExited {
			m.toast(fmt.Sprintf("worker %d has ended: nothing was done", q.worker))
			return
		}
		m.do(engine.Command{Op: engine.OpDisconnect, Worker: q.worker})
	case actDisconnectAll:
		m.do(engine.Command{Op: engine.OpDisconnectAll})
	case actQuit:
		m.stop()
	}
}

// openKill opens the kill menu on the selected worker, and on nothing else: what
// moves under the cursor meanwhile is not hit.
func (m *model) openKill() {
	w := m.worker()
	switch {
	case w.State == engine.StateExited && w.Next != nil:
		m.toast(fmt.Sprintf("worker %d has ended; r forks it again now", w.ID))
	case w.State == engine.StateExited:
		m.toast(fmt.Sprintf("worker %d has ended: there is nothing to kill", w.ID))
	default:
		m.digits = ""
		m.open(&killMenu{worker: w.ID, pid: w.PID})
	}
}

// killKey is a key while the kill menu is open. Only enter sends.
func (m *model) killKey(d *killMenu, key string) {
	if key != "" && strings.Contains("0123456789", key) {
		m.killDigit(d, key)
		return
	}
	m.digits = ""
	before := d.cursor
	switch key {
	case "enter":
		m.close()
		m.kill(d)
		return
	case "esc":
		m.close()
	case "q":
		m.closedAt = m.s.now
		m.close()
	case "up", "k":
		d.cursor = clamp(0, d.cursor-1, len(killChoices)-1)
	case "down", "j":
		d.cursor = clamp(0, d.cursor+1, len(killChoices)-1)
	case "home", "g", "pgup":
		d.cursor = 0
	case "end", "G", "pgdown":
		d.cursor = len(killChoices) - 1
	case "!":
		for i, c := range killChoices {
			if c.crash {
				d.cursor = i
			}
		}
	case "?", "h", "f1":
		m.s.help = true
	default:
		m.toast(fmt.Sprintf("enter sends, esc leaves; %s does nothing here", keyName(key)))
		return
	}
	if d.cursor == before && m.s.dialog == dialog(d) && !m.s.help {
		m.toast(killChoices[before].name + " is picked already; enter sends, esc leaves")
	}
}

// killDigit picks the signal whose number is being typed. A digit that makes no
// number with those before begins a new one.
func (m *model) killDigit(d *killMenu, digit string) {
	if m.s.now.Sub(m.digitsAt) >= digitTime {
		m.digits = ""
	}
	m.digitsAt = m.s.now
	for _, typed := range []string{m.digits + digit, digit} {
		if i := signalRow(typed); i >= 0 {
			m.digits, d.cursor = typed, i
			return
		}
	}
	m.digits = ""
	m.toast(digit + " is the number of no signal here")
}

// signalRow is the choice whose number is typed, else the first whose number
// begins so, else -1.
func signalRow(typed string) int {
	begins := -1
	for i, c := range killChoices {
		n := strconv.Itoa(c.number)
		switch {
		case c.crash:
		case n == typed:
			return i
		case begins < 0 && strings.HasPrefix(n, typed):
			begins = i
		}
	}
	return begins
}

// kill sends what the menu has picked, unless its worker has ended meanwhile.
func (m *model) kill(d *killMenu) {
	w := m.s.snap.ByID(d.worker)
	if w == nil || w.PID != d.pid || w.State == engine.StateExited {
		m.toast(fmt.Sprintf("worker %d (pid %d) has ended: nothing was sent", d.worker, d.pid))
		return
	}
	c := killChoices[clamp(0, d.cursor, len(killChoices)-1)]
	if c.crash {
		m.do(engine.Command{Op: engine.OpCrash, Worker: d.worker})
		return
	}
	m.do(engine.Command{Op: engine.OpKill, Worker: d.worker, Signal: c.signal})
}
