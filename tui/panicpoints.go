//go:build !mustertest

package tui

import (
	"muster/tui/internal/term"

	tea "github.com/charmbracelet/bubbletea"
)

// panicPoints are the places where a test build can be told to panic. Other
// builds have none.
type panicPoints struct{}

func newPanicPoints(func(string) string) panicPoints { return panicPoints{} }
func (panicPoints) hit(string)                       {}
func (panicPoints) cmd() tea.Cmd                     { return nil }
func (panicPoints) start(*term.Terminal)             {}
