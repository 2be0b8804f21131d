package cell

import "strings"

// Signs are the characters the dashboard draws with, each of one cell except
// the names of up and down. All are in the usual terminal fonts: no braille, no
// emoji.
type Signs struct {
	ascii bool
	stateSigns
	markSigns
	frameSigns
	blockSigns
}

// stateSigns are the states of a worker.
type stateSigns struct {
	Forked, Online, Listening, Disconnecting, Disconnected, Exited, Stopped string
}

// markSigns stand before or in a text.
type markSigns struct {
	Selected, User, Warning, Done string
	Left, up, down                string // arrows in hints
	Sent, Received                string // a message to a worker, and one from it
	Ellipsis                      string // text was cut off here
}

// frameSigns are the lines between panes.
type frameSigns struct {
	Rule, Pipe         string // ─ │
	Tee, roof, Cross   string // ┬ ┴ ┼
	CornerTL, CornerTR string
	CornerBL, CornerBR string
}

// blockSigns are what bars and histories are made of.
type blockSigns struct {
	full, half, Hollow string    // █ ▌ ░
	zero               string    // a value of zero in a history
	levels             [9]string // eighths of a cell; [0] is blank
}

// NewSigns returns the characters for a UTF-8 terminal, or for one that has
// ASCII only.
func NewSigns(ascii bool) *Signs {
	if ascii {
		return &Signs{
			ascii: true,
			stateSigns: stateSigns{
				Forked: ".", Online: "o", Listening: "*", Disconnecting: "v", Disconnected: "_", Exited: "x", Stopped: "!",
			},
			markSigns: markSigns{
				Selected: ">", User: ">", Warning: "!", Done: "+",
				Left: "<", up: "up", down: "down",
				Sent: ">", Received: "<",
				Ellipsis: "~",
			},
			frameSigns: frameSigns{
				Rule: "-", Pipe: "|", Tee: "+", roof: "+", Cross: "+",
				CornerTL: "+", CornerTR: "+", CornerBL: "+", CornerBR: "+",
			},
			blockSigns: blockSigns{
				full: "#", half: "=", Hollow: ".",
				zero:   "_",
				levels: [9]string{" ", ".", "-", "=", "+", "*", "#", "%", "@"},
			},
		}
	}
	return &Signs{
		stateSigns: stateSigns{
			Forked: "·", Online: "◦", Listening: "●", Disconnecting: "↓", Disconnected: "□", Exited: "×", Stopped: "■",
		},
		markSigns: markSigns{
			Selected: "►", User: ">", Warning: "!", Done: "√",
			Left: "◄", up: "↑", down: "↓",
			Sent: "→", Received: "←",
			Ellipsis: "…",
		},
		frameSigns: frameSigns{
			Rule: "─", Pipe: "│", Tee: "┬", roof: "┴", Cross: "┼",
			CornerTL: "┌", CornerTR: "┐", CornerBL: "└", CornerBR: "┘",
		},
		blockSigns: blockSigns{
			full: "█", half: "▌", Hollow: "░",
			zero:   "_",
			levels: [9]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		},
	}
}

// Say writes our own text with the arrows this terminal has.
func (sg *Signs) Say(text string) string {
	if !sg.ascii {
		return text
	}
	return strings.NewReplacer("↑", sg.up, "↓", sg.down, "◄", sg.Left, "►", sg.Selected).Replace(text)
}
