package tui

import (
	"muster/tui/internal/term"

	tea "github.com/charmbracelet/bubbletea"
)

// guarded is a model whose commands run under the protection of a Terminal:
// bubbletea runs each command in a goroutine of its own, and a panic there
// would end the process without restoring the terminal. The program's goroutine
// calls Init, Update and View, and is protected as a whole.
type guarded struct {
	tea.Model
	t      *term.Terminal
	points panicPoints
}

func (g *guarded) Init() tea.Cmd {
	return tea.Batch(g.guard(g.Model.Init()), g.guard(g.points.cmd()))
}

func (g *guarded) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	g.points.hit("update")
	var cmd tea.Cmd
	g.Model, cmd = g.Model.Update(msg)
	return g, g.guard(cmd)
}

func (g *guarded) View() string {
	g.points.hit("view")
	return g.Model.View()
}

// guard is cmd, and the commands of a batch it returns, under protection.
func (g *guarded) guard(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() tea.Msg {
		defer g.t.Catch()
		msg := cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = g.guard(batch[i])
			}
		}
		return msg
	}
}
