package tui

import "strings"

// signs are the characters the dashboard draws with, each of one cell but for
// the names of up and down. Only
// those that the usual terminal fonts have: no braille, no emoji.
type signs struct {
	ascii bool

	forked, online, listening, disconnecting, disconnected, exited, stopped string

	selected, user, warning, done string
	left, up, down                string // arrows in hints
	sent, received                string // a message to a worker, and one from it

	rule, pipe                   string // ─ │
	tee, roof, cross             string // ┬ ┴ ┼
	cornerTL, cornerTR           string
	cornerBL, cornerBR           string
	ellipsis, full, half, hollow string // … █ ▌ ░

	zero   string    // a value of zero in a history
	levels [9]string // eighths of a cell; [0] is blank
}

// newSigns returns the characters of a UTF-8 terminal, or of one that has
// ASCII only.
func newSigns(ascii bool) *signs {
	if ascii {
		return &signs{
			ascii:  true,
			forked: ".", online: "o", listening: "*", disconnecting: "v", disconnected: "_", exited: "x", stopped: "!",
			selected: ">", user: ">", warning: "!", done: "+",
			left: "<", up: "up", down: "down",
			sent: ">", received: "<",
			rule: "-", pipe: "|", tee: "+", roof: "+", cross: "+",
			cornerTL: "+", cornerTR: "+", cornerBL: "+", cornerBR: "+",
			ellipsis: "~", full: "#", half: "=", hollow: ".",
			zero:   "_",
			levels: [9]string{" ", ".", "-", "=", "+", "*", "#", "%", "@"},
		}
	}
	return &signs{
		forked: "·", online: "◦", listening: "●", disconnecting: "↓", disconnected: "□", exited: "×", stopped: "■",
		selected: "►", user: ">", warning: "!", done: "√",
		left: "◄", up: "↑", down: "↓",
		sent: "→", received: "←",
		rule: "─", pipe: "│", tee: "┬", roof: "┴", cross: "┼",
		cornerTL: "┌", cornerTR: "┐", cornerBL: "└", cornerBR: "┘",
		ellipsis: "…", full: "█", half: "▌", hollow: "░",
		zero:   "_",
		levels: [9]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	}
}

// say writes a text of ours with the arrows this terminal has.
func (sg *signs) say(text string) string {
	if !sg.ascii {
		return text
	}
	return strings.NewReplacer("↑", sg.up, "↓", sg.down, "◄", sg.left, "►", sg.selected).Replace(text)
}
