package tui

import (
	"fmt"
	"time"

	"muster/internal/load"
	"muster/internal/plural"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/styles"
	"muster/tui/internal/cell"
)

// loadPane is the pane of l. It shows the screen's loadView: the load goes on
// when the pane is closed.
type loadPane struct {
	dialogBase
	cursor int          // index into loadSettings
	edit   *cell.Editor // of the path, nil = it is not being edited
}

// draw is the load under its rule, with the log below it if there is room.
func (d *loadPane) draw(s *screen, a area) ([]string, []zone) {
	right := cell.Fitting(a.w-len("load")-7, loadClock(&s.load)...) // 7: what the rule has around them
	out := []string{cell.Rule{Title: "load", Right: right, Joint: a.joint}.Draw(s.pen(), a.w)}
	out = append(out, loadSettingsLine(s, d, a.w))
	v := &s.load
	switch {
	case !v.ran:
		out = append(out, s.noted(a.w, s.theme.Text, "nothing is sent yet; enter starts it: "+loadTarget(s), "enter starts it: "+loadTarget(s), "enter starts it"))
	default:
		out = append(out, loadCounts(s, a.w)...)
		out = append(out, loadWhy(s, a.w)...)
		if v.stats.OK > 0 || v.stats.Failed() == 0 {
			out = append(out, loadTimes(s, a.w))
		}
	}
	if v.ran && !v.running() && v.stats.Err != "" {
		out = append(out, s.noted(a.w, s.theme.Warn, s.signs.Warning+" "+v.stats.Err))
	}
	switch about := loadSettings[d.at()].about(&v.set); {
	case d.edit != nil: // always visible
		out = append(out[:min(len(out), a.rows)], editLine(s, d, a.w))
	case 1+a.rows > len(out):
		out = append(out, s.noted(a.w, s.theme.Muted, about...))
	}
	out = out[:min(len(out), 1+a.rows)]
	return aboveLog(s, out, a)
}

// click: a double click on a row is enter, which would start the load: the pane
// is closed first.
func (d *loadPane) click(m *model, z zone, double bool) (press string, mine bool) {
	if z.kind == zoneRow && double {
		m.close()
	}
	return d.dialogBase.click(m, z, double)
}

// at is the setting that is picked.
func (d *loadPane) at() int { return clamp(0, d.cursor, len(loadSettings)-1) }

// noted is a line of text, in the longest form that fits.
func (s *screen) noted(w int, st styles.Style, forms ...string) string {
	l := cell.NewLine(w, s.signs)
	l.Gap(1)
	l.Put(st, cell.Fitting(w-1, forms...))
	return l.String()
}

// editLine is the path that is being edited.
func editLine(s *screen, d *loadPane, w int) string {
	l := cell.NewLine(w-1, s.signs) // a cell stays free before the edge
	l.Put(s.theme.Muted, " path ")
	d.edit.Draw(s.pen(), l)
	return l.String() + " "
}

// loadTarget is what enter would send, and to which address.
func loadTarget(s *screen) string {
	addr := loadAddr(s.snap)
	if addr == "" {
		return "but the cluster has no address"
	}
	return "GET " + safetext.Cut(loadPath(s.load.set.Path), maxPathShown, "~") + " to " + safetext.Line(addr)
}

// loadClock is how far the load is, longest form first.
func loadClock(v *loadView) []string {
	total := fmtLoadTime(v.set.Duration)
	st := &v.stats
	switch {
	case v.running() && v.busy:
		left := plural.Of(int(min(st.InFlight, 1<<31)), "request") + " in flight"
		return []string{"stopping, " + left, left}
	case v.busy:
		return []string{"starting"}
	case v.running():
		of := fmtLoadTime(st.Elapsed) + " of " + total
		return []string{of + ", then it stops by itself", of}
	case !v.ran:
		return []string{"stops by itself after " + total, total}
	case st.Err != "":
		return []string{"failed after " + fmtLoadTime(st.Elapsed), "failed"}
	}
	return []string{"ended after " + fmtLoadTime(st.Elapsed) + ", enter starts it again", "ended after " + fmtLoadTime(st.Elapsed), "ended"}
}

// fmtLoadTime is fmtSpan without what is zero: 5m, 2m30s.
func fmtLoadTime(d time.Duration) string {
	if d > 0 && d%time.Minute == 0 && d < time.Hour {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return say.Span(d)
}

// loadSettingsLine is the settings, with the picked one marked.
func loadSettingsLine(s *screen, d *loadPane, w int) string {
	parts := make([]string, len(loadSettings))
	gap := 1
	// If there is too little room, the last setting gets its short form first,
	// then the ones before it; with room to spare they stand further apart.
	need := func() int {
		n := 0
		for _, p := range parts {
			n += 1 + safetext.Width(p) + gap
		}
		return n
	}
	for i := range parts {
		parts[i] = loadSettings[i].forms(&s.load.set)[0]
	}
	for i := len(parts) - 1; i >= 0 && need() > w; i-- {
		forms := loadSettings[i].forms(&s.load.set)
		parts[i] = forms[len(forms)-1]
	}
	if gap = 2; need() > w {
		gap = 1
	}
	l := cell.NewLine(w, s.signs)
	for i, text := range parts {
		if i > 0 {
			l.Gap(gap)
		}
		if i != d.at() {
			l.Gap(1)
			l.Put(s.theme.Text, text)
			continue
		}
		l.Raw(s.theme.Selected, s.signs.Selected, 1)
		l.Put(s.theme.Selected, text)
	}
	return l.String()
}

// loadPart is a count of the pane.
type loadPart struct {
	text string
	bad  bool
}

// loadCounts is what became of the requests, in one line or, if it is too
// narrow, in two.
func loadCounts(s *screen, w int) []string {
	st := &s.load.stats
	count := func(n uint64) string { return fmtCount(float64(n)) }
	parts := []loadPart{{text: "sent " + count(st.Sent)}, {text: "answered " + count(st.OK)}}
	for _, f := range loadFailures(st) {
		if f.n > 0 || f.name != "reset" && f.name != "wrong" { // rare kinds only if there are any
			parts = append(parts, loadPart{f.name + " " + count(f.n), f.n > 0})
		}
	}
	parts = append(parts, loadPart{text: load.SentLate + " " + count(st.Late)})
	if st.Running && w >= callW { // on a narrower screen it would move the other parts
		parts = append(parts, loadPart{text: "in flight " + count(st.InFlight)})
	}
	return flow(s, parts, w, 2)
}

// flow writes parts one after the other in at most most lines of w cells. It
// takes the widest gap with which one line is enough, or two lines.
func flow(s *screen, parts []loadPart, w, most int) []string {
	gap, lines := 3, most+1
	for _, g := range []int{3, 2, 1} {
		if n := flowLines(parts, w, g); n < lines {
			gap, lines = g, n
		}
	}
	var out []string
	l := cell.NewLine(w, s.signs)
	for _, p := range parts {
		n := safetext.Width(p.text)
		if l.Used() > 0 && l.Used()+gap+n > w {
			out = append(out, l.String())
			l = cell.NewLine(w, s.signs)
		}
		if l.Used() == 0 {
			l.Gap(1)
		} else {
			l.Gap(gap)
		}
		st := s.theme.Text
		if p.bad {
			st = s.theme.Warn
		}
		l.Put(st, p.text)
	}
	out = append(out, l.String())
	return out[:min(len(out), most)]
}

// flowLines is how many lines flow needs with a gap.
func flowLines(parts []loadPart, w, gap int) int {
	lines, x := 1, 0
	for _, p := range parts {
		n := safetext.Width(p.text)
		switch {
		case x == 0:
			x = 1 + n
		case x+gap+n > w:
			lines++
			x = 1 + n
		default:
			x += gap + n
		}
	}
	return lines
}

// loadWhy is why requests were not answered: each kind with its reasons and, as
// long as nothing is answered, the cause.
func loadWhy(s *screen, w int) []string {
	st := &s.load.stats
	if st.Failed() == 0 {
		return nil
	}
	var out []string
	var forms []string
	for _, most := range []int{4, 2, 1} {
		text := ""
		for _, f := range loadFailures(st) {
			why := load.ReasonText(st.Reasons, f.name, most)
			if f.n == 0 || why == "" {
				continue
			}
			if text != "" {
				text += "; "
			}
			text += f.name + ": " + why
		}
		forms = append(forms, text)
	}
	if forms[0] != "" {
		out = append(out, s.noted(w, s.theme.Warn, forms...))
	}
	if st.Running && st.OK == 0 && st.Hint.Text != "" {
		out = append(out, s.noted(w, s.theme.Warn, s.signs.Warning+" "+st.Hint.String()))
	}
	return out
}

// loadTimes is how long answers took, and how many come a second.
func loadTimes(s *screen, w int) string {
	st := &s.load.stats
	if st.OK == 0 {
		return s.noted(w, s.theme.Text, "no answer yet: no latency to tell")
	}
	rate := "answered " + fmtCount(st.Rate) + "/s"
	p := func(name string, v time.Duration) string { return name + " " + fmtLatency(v) }
	base := p("p50", st.P50) + "  " + p("p99", st.P99)
	top := "  " + p("max", st.Max)
	full := p("p50", st.P50) + "  " + p("p90", st.P90) + "  " + p("p99", st.P99) + "  " + p("p99.9", st.P999) + top
	if st.Running {
		rate = "   " + rate
	} else {
		rate = ""
	}
	return s.noted(w, s.theme.Text, full+rate, base+top+rate, base+top, base)
}
