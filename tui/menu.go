package tui

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"muster/engine"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// killChoice is one line of the kill menu.
type killChoice struct {
	number int // 0 for the crash, whose key is !
	name   string
	text   string
	brief  string // text on a narrow screen, "" = the same
	signal syscall.Signal
	crash  bool // past the API: the worker is replaced
}

// killChoices are the lines of the kill menu. The numbers are this system's.
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

// killPane is the kill menu in rows lines under its rule; the first is line y.
func killPane(s *screen, d *killMenu, w, rows, y, joint int) ([]string, []zone) {
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
		facts += "   up " + fmtSpan(clockOf(s).Sub(target.Forked))
	}
	out := []string{cell.Rule{Title: "kill worker " + strconv.Itoa(d.worker), Right: facts, Joint: joint}.Draw(s.pen(), w)}

	// In a low pane the choices scroll, so that what enter would do stays seen.
	cursor := clamp(0, d.cursor, len(killChoices)-1)
	const least = 3 // choices
	notes := killNotes(d.worker, d.pid, killChoices[cursor], s, w-len(killCall))
	notes = notes[:clamp(0, rows-least, len(notes))]
	seen := clamp(0, rows-len(notes), len(killChoices))
	first := clamp(0, cursor-seen+1, max(len(killChoices)-seen, 0))
	var zones []zone
	for i := first; i < first+seen; i++ {
		zones = append(zones, zone{x1: w, y: y + len(out), kind: zoneMenu, worker: i})
		out = append(out, killLine(s, w, killChoices[i], i == cursor, target))
	}
	for _, n := range notes {
		l := cell.NewLine(w, s.signs)
		l.Put(s.theme.Muted, n.name)
		l.Put(s.theme.Text, n.value)
		out = append(out, l.String())
	}
	return cell.FilledUp(out, 1+rows, w), zones
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
		text += ": its " + plural(*target.Open, "connection")
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

// killCall stands before the call a choice makes.
const killCall = " call    "

// killNotes say what enter would do, in cells.
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
		switch after := "killed after " + fmtProse(snap.Stall); {
		case snap.Stall <= 0:
		case snap.Policy.Dealer() == engine.DealerPrimary:
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

// questionPane is a y/n question, with the log going on below it.
func questionPane(s *screen, q *question, w, rows, y, joint int) ([]string, []zone) {
	l := cell.NewLine(w, s.signs)
	yes, again := "y", []string(nil)
	if q.act == actQuit {
		yes, again = "y or q", []string{"q or ctrl+c again: at once", "q again: at once"}
	}
	no := "n or esc"
	cells := 1 + safetext.Width(yes+q.yes+no+q.no) + 4 // without the gap between the two
	gap := clamp(3, w-1-cells, 6)
	l.Gap(1)
	l.Put(s.theme.Key, yes)
	l.Put(s.theme.Text, "  "+q.yes)
	l.Gap(gap)
	l.Put(s.theme.Key, no)
	l.Put(s.theme.Text, "  "+q.no)
	for _, text := range again {
		if before := min(gap, w-l.Used()-len(text)); before >= 3 {
			l.Gap(before)
			l.Put(s.theme.Muted, text)
			break
		}
	}
	facts := cell.Fitting(w-safetext.Width(q.title)-7, q.facts, q.short) // 7: what the rule has around them
	head := []string{cell.Rule{Title: q.title, Right: facts, Joint: joint}.Draw(s.pen(), w), l.String()}
	return aboveLog(s, head, w, rows, y)
}

// stoppingPane is the progress of a graceful end, with the log below it.
func stoppingPane(s *screen, w, rows, y, joint int) ([]string, []zone) {
	snap := s.snap
	right := "q or ctrl+c again: at once"
	if !snap.StopBy.IsZero() {
		right = fmtShortly(snap.StopBy.Sub(clockOf(s))) + " s to go   " + right
	}
	var left, gone int
	for i := range snap.Workers {
		if alive(&snap.Workers[i]) {
			left++
		} else {
			gone++
		}
	}
	l := cell.NewLine(w, s.signs)
	l.Gap(1)
	const cells = 16
	bar, n := "", 0
	if left+gone > 0 && gone > 0 {
		bar, n = s.signs.Bar(float64(gone)/float64(left+gone), cells)
	}
	if left+gone == 0 {
		bar, n = s.signs.Bar(1, cells)
	}
	l.Raw(s.theme.Accent, bar, n)
	l.Raw(s.theme.Muted, strings.Repeat(s.signs.Hollow, cells-n), cells-n)
	l.Put(s.theme.Text, "  "+plural(left, "worker")+" left")
	if snap.Open != nil {
		l.Put(s.theme.Text, "   "+plural(*snap.Open, "connection")+" open")
	}
	if snap.Queue > 0 {
		l.Put(s.theme.Text, "   "+strconv.Itoa(snap.Queue)+" in the queue")
	}
	head := []string{cell.Rule{Title: "stopping", Right: right, Joint: joint}.Draw(s.pen(), w), l.String()}
	return aboveLog(s, head, w, rows, y)
}

// aboveLog puts a pane over the log, which keeps the lines that are left.
func aboveLog(s *screen, head []string, w, rows, y int) ([]string, []zone) {
	left := 1 + rows - len(head)
	if left < 2 {
		return cell.FilledUp(head, 1+rows, w), nil
	}
	lines, zones := logPane(s, w, left-1, y+len(head), 0)
	return append(head, lines...), zones
}
