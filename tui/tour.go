package tui

import (
	"context"
	"time"

	"muster/engine"

	tea "github.com/charmbracelet/bubbletea"
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

// tourEvery is the least time between two pictures of the tour: a step that
// plays itself may stand for 200 ms.
const tourEvery = 50 * time.Millisecond

// tourMsg is a new picture of the tour.
type tourMsg struct{ view TourView }

// tourOverMsg says that the tour has ended by itself.
type tourOverMsg struct{}

// tourScreen is the tour as the screen has it.
type tourScreen struct {
	on    bool
	view  TourView
	lines []logLine // of the view's events
}

// runTour plays the tour of o until ctx ends, and pumps its pictures.
func (r *runner) runTour(ctx context.Context, t Tour, ends bool) {
	if t == nil {
		return
	}
	r.t.Go(func() {
		_ = t.Run(ctx) // whoever made the tour asks it how it went
		if ends && ctx.Err() == nil {
			r.p.Send(tourOverMsg{})
		}
	})
	r.t.Go(func() { pumpTour(ctx, t, r.p.Send) })
}

func pumpTour(ctx context.Context, t Tour, send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		send(tourMsg{t.View()})
		pause.Reset(tourEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-t.Changed():
		case <-ctx.Done():
			return
		}
	}
}

// onTour takes a picture of the tour, or its end.
func (m *model) onTour(msg tea.Msg) {
	switch msg := msg.(type) {
	case tourMsg:
		m.s.tour.on, m.s.tour.view = true, msg.view
		m.s.tour.lines = nil
		for _, e := range msg.view.Events {
			if l, ok := newLogLine(e); ok {
				m.s.tour.lines = append(m.s.tour.lines, l)
			}
		}
		m.clampScroll()
		m.dirty = true
	case tourOverMsg:
		if !m.s.stopping {
			m.stop()
		}
	}
}

// tourKey is a key while the tour's pane is seen; false = it is none of the
// tour's.
func (m *model) tourKey(key string) bool {
	if m.tour == nil || !tourSeen(&m.s) || m.s.stopping {
		return false
	}
	v := &m.s.tour.view
	switch key {
	case "enter", " ", "right":
		if v.Waits && v.Last {
			m.toast("this is the end of the tour; q leaves, R plays the chapter again")
			return true
		}
		if !v.Waits {
			m.toast("on as soon as this step is done")
		}
		m.tour.Next()
	case "left", "backspace":
		if v.Chapter == 1 && v.Step == 1 {
			m.toast("this is the first step")
			return true
		}
		m.tour.Back()
	case "R":
		m.tour.Reset()
	default:
		return false
	}
	m.thaw() // so that what comes is seen
	return true
}
