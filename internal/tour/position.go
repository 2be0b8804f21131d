package tour

// Position is a place in the tour: indices of a chapter and of a step in it.
type Position struct{ Chapter, Step int }

// move is where to go from a step.
type move int

const (
	moveNext move = iota
	moveBack
	moveReset // to the start of the chapter
)

// after is the place a move leads to in a script; moved is false at either end of
// the tour, where there is no such place.
func (p Position) after(m move, script []Chapter) (to Position, moved bool) {
	switch {
	case m == moveReset:
		return Position{Chapter: p.Chapter}, true
	case m == moveBack && p.Step > 0:
		return Position{p.Chapter, p.Step - 1}, true
	case m == moveBack && p.Chapter > 0:
		before := p.Chapter - 1
		return Position{before, len(script[before].Steps) - 1}, true
	case m == moveNext && p.Step+1 < len(script[p.Chapter].Steps):
		return Position{p.Chapter, p.Step + 1}, true
	case m == moveNext && p.Chapter+1 < len(script):
		return Position{Chapter: p.Chapter + 1}, true
	}
	return p, false
}

// exactly tells whether the step reached by a move starts from exactly the
// cluster it names. When the tour goes on, workers that somebody has forked
// meanwhile stay until the next chapter.
func (p Position) exactly(m move) bool { return m != moveNext || p.Step == 0 }
