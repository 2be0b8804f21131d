package tui

import (
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/say"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// drawRow is a row; it is drawn anew only if it has changed.
func drawRow(s *screen, cols columns, v rowValue) string {
	return s.rows.row(v, func() string { return writeRow(s, cols, v) })
}

func writeRow(s *screen, cols columns, v rowValue) string {
	th, sg := s.theme, s.signs
	base, coloured := rowStyle(th, v)
	l := cell.NewLine(cols.width(), sg)
	mark := " "
	if v.selected {
		mark = sg.Selected
	}
	l.Raw(base, mark, 1)
	for id := colNumber; id < columnCount; id++ {
		n := cols[id]
		if n == 0 {
			continue
		}
		if id != colNumber {
			l.Raw(base, " ", 1)
		}
		st := base
		switch {
		case id == colState && coloured:
			st = base.And(stateStyle(th, v))
		case id == colLast && coloured && v.last != "" && v.odd:
			st = base.And(th.Warn)
		}
		if id.leftAligned() {
			l.Padded(st, cellText(s, cols, v, id), n)
		} else {
			l.Right(st, cellText(s, cols, v, id), n)
		}
	}
	return l.String()
}

// rowStyle is the style of a whole row, and whether the state in it may have a
// colour of its own.
func rowStyle(th *styles.Theme, v rowValue) (base styles.Style, coloured bool) {
	switch {
	case v.selected && v.look != lookPlain:
		return th.Selected.And(th.Bold), false
	case v.selected:
		return th.Selected, false
	case v.look == lookFresh:
		return th.Changed, false
	case v.told:
		return th.Muted, false
	case v.look == lookBold:
		return th.Bold, true
	}
	return th.Text, true
}

func stateStyle(th *styles.Theme, v rowValue) styles.Style {
	switch v.state {
	case engine.StateListening:
		return th.Accent
	case engine.StateDisconnecting, engine.StateDisconnected:
		return th.Warn
	case engine.StateExited:
		if v.stopped {
			return th.DeadBlock
		}
		return th.Dead
	}
	return th.Muted
}

// cellText is what a row says in one column.
func cellText(s *screen, cols columns, v rowValue, id column) string {
	switch id {
	case colNumber:
		return strconv.Itoa(v.id)
	case colPID:
		return fmtPID(v.pid)
	case colState:
		return stateSign(s.signs, v.state, v.stopped) + " " + v.word
	case colLast:
		if v.last != "" {
			return v.last
		}
		return s.signs.Spark(s.hist.Cells(s.hist.Worker(v.id), v.past, cols[colLast]), v.pastScale)
	case colShare:
		return shareCell(s.signs, v)
	case colReq:
		return fmtCount(v.req)
	case colOpen:
		return fmtKnown(v.open)
	case colHand:
		return fmtKnown(v.hand)
	case colCPU:
		return fmtCPU(v.cpu)
	case colCPUPast:
		return s.signs.Spark(s.hist.Cells(s.hist.Worker(v.id), hist.CPU, cols[colCPUPast]), v.cpuScale)
	case colMem:
		return fmtMem(v.mem)
	case colFDs:
		return fmtKnown(v.fds)
	case colDealt:
		return fmtCount(v.dealt)
	case colDone:
		return fmtCount(v.done)
	case colP50:
		return fmtLatency(v.p50)
	case colP99:
		return fmtLatency(v.p99)
	case colRestarts:
		return fmtShort(uint64(max(v.restarts, 0)), 999)
	case colUp:
		if v.up < 0 {
			return unknown
		}
		return say.Span(time.Duration(v.up) * time.Second)
	case colLastExit:
		return v.exit
	}
	return ""
}

func fmtKnown(n int) string {
	if n < 0 {
		return unknown
	}
	return fmtOpen(n)
}

// shareCell is a bar and the share in percent.
func shareCell(sg *cell.Signs, v rowValue) string {
	if v.share < 0 {
		return unknown
	}
	width := columnWidths[colShare] - 7
	bar, n := sg.Bar(v.share/max(v.shareTop, 1e-9), width)
	pct := strconv.FormatFloat(100*v.share, 'f', 1, 64) + "%"
	return bar + strings.Repeat(" ", max(columnWidths[colShare]-n-len(pct), 0)) + pct
}

// valueOf collects what the row of w shows at the time now.
func valueOf(s *screen, w *engine.Row, cols columns, now time.Time) rowValue {
	t := s.hist.Worker(w.ID)
	v := rowValue{
		id: w.ID, pid: w.PID, state: w.State, stopped: stopped(w), told: voluntary(w), odd: !w.Stalled.IsZero() || w.Note != "",
		word: stateWord(w),
		last: lastText(s.snap, w, now, cols[colLast]),
		rowFigures: rowFigures{
			req: -1, cpu: -1, mem: -1, open: -1, hand: -1, fds: -1, dealt: -1, done: -1, p50: -1, p99: -1,
			share: -1, up: -1,
			restarts: w.Restarts,
		},
		selected: w.ID == s.selected,
		look:     lookOf(w, now),
	}
	if v.last == "" || cols[colCPUPast] > 0 {
		v.tick = s.hist.Ticks()
	}
	if v.last == "" {
		v.past = pastMetric(s)
		v.pastScale = s.hist.ScaleOf(v.past, cols[colLast], hist.OfRows)
	}
	if cols[colCPUPast] > 0 {
		v.cpuScale = s.hist.ScaleOf(hist.CPU, cols[colCPUPast], hist.OfRows)
	}
	if cols[colShare] > 0 {
		v.share, v.shareTop = s.hist.Share(s.snap, t), s.hist.TopShare(s.snap)
	}
	if w.Done != nil {
		v.done = float64(*w.Done)
	}
	if s.snap.PrimaryDeals() {
		v.dealt = float64(w.Dealt)
	}
	if cols[colLastExit] > 0 {
		v.exit = lastExitText(w, now, cols[colLastExit])
	}
	if !alive(w) {
		return v
	}
	v.req, v.cpu, v.mem = known(hist.Value(w.ReqRate)), known(hist.Value(w.CPU)), known(hist.Value(w.Mem))
	if w.Open != nil {
		v.open = *w.Open
	}
	if s.snap.PrimaryDeals() {
		v.hand = w.Hand
	}
	if n, ok := s.fds[w.ID]; ok {
		v.fds = n
	}
	if t != nil {
		v.p50, v.p99 = t.Answered.P50, t.Answered.P99
	}
	v.up = int64(max(now.Sub(w.Forked), 0) / time.Second)
	return v
}
