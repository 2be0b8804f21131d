package tui

import (
	"muster/internal/safetext"
	"muster/styles"
)

// pen is what lines are drawn with.
type pen struct {
	theme *styles.Theme
	signs *signs
}

// rule is the title of a pane: "─ title ───── right ─". Panes have no other
// frame, so no cell is lost to one and a mouse copies no borders.
type rule struct {
	title, right string // outside text is made safe on the way
	focused      bool   // the pane has the focus: its title is bracketed
	inner        bool   // a junction stands before it, so no dash of its own does
	joint        int    // cell at which a line from above ends, 0 = none
}

// draw is the rule in w cells. What does not fit is left out, the right side
// first.
func (r rule) draw(p pen, w int) string {
	th, sg := p.theme, p.signs
	l := newLine(w, sg)
	if !r.inner {
		r.dash(p, l, 1)
	}
	open, shut, st := " ", " ", th.Title
	if r.focused {
		open, shut, st = "[", "]", th.Accent.And(th.Bold)
	}
	if r.title != "" {
		l.raw(st, open, 1)
		l.put(st, safetext.Cut(r.title, w-l.n-2, sg.ellipsis))
		l.raw(st, shut, 1)
	}
	right := safetext.Line(r.right)
	if n := safetext.Width(right); n > 0 && l.n+n+4 <= w {
		r.dash(p, l, w-n-3)
		l.put(th.Muted, " "+right+" ")
	}
	r.dash(p, l, w)
	return l.String()
}

// dash fills up to cell n, with the joint where it belongs.
func (r rule) dash(p pen, l *line, n int) {
	if r.joint > l.n && r.joint < n {
		l.fill(p.theme.Muted, p.signs.rule, r.joint)
		l.raw(p.theme.Muted, p.signs.roof, 1)
	}
	l.fill(p.theme.Muted, p.signs.rule, n)
}
