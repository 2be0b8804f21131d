package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/engine"
	"muster/internal/plural"
	"muster/internal/say"
	"muster/tui/internal/cell"
)

// killMenu is the menu of k. The target is fixed when it opens.
type killMenu struct {
	dialogBase
	worker, pid int
	cursor      cursor // in killChoices

	digits   string // typed so far
	digitsAt time.Time
}

// killChoice is one line of the kill menu.
type killChoice struct {
	number int // 0 for the crash, whose key is !
	name   string
	text   string
	brief  string // text on a narrow screen, "" = the same
	signal syscall.Signal
	crash  bool // without the API: the worker is replaced
}

// killChoices are the lines of the kill menu. The signal numbers are those of
// this system.
var killChoices = []killChoice{
	signalChoice(syscall.SIGTERM, "SIGTERM", "asks it to end; the program may tidy up, or refuse", "asks it to end; it may tidy up, or refuse"),
	signalChoice(syscall.SIGKILL, "SIGKILL", "ends it now", ""),
	signalChoice(syscall.SIGINT, "SIGINT", "what Ctrl+C sends", ""),
	signalChoice(syscall.SIGHUP, "SIGHUP", "many programs end or read their settings again", "many end, or read their settings again"),
	signalChoice(syscall.SIGUSR1, "SIGUSR1", "Node: opens its inspector", ""),
	signalChoice(syscall.SIGUSR2, "SIGUSR2", "", ""),
	signalChoice(syscall.SIGSTOP, "SIGSTOP", "stands still until SIGCONT: see what its connections do", "stands still until SIGCONT"),
	signalChoice(syscall.SIGCONT, "SIGCONT", "goes on", ""),
	{name: "crash", text: "SIGKILL past the API, like an accident: false, it is replaced",
		brief: "SIGKILL like an accident: it is replaced", signal: syscall.SIGKILL, crash: true},
}

func signalChoice(sig syscall.Signal, name, text, brief string) killChoice {
	return killChoice{number: int(sig), name: name, text: text, brief: brief, signal: sig}
}

// openKill opens the kill menu for the selected worker and no other: a worker
// that moves under the cursor meanwhile is not hit.
func (m *model) openKill() {
	w := m.worker()
	switch {
	case w.State == engine.StateExited && w.Next != nil:
		m.toast(fmt.Sprintf("worker %d has ended; r forks it again now", w.ID))
	case w.State == engine.StateExited:
		m.toast(fmt.Sprintf("worker %d has ended: there is nothing to kill", w.ID))
	default:
		m.open(&killMenu{worker: w.ID, pid: w.PID})
	}
}

// key handles a key while the kill menu is open. Only enter sends.
func (d *killMenu) key(m *model, key string) bool {
	if key != "" && strings.Contains("0123456789", key) {
		m.killDigit(d, key)
		return true
	}
	d.digits = ""
	before := d.cursor.at(len(killChoices))
	switch key {
	case "enter":
		m.close()
		m.kill(d)
		return true
	case "esc":
		m.close()
	case "q":
		m.closedAt = m.s.now
		m.close()
	case "!":
		d.cursor = cursor(slices.IndexFunc(killChoices, func(c killChoice) bool { return c.crash }))
	case "?", "h", "f1":
		m.s.help = true
	default:
		if !d.cursor.key(key, len(killChoices)) {
			m.toast(fmt.Sprintf("enter sends, esc leaves; %s does nothing here", keyName(key)))
			return true
		}
	}
	if d.cursor.at(len(killChoices)) == before && m.s.dialog == dialog(d) && !m.s.help {
		m.toast(killChoices[before].name + " is picked already; enter sends, esc leaves")
	}
	return true
}

// killDigit picks the signal whose number is being typed. A digit that makes no
// valid number with the digits before it begins a new number.
func (m *model) killDigit(d *killMenu, digit string) {
	if m.s.now.Sub(d.digitsAt) >= digitTime {
		d.digits = ""
	}
	d.digitsAt = m.s.now
	for _, typed := range []string{d.digits + digit, digit} {
		if i := signalRow(typed); i >= 0 {
			d.digits, d.cursor = typed, cursor(i)
			return
		}
	}
	d.digits = ""
	m.toast(digit + " is the number of no signal here")
}

// signalRow is the choice whose number is typed, or the first whose number
// begins with typed, or -1.
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

// kill sends the picked signal, unless the worker has ended meanwhile.
func (m *model) kill(d *killMenu) {
	w := m.s.snap.ByID(d.worker)
	if w == nil || w.PID != d.pid || w.State == engine.StateExited {
		m.toast(fmt.Sprintf("worker %d (pid %d) has ended: nothing was sent", d.worker, d.pid))
		return
	}
	c := killChoices[d.cursor.at(len(killChoices))]
	if c.crash {
		m.do(engine.Command{Op: engine.OpCrash, Worker: d.worker})
		return
	}
	m.do(engine.Command{Op: engine.OpKill, Worker: d.worker, Signal: c.signal})
}

// draw is the kill menu under its rule.
func (d *killMenu) draw(s *screen, a area) ([]string, []zone) {
	target := s.snap.ByID(d.worker)
	if target != nil && (target.PID != d.pid || !alive(target)) {
		target = nil
	}
	facts := "pid " + strconv.Itoa(d.pid)
	if target == nil {
		facts += "   it has ended: nothing will be sent"
	} else {
		if target.Open != nil {
			facts += "   " + fmtOpen(*target.Open) + " open"
		}
		facts += "   up " + say.Span(clockOf(s).Sub(target.Forked))
	}
	out := []string{cell.Rule{Title: "kill worker " + strconv.Itoa(d.worker), Right: facts, Joint: a.joint}.Draw(s.pen(), a.w)}

	// In a low pane the choices scroll, so that the picked one stays visible.
	picked := d.cursor.at(len(killChoices))
	const least = 3 // choices
	notes := killNotes(d.worker, d.pid, killChoices[picked], s, a.w-len(killCall))
	notes = notes[:clamp(0, a.rows-least, len(notes))]
	seen := clamp(0, a.rows-len(notes), len(killChoices))
	first := clamp(0, picked-seen+1, max(len(killChoices)-seen, 0))
	var zones []zone
	for i := first; i < first+seen; i++ {
		zones = append(zones, zone{x1: a.w, y: a.y + len(out), kind: zoneMenu, worker: i})
		out = append(out, killLine(s, a.w, killChoices[i], i == picked, target))
	}
	for _, n := range notes {
		l := cell.NewLine(a.w, s.signs)
		l.Put(s.theme.Muted, n.name)
		l.Put(s.theme.Text, n.value)
		out = append(out, l.String())
	}
	return cell.FilledUp(out, 1+a.rows, a.w), zones
}

func killLine(s *screen, w int, c killChoice, picked bool, target *engine.Row) string {
	l := cell.NewLine(w, s.signs)
	st, mark := s.theme.Text, " "
	if picked {
		st, mark = s.theme.Selected, s.signs.Selected
	}
	number := "!"
	if !c.crash {
		number = strconv.Itoa(c.number)
	}
	const before = 17 // cells: mark, number, name
	text := c.text
	if c.brief != "" {
		text = cell.Fitting(w-before, c.text, c.brief)
	}
	if c.signal == syscall.SIGKILL && !c.crash && target != nil && target.Open != nil && *target.Open > 0 {
		text += ": its " + plural.Of(*target.Open, "connection")
		if *target.Open == 1 {
			text += " is cut"
		} else {
			text += " are cut"
		}
	}
	l.Raw(st, " ", 1)
	l.Raw(st, mark, 1)
	l.Put(st, fmt.Sprintf("%3s  %-9s %s", number, c.name, text))
	if picked {
		l.Raw(st, cell.Spaces(w-l.Used()), w-l.Used())
	}
	return l.String()
}

// killCall is the text before the call a choice makes.
const killCall = " call    "

// killNotes say what enter would do, within cells.
func killNotes(worker, pid int, c killChoice, s *screen, cells int) []fact {
	call := fmt.Sprintf("cluster.workers[%d].kill('%s')", worker, c.name)
	if c.crash {
		call = fmt.Sprintf("process.kill(%d, 'SIGKILL')", pid)
	}
	return []fact{{killCall, call}, {" then    ", cell.Fitting(cells, afterSignal(c, s.snap)...)}}
}

// afterSignal is what follows a choice, longest form first.
func afterSignal(c killChoice, snap *engine.Snapshot) []string {
	switch {
	case c.crash:
		return []string{"exit with exitedAfterDisconnect false: not voluntary, replaced", "exitedAfterDisconnect false: it is replaced"}
	case c.signal == syscall.SIGSTOP:
		switch after := "killed after " + say.Prose(snap.Stall); {
		case snap.Stall <= 0:
		case snap.PrimaryDeals():
			return []string{"gets no more after 1 s; " + after + " without an answer", "no more after 1 s; " + after}
		default:
			return []string{"accepts nothing; " + after + " without an answer", "accepts nothing; " + after}
		}
		return []string{"exitedAfterDisconnect stays as it is; what waits for it waits", "what waits for it waits"}
	case c.signal == syscall.SIGCONT:
		return []string{"exitedAfterDisconnect stays as it is"}
	case c.signal == syscall.SIGUSR1, c.signal == syscall.SIGUSR2:
		return []string{"exitedAfterDisconnect stays as it is; if it ends, it is replaced", "if it ends, it is replaced"}
	}
	return []string{"exit with exitedAfterDisconnect true: voluntary, not replaced", "exitedAfterDisconnect true: it is not replaced"}
}

func (*killMenu) hints(*screen) []hint {
	return []hint{{"enter", "send", "send"}, {"↑ ↓ k j or a number", "pick", "pick"}, {"esc", "back, nothing sent", "back"}}
}

// click picks a signal; a double click sends it.
func (d *killMenu) click(m *model, z zone, double bool) (press string, mine bool) {
	return d.cursor.click(m, z, double, len(killChoices))
}

func (d *killMenu) wheel(_ *model, z zone, up bool) bool {
	return d.cursor.wheel(z, up, len(killChoices))
}
