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

// rowValue is everything a row of the table is made of, so that a row is drawn
// again only if it would differ. Figures that are not known are -1.
type rowValue struct {
	id, pid       int
	state         engine.State
	stopped, told bool
	odd           bool // what LAST says is a warning
	word          string
	last          string // "" = the history up to tick
	tick          int
	past          hist.Metric // whose history it is
	pastScale     float64
	cpuScale      float64
	exit          string
	selected      bool
	look          look
	rowFigures
}

// rowFigures are the figures of a row.
type rowFigures struct {
	share, shareTop float64
	req, cpu, mem   float64
	open, hand, fds int
	dealt, done     float64
	p50, p99        time.Duration
	restarts        int
	up              int64 // seconds, -1 = not alive
}

// rowCache keeps the rows that were drawn. Only one goroutine may use it.
type rowCache struct {
	cols  columns
	theme *styles.Theme
	signs *cell.Signs
	rows  map[int]cachedRow
	drawn int // how many rows were drawn anew, for the tests
}

type cachedRow struct {
	value rowValue
	text  string
}

// keepRows bounds how many rows are kept: rows of ended workers stay too.
const keepRows = 1024

// use makes the cache ready for rows of these columns and looks.
func (c *rowCache) use(cols columns, th *styles.Theme, sg *cell.Signs) {
	if c.rows == nil || c.cols != cols || c.theme != th || c.signs != sg || len(c.rows) > keepRows {
		*c = rowCache{cols: cols, theme: th, signs: sg, rows: map[int]cachedRow{}, drawn: c.drawn}
	}
}

// row is the text of a row; draw makes it if the row has changed.
func (c *rowCache) row(v rowValue, draw func() string) string {
	if r, ok := c.rows[v.id]; ok && r.value == v {
		return r.text
	}
	text := draw()
	c.rows[v.id] = cachedRow{v, text}
	c.drawn++
	return text
}

// known turns NaN, which equals nothing, into -1.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return -1
	}
	return v
}

// lookOf is how a row stands out, by the time since w's state changed.
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
