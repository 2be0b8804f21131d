package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"muster/engine"
	"muster/internal/plural"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

func fmtFairness(v float64) string {
	if math.IsNaN(v) {
		return unknown
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func shareTitle(snap *engine.Snapshot) string {
	if snap.PrimaryDeals() {
		return "dealt in the last 10 s"
	}
	return "answered in the last 10 s"
}

// shareWorker is one worker of the share panes.
type shareWorker struct {
	id    int
	share float64 // -1 = not known
	n     uint64
}

func shareWorkers(s *screen) []shareWorker {
	ws := make([]shareWorker, len(s.snap.Workers))
	for i := range s.snap.Workers {
		t := s.hist.Worker(s.snap.Workers[i].ID)
		ws[i] = shareWorker{s.snap.Workers[i].ID, s.hist.Share(s.snap, t), hist.NewOf(s.snap, t)}
	}
	return ws
}

// shareStrip is the share pane of a small screen: a rule and one line.
func shareStrip(s *screen) []string {
	index, n := s.hist.Fairness(s.snap)
	right := "fairness " + fmtFairness(index)
	if n > 0 {
		right += fmt.Sprintf(" of the %d that listen", n)
	}
	l := cell.NewLine(s.w, s.signs)
	ws := shareWorkers(s)
	const least = 16 // cells of a worker with a bar of its own
	if n := len(ws); n > 0 && s.w/n >= least {
		stripBars(s, l, ws, s.w/n)
	} else {
		stripBlocks(s, l, ws)
	}
	return []string{cell.Rule{Title: shareTitle(s.snap), Right: right}.Draw(s.pen(), s.w), l.String()}
}

// stripBars gives each worker cells cells: " 1 ██████████  28%  ".
func stripBars(s *screen, l *cell.Line, ws []shareWorker, cells int) {
	top := 0.0
	for _, w := range ws {
		top = max(top, w.share)
	}
	for i, w := range ws {
		id := strconv.Itoa(w.id)
		full := max(cells-len(id)-9, 1)
		l.Gap(1)
		l.Put(s.theme.Text, id)
		l.Gap(1)
		// The bar is rounded like the figure beside it.
		bar, n := s.signs.Bar(math.Round(100*w.share)/math.Round(100*max(top, 0.01)), full)
		if w.share < 0 {
			bar, n = "", 0
		}
		l.Raw(s.theme.Accent, bar, n)
		l.Gap(full - n + 1)
		l.Right(s.theme.Text, fmtShare(w.share), 4)
		l.To((i + 1) * cells)
	}
}

// stripBlocks gives each worker one block: "1▇ 2▇ 3▅".
func stripBlocks(s *screen, l *cell.Line, ws []shareWorker) {
	top := 0.0
	for _, w := range ws {
		top = max(top, w.share)
	}
	for i, w := range ws {
		id := strconv.Itoa(w.id)
		more := " +" + strconv.Itoa(len(ws)-i)
		if l.Room() < len(id)+2+len(more) && i < len(ws)-1 || l.Room() < len(id)+2 {
			l.Put(s.theme.Muted, more)
			return
		}
		l.Gap(1)
		l.Put(s.theme.Muted, id)
		v := w.share
		if v < 0 {
			v = math.NaN()
		}
		l.Raw(s.theme.Accent, s.signs.Cell(v, top, 8, 0), 1)
	}
}

func fmtShare(v float64) string {
	if v < 0 {
		return unknown
	}
	return fmtPercent(100 * v)
}

// sharePane is the share pane of a large screen: rows lines of w cells, with
// the free list. last puts the free list on the last line.
func sharePane(s *screen, w, rows int, last bool) []string {
	out := make([]string, 0, rows)
	ws := shareWorkers(s)
	fit := max(rows-1, 0)
	if len(ws) <= fit {
		for _, sw := range ws {
			out = append(out, shareRow(s, w, sw, len(ws)))
		}
	} else {
		out = append(out, shareGrid(s, w, fit, ws)...)
	}
	blank := cell.Spaces(w)
	for last && len(out) < rows-1 {
		out = append(out, blank)
	}
	if len(out) < rows {
		l := cell.NewLine(w, s.signs)
		l.Gap(2)
		l.Put(s.theme.Text, freeList(s, w-3))
		out = append(out, l.String())
	}
	for len(out) < rows {
		out = append(out, blank)
	}
	return out
}

// shareRow is "   1  ██████████      28.1% 23.1k". A full bar is four thirds of
// an even share, or the largest share if that is more.
func shareRow(s *screen, w int, sw shareWorker, of int) string {
	full := max((3*w-38)/4, 1)
	even := 4.0 / 3 / float64(max(of, 1))
	l := cell.NewLine(w, s.signs)
	l.Right(s.theme.Text, strconv.Itoa(sw.id), 4)
	l.Gap(2)
	bar, n := s.signs.HalfBar(sw.share/max(even, s.hist.TopShare(s.snap)), full)
	if sw.share < 0 {
		bar, n = "", 0
	}
	l.Raw(s.theme.Accent, bar, n)
	l.Gap(full - n + 1)
	pct := unknown
	switch {
	case sw.share >= 0.9995:
		pct = "100%" // with a decimal it would be a cell too wide
	case sw.share >= 0:
		pct = strconv.FormatFloat(100*sw.share, 'f', 1, 64) + "%"
	}
	l.Right(s.theme.Text, pct, 5)
	l.Gap(1)
	count := fmtCount(float64(sw.n))
	if !s.snap.PrimaryDeals() && silent(s) {
		count = unknown // it may have answered any number of requests
	}
	l.Right(s.theme.Text, count, 5)
	return l.String()
}

// shareGrid shows more workers than there are lines, side by side.
func shareGrid(s *screen, w, rows int, ws []shareWorker) []string {
	const place = 13 // "  12 ███  6%"
	if rows <= 0 {
		return nil
	}
	most := max((w-1)/place, 1)
	across := clamp(1, (len(ws)+rows-1)/rows, most)
	cells := (w - 1) / across
	top := max(s.hist.TopShare(s.snap), 0.01)
	shown := min(len(ws), rows*across)
	if shown < len(ws) {
		shown-- // the last place is for how many more there are
	}
	out := make([]string, rows)
	for y := range rows {
		l := cell.NewLine(w, s.signs)
		for x := range across {
			i := x*rows + y
			l.To(x * cells)
			switch {
			case i < shown:
				l.Right(s.theme.Text, strconv.Itoa(ws[i].id), 4)
				l.Gap(1)
				full := max(cells-10, 1)
				bar, n := s.signs.HalfBar(ws[i].share/top, full)
				if ws[i].share < 0 {
					bar, n = "", 0
				}
				l.Raw(s.theme.Accent, bar, n)
				l.Gap(full - n)
				l.Right(s.theme.Text, fmtShare(ws[i].share), 4)
			case i == shown && shown < len(ws):
				l.Put(s.theme.Muted, fmt.Sprintf("  +%d more", len(ws)-shown))
			}
		}
		out[y] = l.String()
	}
	return out
}

// freeList says which workers may get the next connection, and which of them gets
// it, if that is known.
func freeList(s *screen, cells int) string {
	if !s.snap.PrimaryDeals() {
		switch s.snap.Policy {
		case engine.SchedSpread:
			return "free list: - (the kernel deals, evenly)"
		case engine.SchedSticky:
			return "free list: - (the kernel deals, by client)"
		}
		return "free list: - (the workers accept themselves)"
	}
	if len(s.snap.Free) == 0 {
		if s.snap.Queue > 0 {
			return fmt.Sprintf("free list: empty    (%s)", plural.Of(s.snap.Queue, "connection")+" in the queue")
		}
		return "free list: empty"
	}
	var b strings.Builder
	p := s.snap.PolicyUsed()
	b.WriteString(freeName(p))
	next := "    (" + nextText(p, s.snap.Free[0]) + ")"
	for _, id := range s.snap.Free {
		if b.Len() > cells {
			break
		}
		b.WriteString(" " + strconv.Itoa(id))
	}
	if b.Len()+len(next) <= cells {
		b.WriteString(next)
	}
	return b.String()
}

// freeName names the workers that may get a connection. Where the client's address
// decides they are in no order.
func freeName(p engine.Policy) string {
	if p == engine.SchedSticky {
		return "free:"
	}
	return "free list:"
}

// nextText says who gets the next connection. first is the head of the free list.
func nextText(p engine.Policy, first int) string {
	switch p {
	case engine.SchedLeast:
		return fmt.Sprintf("fewest open: the next goes to %d", first)
	case engine.SchedSticky:
		return "the client's address decides"
	}
	return fmt.Sprintf("the next connection goes to %d", first)
}
