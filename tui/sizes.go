package tui

// Sizes at which the screen says more.
const (
	leastW, leastH = 60, 16 // under this: one line
	namesW, namesH = 80, 20 // the view bar has names
	stripW, stripH = 80, 24 // the share strip
	callW          = 100    // milliseconds and the API call in the log
	twoW, twoH     = 120, 40
	threeW, threeH = 160, 50 // a third column, details beside the log

	leastLog   = 5
	emptyLines = 4 // lines of the table when there is no worker
	crashLines = 3 // lines of the pane that explains a crash loop
)
