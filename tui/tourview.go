package tui

import (
	"context"

	"muster/engine"
)

// Tour is a guided tour that plays on the cluster while its pane stands above
// the log. All methods but Run never wait and may be called from any goroutine.
type Tour interface {
	View() TourView           // as it stands
	Changed() <-chan struct{} // coalesced wake-up
	Next()                    // to the next step
	Back()                    // to the step before
	Reset()                   // to the start of the chapter
	Run(context.Context) error
}

// TourView is a picture of a tour. It is never changed.
type TourView struct {
	Chapter, Chapters int // from 1
	Title             string
	Step, Steps       int    // from 1
	Say               string // one sentence
	Call              string // the API call it stands for
	Fact              string // what to look at now, "" = nothing
	Load              string // how the requests of the tour stand, "" = none are sent
	Events            []engine.Event
	Waits             bool   // the step is done: it waits for a key
	Trouble           string // why the step did not get there, "" = it did
	Last              bool   // there is no step after it
}

// tourScreen is the tour as the screen has it.
type tourScreen struct {
	on    bool
	view  TourView
	lines []logLine // of the view's events
}

// tourMsg is a new picture of the tour.
type tourMsg struct{ view TourView }

// tourOverMsg says that the tour has ended by itself.
type tourOverMsg struct{}
