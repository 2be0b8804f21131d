package tour

import "muster/engine"

// State is where a step stands.
type State int

const (
	Preparing State = iota // the cluster is brought to where the step starts
	Acting                 // what the step is about is not seen yet
	Done
	Failed // that was not seen in time: Trouble says why
)

// View is a snapshot of the tour. It may be kept: nothing in it ever changes.
type View struct {
	Chapter, Chapters int // from 1
	Title             string
	Step, Steps       int // from 1
	Name, Say, Call   string
	Fact              string         // what to look at now, "" = nothing; may have several lines
	Load              string         // how the step's requests stand, "" = none are sent
	Events            []engine.Event // the step has caused, oldest first
	State             State
	Trouble           string // "" unless Failed
	Last              bool   // there is no step after it
}

// blank is the view of a step that has not begun.
func (p *Player) blank(at place) View {
	return View{
		Chapter: at.Chapter + 1, Chapters: len(p.script), Title: at.chapter.Title,
		Step: at.Step + 1, Steps: len(at.chapter.Steps),
		Name: at.step.Name, Say: at.step.Say, Call: at.step.Shown(0, 0),
	}
}

// same tells whether two views would look the same on a screen.
func (v View) same(w View) bool {
	n, m := len(v.Events), len(w.Events)
	if n != m || n > 0 && v.Events[n-1].Seq != w.Events[m-1].Seq {
		return false
	}
	return v.Chapter == w.Chapter && v.Step == w.Step && v.Call == w.Call && v.Fact == w.Fact && v.Load == w.Load &&
		v.State == w.State && v.Trouble == w.Trouble && v.Last == w.Last
}
