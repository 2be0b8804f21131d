package tui

import (
	"strconv"

	"muster/engine"
	"muster/internal/plural"
	"muster/tui/internal/cell"
)

// places is where the connections are.
type places struct {
	queue int
	open  map[int]int // by worker, without workers that do not tell
	way   map[int]int // by worker: handed off and not answered
	rate  string      // connections a second that are accepted
}

// placesOf counts what the picture shows: everything, or in slow motion what
// is replayed.
func placesOf(s *screen) places {
	p := places{open: map[int]int{}, way: map[int]int{}, rate: unknown}
	if t := s.snap.Traffic; t != nil {
		p.rate = perSecond(t.Rate)
	}
	if s.traffic.slow != nil {
		for _, c := range s.traffic.slow.shown() {
			switch {
			case c.Lost, !c.Done.IsZero():
			case c.Handed.IsZero():
				p.queue++
			case c.Taken.IsZero():
				p.way[c.Worker]++
			case c.Tells:
				p.open[c.Worker]++
			}
		}
		return p
	}
	p.queue = s.snap.Queue
	for i := range s.snap.Workers {
		w := &s.snap.Workers[i]
		if w.Open != nil {
			p.open[w.ID] = *w.Open
		}
		p.way[w.ID] = w.Hand
	}
	return p
}

// wherePane is the drawing: its rule and rows lines, with the workers at the
// right of the ways to them.
func wherePane(s *screen, rows int) []string {
	right := "p changes the policy and this picture"
	switch {
	case s.traffic.slow != nil:
		right = "of the connections replayed"
	case s.snap.PolicyFixed != "":
		right = "the policy is fixed here"
	}
	out := []string{cell.Rule{Title: "where they are now", Right: right}.Draw(s.pen(), s.w)}
	p := placesOf(s)
	left := wayTo(s, p)
	ws := s.snap.Workers
	shown := min(len(ws), rows)
	if len(ws) > rows {
		shown = max(rows-1, 0)
	}
	for y := range rows {
		l := cell.NewLine(s.w, s.signs)
		text := ""
		if y < len(left) {
			text = left[y]
		}
		l.Padded(s.theme.Text, text, leftWidth(s))
		switch {
		case y < shown:
			l.Put(s.theme.Muted, s.signs.Branch(y, min(len(ws), rows)))
			whereRow(s, l, &ws[y], p)
		case y == shown && shown < len(ws):
			l.Put(s.theme.Muted, s.signs.Branch(y, rows))
			l.Put(s.theme.Muted, " "+plural.Of(len(ws)-shown, "more worker")+openOf(ws[shown:], p))
		case y == 0:
			l.Put(s.theme.Warn, s.signs.Rule+" no worker")
		}
		out = append(out, l.String())
	}
	return out
}

// leftWidth is the cells before the workers.
func leftWidth(s *screen) int {
	if s.w < namesW {
		return 18
	}
	return 30
}

// wayTo draws the way to the workers.
func wayTo(s *screen, p places) []string {
	arrow := s.signs.Arrow()
	waiting := unknown
	if t := s.snap.Traffic; t != nil && t.Waiting != nil {
		waiting = fmtOpen(*t.Waiting)
	}
	if !s.snap.PrimaryDeals() {
		if s.w < namesW {
			return []string{" clients " + arrow + " kernel", right(waiting, 17)}
		}
		kernel := " kernel's backlog "
		switch s.snap.Policy {
		case engine.SchedSpread:
			kernel = " kernel evenly    "
		case engine.SchedSticky:
			kernel = " kernel by client "
		}
		return []string{" clients " + arrow + kernel, right(waiting, 22)}
	}
	queue := fmtOpen(p.queue)
	if s.w < namesW {
		return []string{" clients " + arrow + " queue ", right(p.rate, 9) + right(queue, 7)}
	}
	lines := []string{
		" clients " + arrow + " accepted " + arrow + " queue ",
		right(p.rate, 19) + right(queue, 9),
		"",
		right("in the kernel "+waiting, 19),
	}
	if s.traffic.slow == nil {
		lines[2] = right(freeName(s.snap.PolicyUsed())+freeIDs(s.snap.Free), 26)
	}
	return lines
}

// freeIDs are the workers that may get the next connection, as many as have room.
func freeIDs(free []int) string {
	if len(free) == 0 {
		return " empty"
	}
	text := ""
	for i, id := range free {
		if next := text + " " + strconv.Itoa(id); len(next) <= 12 {
			text = next
			continue
		}
		return text + " +" + strconv.Itoa(len(free)-i)
	}
	return text
}

func right(text string, n int) string { return cell.Spaces(n-len(text)) + text }

// whereRow is a worker in the picture: "1  ● listening       2 open  ▪▪".
func whereRow(s *screen, l *cell.Line, w *engine.Row, p places) {
	th := s.theme
	l.Put(th.Text, " ")
	l.Padded(th.Text, strconv.Itoa(w.ID), 3)
	sign := stateSign(s.signs, w.State, stopped(w))
	l.Padded(stateStyle(th, rowValue{state: w.State, stopped: stopped(w)}), sign+" "+stateWord(w), columnWidths[colState])
	if !alive(w) {
		forms := lastForms(s.snap, w, clockOf(s))
		l.Gap(1)
		l.Put(th.Muted, cell.Fitting(l.Room()-1, forms...))
		return
	}
	if t := s.snap.Traffic; t != nil && !s.snap.PrimaryDeals() && s.w >= namesW {
		rate := unknown
		for _, r := range t.Takes {
			if r.Worker == w.ID {
				rate = perSecond(r.Rate)
			}
		}
		l.Right(th.Text, rate, 8)
	}
	open, known := p.open[w.ID]
	if s.traffic.slow != nil {
		known = true
	}
	text := unknown
	if known {
		text = fmtOpen(open)
	}
	l.Right(th.Text, text, 5)
	l.Put(th.Muted, " open ")
	l.Gap(1)
	room := l.Room() - 1
	note := ""
	if w.State == engine.StateDisconnecting && room > len(noMore)+4 {
		note = noMore
		room -= len(note) + 1
	}
	l.Put(th.Accent, s.signs.Dots(p.way[w.ID], open, room))
	if note != "" {
		l.Gap(1)
		l.Put(th.Warn, note)
	}
}

const noMore = "gets no more"

// openOf is how many connections the workers without a line have open.
func openOf(ws []engine.Row, p places) string {
	n := 0
	for i := range ws {
		n += p.open[ws[i].ID]
	}
	return ", " + fmtOpen(n) + " open"
}
