package cell

import "strings"

// Arrow leads from one place to the next.
func (sg *Signs) Arrow() string { return sg.Rule + sg.Selected }

// Branch leads to worker y of n.
func (sg *Signs) Branch(y, n int) string {
	switch {
	case n <= 1:
		return sg.Rule + sg.Rule + sg.Selected
	case y == 0:
		return sg.Tee + sg.Rule + sg.Selected
	case y == n-1:
		return sg.CornerBL + sg.Rule + sg.Selected
	case sg.ascii:
		return sg.Tee + sg.Rule + sg.Selected
	}
	return "├" + sg.Rule + sg.Selected
}

// wayShown is how many of the connections on the way to a worker are drawn.
const wayShown = 3

// Dots draws connections in at most room cells: an arrow for each that is on
// the way, a dot for each that is open.
func (sg *Signs) Dots(way, open, room int) string {
	dot := "▪"
	if sg.ascii {
		dot = "*"
	}
	way = max(0, min(way, wayShown, room))
	room = max(room-way, 0)
	text := strings.Repeat(sg.Selected, way)
	if open > room {
		return text + strings.Repeat(dot, max(room-1, 0)) + strings.Repeat("+", min(room, 1))
	}
	return text + strings.Repeat(dot, max(open, 0))
}
