package tui

import (
	"slices"
	"time"

	"muster/engine"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"
)

// hopsShown is how many failed hand-offs a connection shows in the list: the
// first ones. Its story says how many there were.
const hopsShown = 2

// connCols are the widths of the list's columns.
type connCols struct{ conn, from, seg int }

// connEdge is the cells a line has besides: mark, three gaps, the last sign,
// the total, the edge.
const connEdge = 1 + 1 + 1 + 1 + 1 + totalW + 1

const totalW = 7

func connColsFor(w int, conns []engine.TrafficConn) connCols {
	c := connCols{conn: 5, from: 6}
	for i := range conns {
		c.conn = max(c.conn, len(connName(conns[i].N)))
	}
	switch {
	case w >= threeW:
		c.from = 30
	case w >= callW:
		c.from = 21
	case w >= namesW:
		c.from = 15
	}
	room := max(w-connEdge-c.conn, 0)
	c.seg = clamp(9, (room-c.from)/3, 40)
	c.from = max(room-3*c.seg, 0)
	return c
}

// connLine is one line of the list: a connection, or one of its hand-offs.
type connLine struct {
	conn *engine.TrafficConn
	hop  int // index into conn.Earlier; len(conn.Earlier) = the newest
}

// connLines are all lines, oldest first.
func connLines(conns []engine.TrafficConn) []connLine {
	var ls []connLine
	for i := range conns {
		c := &conns[i]
		for hop := range min(len(c.Earlier), hopsShown) {
			ls = append(ls, connLine{c, hop})
		}
		ls = append(ls, connLine{c, len(c.Earlier)})
	}
	return ls
}

// connTop is the first of the rows lines that are seen: the newest lines,
// unless the selected one is older.
func connTop(ls []connLine, selected uint64, rows int) int {
	top := max(len(ls)-rows, 0)
	if i := slices.IndexFunc(ls, func(l connLine) bool { return l.conn.N == selected }); i >= 0 {
		top = min(top, i)
	}
	return top
}

// connList is the heading and rows lines of connections; the heading is line y.
func connList(s *screen, rows, y int) ([]string, []zone) {
	conns := shownConns(s)
	cols := connColsFor(s.w, conns)
	if len(conns) == 0 || !s.snap.PrimaryDeals() {
		return append([]string{cell.Spaces(s.w)}, quietLines(s, rows)...), nil
	}
	out := []string{connHeading(s, cols)}
	ls := connLines(conns)
	top := connTop(ls, s.traffic.selected, rows)
	var zones []zone
	for _, cl := range ls[top:min(top+max(rows, 0), len(ls))] {
		zones = append(zones, zone{x1: s.w, y: y + len(out), kind: zoneConn, worker: int(cl.conn.N)})
		out = append(out, drawConn(s, cols, cl))
	}
	return cell.FilledUp(out, 1+rows, s.w), zones
}

func connHeading(s *screen, cols connCols) string {
	l := cell.NewLine(s.w, s.signs)
	th := s.theme
	l.Gap(1)
	l.Padded(th.Title, "CONN", cols.conn+1)
	l.Padded(th.Title, "FROM", cols.from+1)
	for _, step := range []string{"ACCEPTED", "HANDED", "TAKEN"} {
		l.Padded(th.Title, step, cols.seg)
	}
	l.Put(th.Title, "DONE")
	l.To(s.w - totalW - 1)
	l.Right(th.Title, "TOTAL", totalW)
	return l.String()
}

// drawConn is one line of the list.
func drawConn(s *screen, cols connCols, cl connLine) string {
	c := cl.conn
	p := connPen{s: s, l: cell.NewLine(s.w, s.signs), seg: cols.seg}
	mark := " "
	if c.N == s.traffic.selected {
		mark, p.selected = s.signs.Selected, true
	}
	p.put(s.theme.Text, mark)
	first := cl.hop == 0
	switch {
	case first:
		p.padded(connName(c.N), cols.conn+1)
		p.padded(fromText(c.From, cols.from), cols.from+1)
	case cl.hop == len(c.Earlier) && cl.hop > hopsShown:
		p.padded("", cols.conn+1)
		p.padded(cell.Fitting(cols.from, "again, "+itoa(cl.hop)+" in all", "again", ""), cols.from+1)
	default:
		p.padded("", cols.conn+1)
		p.padded("again", cols.from+1)
	}
	p.start = p.l.Used()
	from := c.Accepted
	if cl.hop > 0 {
		from = c.Earlier[cl.hop-1].Ended
	}
	if cl.hop < len(c.Earlier) {
		p.hop(from, &c.Earlier[cl.hop])
	} else {
		p.way(from, c)
	}
	p.end()
	return p.l.String()
}

// connPen draws the way of a connection: a sign for each step and the time
// until the next step.
type connPen struct {
	s        *screen
	l        *cell.Line
	seg      int
	start    int // cell of the first step
	selected bool
}

func (p *connPen) style(st styles.Style) styles.Style {
	if p.selected {
		return p.s.theme.Selected
	}
	return st
}

func (p *connPen) put(st styles.Style, text string) { p.l.Put(p.style(st), text) }

func (p *connPen) padded(text string, n int) { p.l.Padded(p.style(p.s.theme.Text), text, n) }

func (p *connPen) end() { p.l.Padded(p.style(p.s.theme.Text), "", p.l.Room()) }

// step is a step that is over: "●── 0.09ms ──".
func (p *connPen) step(i int, sign string, st styles.Style, took time.Duration) {
	p.put(st, sign)
	text := " " + fmtLatency(max(took, 0)) + " "
	end := p.start + (i+1)*p.seg
	lead := clamp(1, (end-p.l.Used()-len(text)+1)/2, 2)
	p.l.Fill(p.style(p.s.theme.Muted), p.s.signs.Rule, p.l.Used()+lead)
	p.put(p.s.theme.Text, text)
	p.l.Fill(p.style(p.s.theme.Muted), p.s.signs.Rule, end)
}

// under is a step that is under way: "●─ 312ms so far ►".
func (p *connPen) under(sign string, st styles.Style, text string) {
	p.put(st, sign)
	p.put(p.s.theme.Muted, p.s.signs.Rule)
	p.put(p.s.theme.Text, " "+text+p.s.signs.Selected)
}

// hop draws a failed hand-off.
func (p *connPen) hop(from time.Time, h *engine.TrafficHop) {
	p.step(0, p.s.signs.Listening, p.s.theme.Accent, h.Handed.Sub(from))
	p.step(1, itoa(h.Worker), p.s.theme.Text, h.Ended.Sub(h.Handed))
	p.put(p.s.theme.Dead, p.s.signs.Exited+" ")
	p.put(p.s.theme.Warn, hopText(h))
}

// way draws the newest hand-off of a connection.
func (p *connPen) way(from time.Time, c *engine.TrafficConn) {
	sg, th := p.s.signs, p.s.theme
	now := trafficNow(p.s)
	switch {
	case c.Handed.IsZero() && c.Lost:
		if !usedByDead(c) {
			p.put(th.Dead, sg.Exited+" its address was closed")
		}
		return
	case c.Handed.IsZero():
		text := soFar(now.Sub(from))
		p.under(sg.Listening, th.Accent, text)
		if why := waitForms(c); why != nil {
			p.put(th.Warn, " "+cell.Fitting(p.l.Room()-2, why...))
		}
		return
	}
	p.step(0, sg.Listening, th.Accent, c.Handed.Sub(from))
	worker := itoa(c.Worker)
	if c.Taken.IsZero() {
		text := "on the way "
		if d := now.Sub(c.Handed); d >= 100*time.Millisecond {
			text = fmtLatency(d) + " on the way "
		}
		p.under(worker, th.Text, text)
		return
	}
	p.step(1, worker, th.Text, c.Taken.Sub(c.Handed))
	switch {
	case c.Lost:
		p.step(2, sg.Listening, th.Accent, c.Done.Sub(c.Taken))
		p.put(th.Dead, sg.Exited+" cut")
	case !c.Done.IsZero():
		p.step(2, sg.Listening, th.Accent, c.Done.Sub(c.Taken))
		p.put(th.Accent, sg.Done)
		p.l.Padded(p.style(th.Text), "", p.s.w-totalW-1-p.l.Used())
		p.l.Right(p.style(th.Text), fmtLatency(max(c.Done.Sub(c.Accepted), 0)), totalW)
	case !c.Tells: // a Node program does not say when it closes a connection
		p.put(th.Accent, sg.Listening)
		p.l.Padded(p.style(th.Text), " "+unknown, p.s.w-totalW-1-p.l.Used())
		p.l.Right(p.style(th.Text), unknown, totalW)
	default:
		p.under(sg.Listening, th.Accent, soFar(now.Sub(c.Taken)))
	}
}

// soFar is the time of a step that is not over; a very short time is not shown
// as a figure.
func soFar(d time.Duration) string {
	if d < time.Millisecond {
		return ""
	}
	return fmtLatency(d) + " so far "
}

// waitForms is why a connection waits; nil if that is not known: after a failed
// hand-off nobody looked for the reason.
func waitForms(c *engine.TrafficConn) []string {
	switch {
	case len(c.Earlier) > 0 || c.Waited == "":
		return nil
	case c.Waited == wireword.WaitedFull:
		return []string{c.Waited, "all hold all they may", "all are full"}
	case c.Waited == wireword.WaitedRefused:
		return []string{c.Waited, "all refused"}
	}
	return []string{c.Waited}
}

// hopText is why a hand-off failed, in a few words.
func hopText(h *engine.TrafficHop) string {
	switch h.Why {
	case wireword.HopRefused:
		return "refused"
	case wireword.HopDied:
		return "worker " + itoa(h.Worker) + " died first"
	case wireword.HopLeft:
		return "its channel ended"
	case wireword.HopUsed:
		return "worker " + itoa(h.Worker) + " used it, and died"
	}
	return h.Why
}

// usedByDead tells whether a connection ended with a worker that had used it
// without confirming the hand-off.
func usedByDead(c *engine.TrafficConn) bool {
	n := len(c.Earlier)
	return c.Lost && n > 0 && c.Earlier[n-1].Why == wireword.HopUsed
}
