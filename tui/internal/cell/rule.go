package cell

import (
	"muster/internal/safetext"
	"muster/styles"
)

// Pen is what lines are drawn with.
type Pen struct {
	Theme *styles.Theme
	Signs *Signs
}

// Rule is the title of a pane: "─ title ───── right ─". Panes have no other
// frame, so a frame takes no cells and the mouse copies no borders.
type Rule struct {
	Title, Right string // may be outside text: Draw makes it safe
	Focused      bool   // the pane has the focus: its title is bracketed
	Inner        bool   // a junction stands before the rule, so it starts without a dash
	Joint        int    // cell at which a line from above ends, 0 = none
}

// Draw is the rule in w cells. What does not fit is left out, the right side
// first.
func (r Rule) Draw(p Pen, w int) string {
	th, sg := p.Theme, p.Signs
	l := NewLine(w, sg)
	if !r.Inner {
		r.dash(p, l, 1)
	}
	open, shut, st := " ", " ", th.Title
	if r.Focused {
		open, shut, st = "[", "]", th.Accent.And(th.Bold)
	}
	if r.Title != "" {
		l.Raw(st, open, 1)
		l.Put(st, safetext.Cut(r.Title, w-l.n-2, sg.Ellipsis))
		l.Raw(st, shut, 1)
	}
	right := safetext.Line(r.Right)
	if n := safetext.Width(right); n > 0 && l.n+n+4 <= w {
		r.dash(p, l, w-n-3)
		l.Put(th.Muted, " "+right+" ")
	}
	r.dash(p, l, w)
	return l.String()
}

// dash fills up to cell n, with the joint where it belongs.
func (r Rule) dash(p Pen, l *Line, n int) {
	if r.Joint > l.n && r.Joint < n {
		l.Fill(p.Theme.Muted, p.Signs.Rule, r.Joint)
		l.Raw(p.Theme.Muted, p.Signs.roof, 1)
	}
	l.Fill(p.Theme.Muted, p.Signs.Rule, n)
}
