package tui

import "muster/internal/onscreen"

// tourScreen is what the screen shows of the tour.
type tourScreen struct {
	on    bool
	view  onscreen.TourView
	lines []logLine // of the view's events
}

// tourMsg is a new view of the tour.
type tourMsg struct{ view onscreen.TourView }

// tourOverMsg says that the tour has ended by itself.
type tourOverMsg struct{}
