package tui

import (
	"slices"

	"muster/engine"
	"muster/internal/explain"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// helpNotes explain what the keys have in common.
var helpNotes = []struct{ text, brief string }{
	{"ask = y or n first when something would be cut off (--yes: never asks)", "ask = y or n first"},
	{"Capital letters never do what cannot be undone without asking.", "capitals ask before harm"},
}

// pastNote says what LAST shows; it is left out if there is no room.
const pastNote = "LAST is requests/s; not told: connections dealt/s, or CPU% if the primary deals none."

// helpView is the overlay of ?: all keys, made from the table of bindings. It
// is h lines of the screen's width.
func helpView(s *screen, h int) []string {
	th, sg := s.theme, s.signs
	top := cell.NewLine(s.w, sg)
	top.Raw(th.Muted, sg.CornerTL+sg.Rule, 2)
	top.Put(th.Title, " keys ")
	right := " default map; --keys vim: j k move, K kills "
	if s.vim {
		right = " --keys vim: j k move, K kills "
	}
	if n := len(right); top.Used()+n+3 <= s.w {
		top.Fill(th.Muted, sg.Rule, s.w-n-2)
		top.Put(th.Muted, right)
	}
	top.Fill(th.Muted, sg.Rule, s.w-1)
	top.Raw(th.Muted, sg.CornerTR, 1)

	bottom := cell.NewLine(s.w, sg)
	bottom.Raw(th.Muted, sg.CornerBL, 1)
	room := max(h-2, 0)
	body := helpBody(s, s.w-4, room)
	if len(body)+len(helpNotes) <= room {
		notes := []string{helpNotes[0].text, helpNotes[1].text, pastNote}
		for _, n := range notes[:min(len(notes), room-len(body))] {
			l := cell.NewLine(s.w-4, sg)
			l.Put(th.Muted, n)
			body = append(body, l.String())
		}
		if more := helpPolicies(s, s.w-4); len(body)+len(more) <= room {
			body = append(body, more...)
		}
	} else { // in the frame, which takes that line anyway
		a, b := " "+helpNotes[0].brief+" ", " "+helpNotes[1].brief+" "
		bottom.Fill(th.Muted, sg.Rule, 2)
		bottom.Put(th.Muted, a)
		bottom.Fill(th.Muted, sg.Rule, s.w-2-len(b))
		bottom.Put(th.Muted, b)
	}
	bottom.Fill(th.Muted, sg.Rule, s.w-1)
	bottom.Raw(th.Muted, sg.CornerBR, 1)
	out := []string{top.String()}
	side := th.Muted.Render(sg.Pipe)
	for _, text := range body[:min(len(body), room)] {
		out = append(out, side+" "+text+" "+side)
	}
	return cell.FilledUp(append(out, bottom.String()), h, s.w)
}

// helpPolicies are the policies with what they are good and bad at, in lines of w
// cells under a blank one; none if a line has no room for both.
func helpPolicies(s *screen, w int) []string {
	const name, good = 8, len(explain.GoodAt) + 1 + policyTextW - 2
	if w < name+good+len(explain.BadAt)+policyTextW {
		return nil
	}
	out := []string{cell.Spaces(w)}
	for _, p := range engine.Policies() {
		l := cell.NewLine(w, s.signs)
		l.Padded(s.theme.Key, p.String(), name)
		l.Padded(s.theme.Muted, explain.GoodAt+" "+explain.Policy(p).Good, good)
		l.Put(s.theme.Muted, explain.BadAt+" "+explain.Policy(p).Bad)
		out = append(out, l.String())
	}
	return out
}

// helpBody lays the groups out in as many columns as fit in w cells, each group
// whole in one column, so that the longest column is as short as can be. If
// even that is more than rows lines, the keys are packed without titles
// (helpTight).
func helpBody(s *screen, w, rows int) []string {
	groups := helpGroups(s)
	var best [][]helpRow
	var cells []int
	for n := 1; n <= len(groups); n++ {
		cols := helpColumns(s, groups, n)
		widths, sum := make([]int, n), 3*(n-1)
		for i, rows := range cols {
			for _, r := range rows {
				widths[i] = max(widths[i], r.width())
			}
			sum += widths[i]
		}
		if n > 1 && sum > w {
			break
		}
		if best == nil || longest(cols) < longest(best) {
			best, cells = cols, widths
		}
	}
	if longest(best) > rows {
		best, cells = helpTight(s, groups, w, rows)
	}
	return helpLines(s, best, cells, w)
}

// helpTight is all keys without titles, in columns of the same width; a text
// without room in its column is shortened.
func helpTight(s *screen, groups []helpGroup, w, rows int) (cols [][]helpRow, cells []int) {
	var all []helpRow
	for _, g := range groups {
		g.items = slices.DeleteFunc(g.items, func(it helpItem) bool { return it.aside })
		g.items = folded(g.items)
		all = append(all, groupRows(s, g)[1:]...)
	}
	rows = max(rows, 1)
	n := (len(all) + rows - 1) / rows
	for i := range n {
		col := all[i*rows : min((i+1)*rows, len(all))]
		align(col)
		width := max((w-3*(n-1))/n, 1)
		for j := range col {
			col[j].shorten(width)
		}
		cols = append(cols, col)
		cells = append(cells, width)
	}
	return cols, cells
}

// folded puts items that may share a line into one.
func folded(items []helpItem) []helpItem {
	var out []helpItem
	for _, it := range items {
		if n := len(out); n > 0 && it.fold != "" && out[n-1].fold == it.fold {
			out[n-1].keys += " " + it.keys
			continue
		}
		if it.fold != "" {
			it.text, it.brief = it.fold, ""
		}
		out = append(out, it)
	}
	return out
}

// helpRow is one line of a column of the help: a group's title, or a key.
type helpRow struct {
	title string
	keys  string
	at    int // cell at which text begins
	text  string
	note  string
	brief string // see helpItem
}

// shorten replaces the row's text by a shorter one if it has more than n cells.
func (r *helpRow) shorten(n int) {
	switch {
	case r.width() <= n || r.brief == "":
	case r.text == "":
		r.keys = r.brief
	default:
		r.text = r.brief
	}
}

func (r helpRow) width() int {
	if r.title != "" {
		return len(r.title)
	}
	n := r.at + safetext.Width(r.text)
	if r.text == "" {
		n = safetext.Width(r.keys)
	}
	if r.note != "" {
		n += 2 + len(r.note)
	}
	return n
}

// helpColumns puts the groups, in their order, into n columns.
func helpColumns(s *screen, groups []helpGroup, n int) [][]helpRow {
	total := 0
	for _, g := range groups {
		total += len(g.items) + 2
	}
	cols := make([][]helpRow, n)
	c := 0
	for i, g := range groups {
		rows := groupRows(s, g)
		full := len(cols[c])+len(rows) > (total+n-1)/n
		if full && len(cols[c]) > 0 && c < n-1 || len(groups)-i < n-c {
			c = min(c+1, n-1)
		}
		if len(cols[c]) > 0 {
			cols[c] = append(cols[c], helpRow{})
		}
		cols[c] = append(cols[c], rows...)
	}
	for _, rows := range cols {
		align(rows)
	}
	return cols
}

func groupRows(s *screen, g helpGroup) []helpRow {
	rows := []helpRow{{title: g.title}}
	for _, it := range g.items {
		rows = append(rows, helpRow{keys: s.signs.Say(it.keys), text: it.text, note: it.note, brief: s.signs.Say(it.brief)})
	}
	return rows
}

// align makes the texts of a column begin in one cell.
func align(rows []helpRow) {
	const most = 8 // keys of more cells push their own text to the right
	at := 0
	for _, r := range rows {
		if n := safetext.Width(r.keys); n <= most {
			at = max(at, n)
		}
	}
	for i := range rows {
		rows[i].at = max(at, safetext.Width(rows[i].keys)) + 2
	}
}

func longest(cols [][]helpRow) int {
	n := 0
	for _, c := range cols {
		n = max(n, len(c))
	}
	return n
}

func helpLines(s *screen, cols [][]helpRow, cells []int, w int) []string {
	// The cells that are left go between the columns.
	spare := w
	for _, n := range cells {
		spare -= n
	}
	gap := 3
	if len(cols) > 1 {
		gap = clamp(3, spare/(len(cols)-1), 8)
	}
	out := make([]string, longest(cols))
	for y := range out {
		l := cell.NewLine(w, s.signs)
		x := 0
		for i, rows := range cols {
			l.To(x)
			if y < len(rows) {
				rows[y].draw(s, l, x+cells[i])
			}
			x += cells[i] + gap
		}
		out[y] = l.String()
	}
	return out
}

func (r helpRow) draw(s *screen, l *cell.Line, end int) {
	if r.title != "" {
		l.Put(s.theme.Title, r.title)
		return
	}
	start := l.Used()
	if r.note != "" {
		end -= len(r.note) + 2
	}
	l.Put(s.theme.Key, cutTo(s, r.keys, end-start))
	l.To(min(start+r.at, end))
	l.Put(s.theme.Text, cutTo(s, r.text, end-l.Used()))
	if r.note != "" {
		l.To(end + 2)
		l.Put(s.theme.Muted, r.note)
	}
}

// helpItem is one line of the help. brief replaces its text in a narrow help,
// or its keys if it has no text. An item that is aside is left out of the
// packed help.
type helpItem struct {
	keys, text, note, brief, fold string
	aside                         bool
}

// helpGroup is one group of the help.
type helpGroup struct {
	title string
	items []helpItem
}

// helpGroups is the help, in the order of the table.
func helpGroups(s *screen) []helpGroup {
	vim := s.vim
	gs := []helpGroup{{title: groupCluster}, {title: groupWorker}, {title: groupMove}, {title: groupLook}}
	for i := range bindings {
		b := bindings[i].seen(s)
		g := slices.IndexFunc(gs, func(g helpGroup) bool { return g.title == b.group })
		if g < 0 {
			continue
		}
		label, brief := b.label, b.brief
		if vim && b.vimBrief != "" {
			brief = b.vimBrief
		}
		switch {
		case vim && b.vimLabel != "":
			label = b.vimLabel
		case label == "":
			label = keyLabel(b.names(vim)[0])
		}
		gs[g].items = append(gs[g].items, helpItem{keys: label, text: b.text, note: b.note, brief: brief, fold: b.fold})
	}
	move := &gs[2].items
	*move = append(*move, helpItem{keys: "mouse", text: "click, wheel", aside: true})
	return gs
}
