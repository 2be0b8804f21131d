package tui

import "strings"

// arrow leads from one place to the next.
func (sg *signs) arrow() string { return sg.rule + sg.selected }

// branch leads to worker y of n.
func (sg *signs) branch(y, n int) string {
	switch {
	case n <= 1:
		return sg.rule + sg.rule + sg.selected
	case y == 0:
		return sg.tee + sg.rule + sg.selected
	case y == n-1:
		return sg.cornerBL + sg.rule + sg.selected
	case sg.ascii:
		return sg.tee + sg.rule + sg.selected
	}
	return "├" + sg.rule + sg.selected
}

// wayShown is how many of the connections on the way to a worker are drawn.
const wayShown = 3

// dots are connections in at most room cells: an arrow for each that is on the
// way, a dot for each that is open.
func (sg *signs) dots(way, open, room int) string {
	dot := "▪"
	if sg.ascii {
		dot = "*"
	}
	way = max(0, min(way, wayShown, room))
	room = max(room-way, 0)
	text := strings.Repeat(sg.selected, way)
	if open > room {
		return text + strings.Repeat(dot, max(room-1, 0)) + strings.Repeat("+", min(room, 1))
	}
	return text + strings.Repeat(dot, max(open, 0))
}
