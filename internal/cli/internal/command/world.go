package command

import (
	"fmt"
	"io"

	"muster/internal/safetext"
)

// HelpWidth is how wide the help may be: every terminal has 80 columns.
const HelpWidth = 80

// World is what a command has of the world.
type World struct {
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
}

// Say writes one line to stderr. It may be called from any goroutine: one line
// is one write.
func (w *World) Say(format string, args ...any) {
	fmt.Fprintf(w.Stderr, "muster: %s\n", safetext.Line(safetext.DropSGR(fmt.Sprintf(format, args...))))
}
