package cli

import (
	"muster/engine"
	"muster/internal/onscreen"
	"muster/internal/tour"
	"muster/tui"
)

// shownTour is a player in the form the dashboard takes.
type shownTour struct{ *tour.Player }

func (t shownTour) View() onscreen.TourView {
	v := t.Player.View()
	return onscreen.TourView{
		Chapter: v.Chapter, Chapters: v.Chapters, Title: v.Title, Step: v.Step, Steps: v.Steps,
		Say: v.Say, Call: v.Call, Fact: v.Fact, Load: v.Load, Events: v.Events,
		Waits: v.State == tour.Done || v.State == tour.Failed, Trouble: v.Trouble, Last: v.Last,
	}
}

// showTour plays the tour with the screen until both have ended. It returns a
// *command.Failure or nil.
func (a *app) showTour(c *engine.Cluster, p *tour.Player, t *tui.Terminal, s *tourSettings) error {
	o := s.screenOptions(t)
	o.Extras.Tour, o.Extras.TourEnds = shownTour{p}, s.auto
	return showScreen(c, o)
}
