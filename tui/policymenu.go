package tui

import (
	"slices"

	"muster/engine"
	"muster/internal/explain"
	"muster/internal/safetext"
	"muster/styles"
	"muster/tui/internal/cell"
)

// policyMenu is the list of P: every policy with what it is good and bad at.
type policyMenu struct {
	dialogBase
	cursor cursor // in engine.Policies
}

// openPolicies opens the list at the policy in force.
func (m *model) openPolicies() {
	m.open(&policyMenu{cursor: cursor(slices.Index(engine.Policies(), m.policyNow()))})
	m.showSelected() // the table may be lower now
}

// at is the index of the policy that is picked, picked is that policy.
func (d *policyMenu) at() int { return d.cursor.at(len(engine.Policies())) }

func (d *policyMenu) picked() engine.Policy { return engine.Policies()[d.at()] }

// key handles a key while the list is open. Only enter changes the policy.
func (d *policyMenu) key(m *model, key string) bool {
	n := len(engine.Policies())
	before := d.at()
	switch key {
	case "enter":
		m.close()
		m.choosePolicy(d.picked())
		return true
	case "esc":
		m.close()
	case "q":
		m.closedAt = m.s.now
		m.close()
	case "p", "P": // as p does without the list: after the last one the first
		d.cursor.set((before+1)%n, n)
	case "?", "h", "f1":
		m.s.help = true
	default:
		if !d.cursor.key(key, n) {
			m.toast("enter chooses, esc leaves; " + keyName(key) + " does nothing here")
			return true
		}
	}
	if d.at() == before && m.s.dialog == dialog(d) && !m.s.help {
		m.toast(d.picked().String() + " is picked already; enter chooses, esc leaves")
	}
	return true
}

// Cells of the list.
const (
	policyNameW  = 12                                  // mark, sign, name
	policyTextW  = 48                                  // the most one text has
	policySayW   = 9                                   // before a text: " good at "
	policyPairsW = policyNameW + 8 + policyTextW + 1   // both texts of a policy below each other
	policyWideW  = policyNameW + 2*(policyTextW+2) + 1 // and beside each other
)

// lines asks for room for both texts of every policy if the screen is large.
func (*policyMenu) lines(s *screen) int {
	n := len(engine.Policies())
	if s.h < stripH || s.w < policyPairsW {
		return n + 3
	}
	return 2*n + 1
}

// draw is the list under its rule, and below it what else is known of the policy
// that is picked. In a low pane the list scrolls, so that this one is seen.
func (d *policyMenu) draw(s *screen, a area) ([]string, []zone) {
	right := s.snap.Policy.String() + " is in force"
	if used := s.snap.PolicyUsed(); used != s.snap.Policy {
		right = used.String() + " is used for " + s.snap.Policy.String()
	}
	title := "policy"
	all := engine.Policies()
	each, row := 1, policyBrief
	var out []string
	switch {
	case a.w >= policyWideW && a.rows > len(all):
		row = policyWide
		l := cell.NewLine(a.w, s.signs)
		l.To(policyNameW)
		l.Padded(s.theme.Title, explain.GoodAt, policyTextW+2)
		l.Put(s.theme.Title, explain.BadAt)
		out = []string{l.String()}
	case a.w >= policyPairsW && a.rows >= 2*len(all):
		each, row = 2, policyPair
	default:
		title += ", and what it is good at"
	}
	const fixed, around = " and cannot be changed", 8 // cells of the rule beside both texts
	if s.snap.PolicyFixed != "" && len(title)+len(right)+len(fixed)+around <= a.w {
		right += fixed // else p and enter say it: a rule leaves out a text that is too long
	}
	out = append([]string{cell.Rule{Title: title, Right: right, Joint: a.joint}.Draw(s.pen(), a.w)}, out...)
	rows := 1 + a.rows - len(out)
	notes := policyNotes(s, a.w, d.picked(), each == 1 && a.w < policyWideW)
	const least = 3 // policies
	notes = notes[:clamp(0, max(rows-each*len(all), min(rows-least, 1)), len(notes))]
	seen := clamp(0, (rows-len(notes))/each, len(all))
	first := clamp(0, d.at()-seen+1, len(all)-seen)
	var zones []zone
	for i := first; i < first+seen; i++ {
		for _, text := range row(s, a.w, all[i], i == d.at()) {
			zones = append(zones, zone{x1: a.w, y: a.y + len(out), kind: zoneMenu, worker: i})
			out = append(out, text)
		}
	}
	lines, more := aboveLog(s, append(out, notes...), a)
	return lines, append(zones, more...)
}

// policyLine begins the line of a policy: " ► √ rr     ".
func policyLine(s *screen, w int, p engine.Policy, picked bool) (*cell.Line, styles.Style) {
	l := cell.NewLine(w, s.signs)
	st, mark, sign := s.theme.Text, " ", " "
	if picked {
		st, mark = s.theme.Selected, s.signs.Selected
	}
	if p == s.snap.Policy {
		sign = s.signs.Done
	}
	l.Raw(st, " "+mark+" "+sign+" ", 5)
	l.Padded(st, p.String(), policyNameW-5)
	return l, st
}

// marked is a line of the list, its mark drawn to the end.
func marked(l *cell.Line, st styles.Style, picked bool) string {
	if picked {
		l.Raw(st, cell.Spaces(l.Room()), l.Room())
	}
	return l.String()
}

// policyBrief is a policy with what it is good at.
func policyBrief(s *screen, w int, p engine.Policy, picked bool) []string {
	l, st := policyLine(s, w, p, picked)
	l.Put(st, explain.Policy(p).Good)
	return []string{marked(l, st, picked)}
}

// policyWide is a policy with both texts beside each other.
func policyWide(s *screen, w int, p engine.Policy, picked bool) []string {
	l, st := policyLine(s, w, p, picked)
	l.Padded(st, explain.Policy(p).Good, policyTextW+2)
	l.Put(st, explain.Policy(p).Bad)
	return []string{marked(l, st, picked)}
}

// policyPair is a policy with both texts below each other.
func policyPair(s *screen, w int, p engine.Policy, picked bool) []string {
	l, st := policyLine(s, w, p, picked)
	l.Put(st, explain.GoodAt+" "+explain.Policy(p).Good)
	below := cell.NewLine(w, s.signs)
	below.Raw(st, cell.Spaces(policyNameW), policyNameW)
	below.Put(st, explain.BadAt+"  "+explain.Policy(p).Bad)
	return []string{marked(l, st, picked), marked(below, st, picked)}
}

// policyNotes say more of a policy; bad tells whether its list does not say what
// it is bad at.
func policyNotes(s *screen, w int, p engine.Policy, bad bool) []string {
	about := explain.Policy(p)
	parts := []explain.Part{{Name: "note", Text: about.Note}, {Name: "then", Text: "connections that are open stay where they are"}}
	if bad {
		parts = append([]explain.Part{{Name: explain.BadAt, Text: about.Bad}}, parts...)
	}
	var out []string
	for _, part := range parts {
		name := part.Name
		for _, text := range explain.Wrap(part.Text, w-policySayW-1, safetext.Width) {
			l := cell.NewLine(w, s.signs)
			l.Gap(1)
			l.Padded(s.theme.Muted, name, policySayW-1)
			l.Put(s.theme.Text, text)
			out = append(out, l.String())
			name = ""
		}
	}
	return out
}

func (*policyMenu) hints(*screen) []hint {
	return []hint{{"enter", "choose", "choose"}, {"↑ ↓ k j", "pick", "pick"}, {"esc", "back, nothing changed", "back"}}
}

// click picks a policy; a double click chooses it.
func (d *policyMenu) click(m *model, z zone, double bool) (press string, mine bool) {
	return d.cursor.click(m, z, double, len(engine.Policies()))
}

func (d *policyMenu) wheel(_ *model, z zone, up bool) bool {
	return d.cursor.wheel(z, up, len(engine.Policies()))
}
