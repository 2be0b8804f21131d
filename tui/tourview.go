package tui

import "muster/internal/onscreen"

// tourScreen is the tour as the screen has it.
type tourScreen struct {
	on    bool
	view  onscreen.TourView
	lines []logLine // of the view's events
}

// tourMsg is a new picture of the tour.
type tourMsg struct{ view onscreen.TourView }

// tourOverMsg says that the tour has ended by itself.
type tourOverMsg struct{}
