package tui

import (
	"strconv"
	"time"
)

// Sizes at which the screen says more.
const (
	leastW, leastH = 60, 16 // under this: one line
	namesW, namesH = 80, 20 // the view bar has names
	stripW, stripH = 80, 24 // the share strip
	callW          = 100    // milliseconds and the API call in the log
	twoW, twoH     = 120, 40
	threeW, threeH = 160, 50 // a third column, details beside the log

	leastLog   = 5
	emptyLines = 4 // of the table when there is no worker
	crashLines = 3 // of the pane that explains a crash loop
)

// layout is what stands where. It depends on the sizes, the view, the dialog
// and how many workers there are, never on a figure.
type layout struct {
	small bool // nothing but small.go fits
	names bool // the view bar names the views

	cols       columns
	tableRows  int // workers' rows that are seen; 0 where there is no table
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

// tooSmall tells whether nothing but smallView can be drawn.
func tooSmall(s *screen) bool { return s.w < leastW || s.h < leastH || s.snap == nil }

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
	// The log has its lines first; the table scrolls.
	lay.tableLines = clamp(1, lay.tableLines, s.h-other-logNeeds(s))
	lay.logRows = max(s.h-other-lay.tableLines, 0)
	lay.tableRows = lay.tableLines
	if lay.across == 3 {
		lay.logW = 2*paneW(s.w, 3, 0) + 1
	}
}

// logNeeds is how many lines the place of the log has at least.
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

// clockOf is the time the picture shows: it stands still while frozen.
func clockOf(s *screen) time.Time {
	if !s.frozen.IsZero() {
		return s.frozen
	}
	return s.now
}
