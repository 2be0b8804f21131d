package tui

import (
	"strconv"
	"time"
)

// layout is where everything stands. It depends on the sizes, the view, the
// dialog and how many workers there are, never on a figure.
type layout struct {
	small bool // only small.go's view fits
	names bool // the view bar names the views

	cols       columns
	tableRows  int // workers' rows that are seen; 0 without a table
	tableLines int // lines under the table's heading
	crash      bool
	strip      bool
	across     int // panes side by side: 0, 2 or 3
	first      int // lines of the graphs' band
	second     int // lines of the band below
	logRows    int // lines of the log, or of a worker's events in its details
	logW       int // cells of the log

	conns trafficLayout // of view 3
}

// layoutFor is the layout of a screen.
func layoutFor(s *screen) layout {
	var lay layout
	if tooSmall(s) {
		lay.small = true
		return lay
	}
	lay.names = s.w >= namesW && s.h >= namesH
	lay.logW = s.w
	if d := s.dialog; d != nil && d.whole() {
		lay.logRows = d.lines(s)
		return lay
	}
	if s.view == viewLog {
		const around = 5 // head, view bar, the log's rule, hints
		lay.logRows = s.h - around
		return lay
	}
	if s.view == viewTraffic {
		lay.traffic(s)
		return lay
	}
	lay.overview(s)
	return lay
}

func (lay *layout) overview(s *screen) {
	lay.cols = columnsOf(s)
	rows := len(s.snap.Workers)
	lay.tableLines = clamp(1, rows, s.h/3)
	if rows == 0 {
		lay.tableLines = emptyLines
	}
	_, _, gaveUp := countSlots(s.snap)
	lay.crash = gaveUp > 0
	switch {
	case s.w >= threeW && s.h >= threeH:
		lay.across = 3
		lay.second = clamp(4, 5+(s.h-threeH)/10, 6)
	case s.w >= twoW && s.h >= twoH:
		lay.across = 2
		lay.second = clamp(4, 4+(s.h-twoH)/10, 6)
	case s.w >= stripW && s.h >= stripH:
		lay.strip = !lay.crash
	}
	const around = 6 // head, view bar, the table's heading, the log's rule, hints
	other := around
	if lay.across > 0 {
		lay.first = 6 + clamp(0, (s.h-twoH)*3/20, 6)
		other += 2 + lay.first + lay.second
	}
	if lay.strip {
		other += 2
	}
	if lay.crash {
		other += crashLines
	}
	// The log gets its lines first; the table scrolls.
	lay.tableLines = clamp(1, lay.tableLines, s.h-other-logNeeds(s))
	lay.logRows = max(s.h-other-lay.tableLines, 0)
	lay.tableRows = lay.tableLines
	if lay.across == 3 {
		lay.logW = 2*paneW(s.w, 3, 0) + 1
	}
}

// logNeeds is how many lines the place of the log needs at least.
func logNeeds(s *screen) int {
	if s.dialog == nil {
		return leastLog
	}
	return s.dialog.lines(s)
}

// paneW is the width of pane i of several side by side, one cell between each.
func paneW(w, across, i int) int {
	if across == 2 {
		left := (w-1)/2 - 1
		return []int{left, w - 1 - left}[i]
	}
	third := (w - 2) / 3
	return []int{third, third, w - 2 - 2*third}[i]
}

// columnsOf are the columns for the workers there are.
func columnsOf(s *screen) columns {
	id, pid := 0, 0
	for i := range s.snap.Workers {
		id = max(id, digits(s.snap.Workers[i].ID))
		pid = max(pid, digits(s.snap.Workers[i].PID))
	}
	return columnsFor(s.w, id, pid)
}

func digits(n int) int {
	var b [20]byte
	return len(strconv.AppendInt(b[:0], int64(n), 10))
}

// clockOf is the time the picture shows: it stands still while the screen is
// frozen.
func clockOf(s *screen) time.Time {
	if !s.frozen.IsZero() {
		return s.frozen
	}
	return s.now
}

// trafficLayout is the layout of view 3 below the view bar.
type trafficLayout struct {
	list  int // lines of connections, below their heading
	where int // lines of the picture, below its rule
	steps int // lines of the times, including their rule; 1 = a single line
	lower int // lines from the picture's rule to the hints
}

// Lines of view 3.
const (
	leastConns = 3
	leastWhere = 4
	stepLines  = 5  // a rule, a heading and three steps
	stepNoteH  = 24 // screen height from which a note stands below the steps
)

// traffic is the layout of view 3. An open pane takes the lower panes, and as
// many lines of the list as it needs.
func (lay *layout) traffic(s *screen) {
	const around = 5 // head, view bar, the list's heading, hints
	body := max(s.h-around, 0)
	t := &lay.conns
	t.steps = stepLines
	switch {
	case s.h < namesH:
		t.steps = 1
	case s.h >= stepNoteH:
		t.steps++
	}
	t.where = clamp(leastWhere, len(s.snap.Workers), body/3)
	t.lower = min(1+t.where+t.steps, max(body-leastConns, 0))
	t.where = max(t.lower-t.steps-1, 0)
	if s.dialog != nil {
		t.lower = clamp(t.lower, 1+s.dialog.lines(s), max(body-leastConns, 0))
	}
	t.list = body - t.lower
	lay.logRows = max(t.lower-1, 0)
}
