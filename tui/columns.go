package tui

import (
	"strconv"

	"muster/tui/internal/hist"
)

// column is a column of the workers' table, in the order of the screen.
type column int

const (
	colNumber column = iota // the worker's id; the mark stands before it
	colPID
	colState
	colLast
	colShare
	colReq
	colOpen
	colHand
	colCPU
	colCPUPast
	colMem
	colFDs
	colDealt
	colDone
	colP50
	colP99
	colRestarts
	colUp
	colLastExit
	columnCount
)

// columnWidths are the cells of each column, without the space before it.
var columnWidths = [columnCount]int{
	colNumber: 3, colPID: 7, colState: 15, colLast: lastNarrow, colShare: 20, colReq: 5, colOpen: 4, colHand: 4,
	colCPU: 4, colCPUPast: 24, colMem: 5, colFDs: 4, colDealt: 5, colDone: 6, colP50: 6, colP99: 6,
	colRestarts: 3, colUp: 6, colLastExit: 13,
}

// Widths LAST grows through; LAST has at least the first.
const (
	lastNarrow = 12
	lastWide   = 24
	lastWidest = 41
	lastLeast  = 8 // the width to which a wide id or PID may shrink LAST
)

// columnSteps is the order in which columns appear as the screen gets wider;
// they go in the reverse order. DEALT comes first and goes last: the screen is
// there to show how much each worker is dealt.
var columnSteps = []struct {
	col  column
	last int // LAST must have this many cells first
}{
	{colCPU, lastNarrow},
	{colDealt, lastNarrow}, {colMem, lastNarrow}, {colRestarts, lastNarrow}, {colUp, lastNarrow},
	{colDone, lastWide}, {colP99, lastWide}, {colLastExit, lastWide},
	{colShare, lastWide}, {colHand, lastWide}, {colCPUPast, lastWide}, {colFDs, lastWide}, {colP50, lastWide},
}

// columns are the widths of the columns of one table, 0 = not shown. The type
// is comparable, so that a cached row knows which columns it was made for.
type columns [columnCount]int

// columnsFor is what fits in w cells, with ids and PIDs of the given widths.
// LAST gets the cells that are left.
func columnsFor(w, idWidth, pidWidth int) columns {
	var c columns
	for _, id := range []column{colNumber, colPID, colState, colReq, colOpen} {
		c[id] = columnWidths[id]
	}
	c[colLast] = lastNarrow
	for _, step := range columnSteps {
		wider := c
		wider[step.col] = columnWidths[step.col]
		wider[colLast] = max(c[colLast], step.last)
		if wider.width() > w {
			break
		}
		c = wider
	}
	// A wider id or PID takes its cells from LAST, then from the last columns.
	c[colNumber] = max(c[colNumber], min(idWidth, 10))
	c[colPID] = max(c[colPID], min(pidWidth, 10))
	c[colLast] = 0
	for i := len(columnSteps) - 1; i >= 0 && w-c.width() < lastLeast; i-- {
		c[columnSteps[i].col] = 0
	}
	c[colLast] = max(w-c.width(), 1)
	return c
}

// width is the cells of the whole row: the mark, and a space before each
// column but the id.
func (c columns) width() int {
	n := 1 + c[colNumber]
	for id := colPID; id < columnCount; id++ {
		if c[id] > 0 || id == colLast {
			n += 1 + c[id]
		}
	}
	return n
}

// heading is what stands over a column; past is the figure whose past LAST
// shows.
func (c columns) heading(id column, past hist.Metric) string {
	switch id {
	case colNumber:
		return "ID"
	case colPID:
		return "PID"
	case colState:
		return "STATE"
	case colLast:
		return pastHeading(past, c[colLast])
	case colShare:
		return "SHARE, LAST " + strconv.Itoa(hist.Window) + " S"
	case colReq:
		return "REQ/S"
	case colOpen:
		return "OPEN"
	case colHand:
		return "HAND"
	case colCPU:
		return "CPU%"
	case colCPUPast:
		return "CPU, LAST " + strconv.Itoa(c[colCPUPast]) + " S"
	case colMem:
		return "MEM"
	case colFDs:
		return "FDS"
	case colDealt:
		return "DEALT"
	case colDone:
		return "DONE"
	case colP50:
		return "P50"
	case colP99:
		return "P99"
	case colRestarts:
		return "RST"
	case colUp:
		return "UP"
	case colLastExit:
		return "LAST EXIT"
	}
	return ""
}

// leftAligned tells the columns of text from those of figures.
func (id column) leftAligned() bool {
	switch id {
	case colState, colLast, colShare, colCPUPast, colLastExit:
		return true
	}
	return false
}

// pastHeading names the figure over LAST where n cells have room for it.
// Requests are what people expect: they are named only in the widest heading.
func pastHeading(m hist.Metric, n int) string {
	text := "LAST " + strconv.Itoa(n) + " S"
	switch {
	case m == hist.Req && n > lastWide:
		return "REQUESTS/S, " + text
	case m == hist.Dealt && n >= lastWide:
		return "DEALT/S, " + text
	case m == hist.CPU && n >= lastWide:
		return "CPU%, " + text
	}
	return text
}
