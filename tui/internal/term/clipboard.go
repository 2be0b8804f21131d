package term

import (
	"strings"

	osc52 "github.com/aymanbagabas/go-osc52/v2"
)

// maxCopied is the length in bytes of the longest text that is copied.
const maxCopied = 64 << 10

// Clipboard is the sequence that copies text. Inside tmux and screen it must be
// wrapped; tmux may also be set up to take the bare sequence.
func Clipboard(text string, getenv func(string) string) string {
	s := osc52.New(text).Limit(maxCopied)
	switch {
	case getenv("TMUX") != "":
		return s.String() + s.Tmux().String()
	case strings.HasPrefix(getenv("TERM"), "screen"):
		return s.Screen().String()
	}
	return s.String()
}
