package tui

import (
	"fmt"
	"slices"

	"muster/engine"
	"muster/internal/plural"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// question is a y/n question: asked by D, q, d on the last listening worker,
// and f from 4 x CPUs on.
type question struct {
	dialogBase
	title string // "stop the cluster and leave?"
	yes   string // what y does: "let them finish, 5 s at most"
	no    string // what n does: "stay"
	facts string // right side of the title: "4 workers   87 connections open"
	short string // facts if there is less room, "" = nothing: "4 workers   87 open"

	act    action // what is done after y
	worker int    // the worker act is for, 0 = none
}

// ask opens a question; with --yes it is answered at once.
func (m *model) ask(q *question) {
	if m.yes {
		m.answer(q)
		return
	}
	m.open(q)
}

// key handles a key while a question is open. Anything that is not a yes
// changes nothing: the answer by default is no.
func (q *question) key(m *model, key string) bool {
	switch key {
	case "y":
		m.close()
		m.answer(q)
	case "q":
		if q.act == actQuit {
			m.close()
			m.answer(q)
			return true
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
	return true
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

// draw is a y/n question, with the log below it.
func (q *question) draw(s *screen, a area) ([]string, []zone) {
	l := cell.NewLine(a.w, s.signs)
	yes, again := "y", []string(nil)
	switch {
	case q.act == actQuit && s.guest:
		yes = "y or q"
	case q.act == actQuit:
		yes, again = "y or q", []string{"q or ctrl+c again: at once", "q again: at once"}
	}
	no := "n or esc"
	cells := 1 + safetext.Width(yes+q.yes+no+q.no) + 4 // without the gap between the two
	gap := clamp(3, a.w-1-cells, 6)
	l.Gap(1)
	l.Put(s.theme.Key, yes)
	l.Put(s.theme.Text, "  "+q.yes)
	l.Gap(gap)
	l.Put(s.theme.Key, no)
	l.Put(s.theme.Text, "  "+q.no)
	for _, text := range again {
		if before := min(gap, a.w-l.Used()-len(text)); before >= 3 {
			l.Gap(before)
			l.Put(s.theme.Muted, text)
			break
		}
	}
	facts := cell.Fitting(a.w-safetext.Width(q.title)-7, q.facts, q.short) // 7: what the rule has around them
	head := []string{cell.Rule{Title: q.title, Right: facts, Joint: a.joint}.Draw(s.pen(), a.w), l.String()}
	return aboveLog(s, head, a)
}

func (q *question) hints(*screen) []hint {
	yes := "y"
	if q.act == actQuit {
		yes = "y or q"
	}
	return []hint{{yes, q.yes, "yes"}, {"n or esc", q.no, "no"}}
}

// click: a question must be answered before another worker can be selected.
func (*question) click(m *model, z zone, _ bool) (press string, mine bool) {
	return "", m.closeFirst(z)
}

// refresh updates what a question about the end says it would end.
func (q *question) refresh(m *model) {
	if q.act == actQuit {
		q.facts, q.short = m.quitFacts()
	}
}

func (q *question) brief(*screen) string { return q.title + " y n" }

func (q *question) smallKey(m *model, key string) bool {
	if slices.Contains([]string{"y", "n", "q", "esc"}, key) {
		return q.key(m, key)
	}
	m.toast("y or n first")
	return true
}

// quitFacts is what a stop would end, and the same in fewer cells.
func quitFacts(snap *engine.Snapshot) (facts, short string) {
	facts = plural.Of(live(snap), "worker")
	short = facts
	if snap.Open != nil {
		facts += "   " + openFacts(snap.Open)
		short += "   " + openShort(snap.Open)
	}
	return facts, short
}

func (m *model) quitFacts() (facts, short string) {
	if m.s.guest {
		return "", "" // nothing of the cluster ends
	}
	facts, short = quitFacts(m.s.snap)
	return withLoad(&m.load.now, facts, short)
}

// withLoad adds the running load to what a stop would end.
func withLoad(v *loadView, facts, short string) (string, string) {
	if v.running() {
		return facts + "   load runs", short + "   load runs"
	}
	return facts, short
}
