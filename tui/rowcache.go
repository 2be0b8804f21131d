package tui

import (
	"math"
	"time"

	"muster/engine"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// look is how a row stands out.
type look int

const (
	lookPlain look = iota
	lookBold       // its state changed within the last 3 s
	lookFresh      // within the last second: reversed
)

// rowValue is everything a row of the table is made of, so that a row is
// written again only when it would be another one. Figures that are not known
// are -1.
type rowValue struct {
	id, pid         int
	state           engine.State
	stopped, told   bool
	odd             bool // what LAST says is a warning
	word            string
	last            string // "" = the history up to tick
	tick            int
	past            hist.Metric // whose history it is
	pastScale       float64
	cpuScale        float64
	share, shareTop float64
	req, cpu, mem   float64
	open, hand, fds int
	dealt, done     float64
	p50, p99        time.Duration
	restarts        int
	up              int64 // seconds, -1 = not alive
	exit            string
	selected        bool
	look            look
}

// rowCache keeps the rows that were drawn. Not for more than one goroutine.
type rowCache struct {
	cols  columns
	theme *styles.Theme
	signs *cell.Signs
	rows  map[int]cachedRow
	drawn int // rows written anew, for the tests
}

type cachedRow struct {
	value rowValue
	text  string
}

// keepRows bounds what is kept of workers that are gone.
const keepRows = 1024

// use makes the cache ready for rows of these columns and looks.
func (c *rowCache) use(cols columns, th *styles.Theme, sg *cell.Signs) {
	if c.rows == nil || c.cols != cols || c.theme != th || c.signs != sg || len(c.rows) > keepRows {
		*c = rowCache{cols: cols, theme: th, signs: sg, rows: map[int]cachedRow{}, drawn: c.drawn}
	}
}

func (c *rowCache) row(s *screen, v rowValue) string {
	if r, ok := c.rows[v.id]; ok && r.value == v {
		return r.text
	}
	text := drawRow(s, c.cols, v)
	c.rows[v.id] = cachedRow{v, text}
	c.drawn++
	return text
}

// valueOf collects what the row of w says at the time now.
func valueOf(s *screen, w *engine.Row, cols columns, now time.Time) rowValue {
	t := s.hist.Worker(w.ID)
	v := rowValue{
		id: w.ID, pid: w.PID, state: w.State, stopped: stopped(w), told: voluntary(w), odd: !w.Stalled.IsZero() || w.Note != "",
		word: stateWord(w),
		last: lastText(s.snap, w, now, cols[colLast]),
		req:  -1, cpu: -1, mem: -1, open: -1, hand: -1, fds: -1, dealt: -1, done: -1, p50: -1, p99: -1,
		share: -1, up: -1,
		restarts: w.Restarts,
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
		v.share, v.shareTop = s.hist.Share(s.snap.Policy, t), s.hist.TopShare(s.snap)
	}
	if w.Done != nil {
		v.done = float64(*w.Done)
	}
	if s.snap.Policy.Dealer() == engine.DealerPrimary {
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
	if s.snap.Policy.Dealer() == engine.DealerPrimary {
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

// known turns "not a number", which equals nothing, into -1.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return -1
	}
	return v
}

// lookOf is how fresh the state of w is.
func lookOf(w *engine.Row, now time.Time) look {
	switch age := now.Sub(w.Changed); {
	case w.Changed.IsZero() || age < 0:
		return lookPlain
	case age < reversedTime:
		return lookFresh
	case age < boldTime:
		return lookBold
	}
	return lookPlain
}
