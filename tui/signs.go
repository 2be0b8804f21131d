package tui

import "strings"

// signs are the characters the dashboard draws with, each of one cell except
// the names of up and down. They are only those that the usual terminal fonts
// have: no braille, no emoji.
type signs struct {
	ascii bool
	stateSigns
	markSigns
	frameSigns
	blockSigns
}

// stateSigns are the states of a worker.
type stateSigns struct {
	forked, online, listening, disconnecting, disconnected, exited, stopped string
}

// markSigns stand before or in a text.
type markSigns struct {
	selected, user, warning, done string
	left, up, down                string // arrows in hints
	sent, received                string // a message to a worker, and one from it
	ellipsis                      string // text was cut off here
}

// frameSigns are the lines between panes.
type frameSigns struct {
	rule, pipe         string // ─ │
	tee, roof, cross   string // ┬ ┴ ┼
	cornerTL, cornerTR string
	cornerBL, cornerBR string
}

// blockSigns are what bars and histories are made of.
type blockSigns struct {
	full, half, hollow string    // █ ▌ ░
	zero               string    // a value of zero in a history
	levels             [9]string // eighths of a cell; [0] is blank
}

// newSigns returns the characters of a UTF-8 terminal, or of one that has
// ASCII only.
func newSigns(ascii bool) *signs {
	if ascii {
		return &signs{
			ascii: true,
			stateSigns: stateSigns{
				forked: ".", online: "o", listening: "*", disconnecting: "v", disconnected: "_", exited: "x", stopped: "!",
			},
			markSigns: markSigns{
				selected: ">", user: ">", warning: "!", done: "+",
				left: "<", up: "up", down: "down",
				sent: ">", received: "<",
				ellipsis: "~",
			},
			frameSigns: frameSigns{
				rule: "-", pipe: "|", tee: "+", roof: "+", cross: "+",
				cornerTL: "+", cornerTR: "+", cornerBL: "+", cornerBR: "+",
			},
			blockSigns: blockSigns{
				full: "#", half: "=", hollow: ".",
				zero:   "_",
				levels: [9]string{" ", ".", "-", "=", "+", "*", "#", "%", "@"},
			},
		}
	}
	return &signs{
		stateSigns: stateSigns{
			forked: "·", online: "◦", listening: "●", disconnecting: "↓", disconnected: "□", exited: "×", stopped: "■",
		},
		markSigns: markSigns{
			selected: "►", user: ">", warning: "!", done: "√",
			left: "◄", up: "↑", down: "↓",
			sent: "→", received: "←",
			ellipsis: "…",
		},
		frameSigns: frameSigns{
			rule: "─", pipe: "│", tee: "┬", roof: "┴", cross: "┼",
			cornerTL: "┌", cornerTR: "┐", cornerBL: "└", cornerBR: "┘",
		},
		blockSigns: blockSigns{
			full: "█", half: "▌", hollow: "░",
			zero:   "_",
			levels: [9]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		},
	}
}

// say writes a text of ours with the arrows this terminal has.
func (sg *signs) say(text string) string {
	if !sg.ascii {
		return text
	}
	return strings.NewReplacer("↑", sg.up, "↓", sg.down, "◄", sg.left, "►", sg.selected).Replace(text)
}
