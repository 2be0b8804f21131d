package styles

import (
	"fmt"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Theme is the styles of a dashboard by what they mean. A Theme is never
// changed once made and may be read from any goroutine.
type Theme struct {
	Name string // "dark", "light" or "none"

	Text   Style // what most of the screen is
	Title  Style // the name of a pane, the head of a column
	Accent Style // well and alive; what has the focus
	Warn   Style // needs a look
	Dead   Style // ended, and not as it should
	Muted  Style // what may be overlooked
	Key    Style // a key in a hint or in the help
	Bold   Style // changed a moment ago

	Selected  Style // the selected row
	Changed   Style // a row whose state has just changed
	WarnBlock Style // the verdict when something is wrong
	DeadBlock Style // the verdict when it is very wrong; a slot that gave up
	Cursor    Style // the cell after a text that is being typed

	inks inkSet // what of a worker's own colours can be drawn
}

// palette is the colours of one theme, each with its fallbacks for terminals
// of 256 and of 16 colours.
type palette struct{ accent, warn, dead, muted lipgloss.CompleteColor }

// darkPalette was checked on black, #1E1E2E and #282828, lightPalette on white
// and #FDF6E3; each pair of colours stays apart under simulated protan, deutan
// and tritan sight. The tests compute the contrast again.
func darkPalette() palette {
	return palette{
		accent: lipgloss.CompleteColor{TrueColor: "#56B4E9", ANSI256: "74", ANSI: "6"},
		warn:   lipgloss.CompleteColor{TrueColor: "#F0C030", ANSI256: "220", ANSI: "3"},
		dead:   lipgloss.CompleteColor{TrueColor: "#FF6B4A", ANSI256: "203", ANSI: "1"},
		muted:  lipgloss.CompleteColor{TrueColor: "#8A8F98", ANSI256: "246", ANSI: "8"},
	}
}

func lightPalette() palette {
	return palette{
		accent: lipgloss.CompleteColor{TrueColor: "#005E9E", ANSI256: "25", ANSI: "6"},
		warn:   lipgloss.CompleteColor{TrueColor: "#7A6000", ANSI256: "94", ANSI: "3"},
		dead:   lipgloss.CompleteColor{TrueColor: "#A3003C", ANSI256: "125", ANSI: "1"},
		muted:  lipgloss.CompleteColor{TrueColor: "#5F656D", ANSI256: "241", ANSI: "8"},
	}
}

// Dark is the theme for a dark background in the colours r has; None if r has
// none.
func Dark(r *lipgloss.Renderer) *Theme { return coloured("dark", r, darkPalette()) }

// Light is the theme for a light background in the colours r has; None if r
// has none.
func Light(r *lipgloss.Renderer) *Theme { return coloured("light", r, lightPalette()) }

// None is the theme without colours (NO_COLOR): bold, underline and reverse
// only.
func None() *Theme {
	return &Theme{
		Name:      "none",
		Title:     bold,
		Accent:    Style{},
		Warn:      bold,
		Dead:      bold,
		Key:       bold,
		Bold:      bold,
		Selected:  reverse,
		Changed:   reverse,
		WarnBlock: reverse.And(bold),
		DeadBlock: reverse.And(bold).And(underline),
		Cursor:    reverse,
	}
}

func coloured(name string, r *lipgloss.Renderer, p palette) *Theme {
	inks := inksOf(r, name == "light")
	accent, warn := colour(r, p.accent), colour(r, p.warn)
	dead, muted := colour(r, p.dead), colour(r, p.muted)
	if accent == (Style{}) {
		return None()
	}
	return &Theme{
		Name:      name,
		Title:     bold,
		Accent:    accent,
		Warn:      warn,
		Dead:      dead,
		Muted:     muted,
		Key:       accent.And(bold),
		Bold:      bold,
		Selected:  reverse,
		Changed:   reverse,
		WarnBlock: warn.And(reverse),
		DeadBlock: dead.And(reverse).And(bold),
		Cursor:    reverse,
		inks:      inks,
	}
}

// Names are the values ByName takes.
func Names() []string { return []string{"auto", "dark", "light", "none"} }

// ByName is the theme called name, in the colours the environment and standard
// output promise (NO_COLOR, TERM, COLORTERM). "auto" is dark or light by the
// background of the terminal; it does not ask the terminal, so the caller says.
func ByName(name string, darkBackground bool) (*Theme, error) {
	return For(lipgloss.NewRenderer(os.Stdout), name, darkBackground)
}

// For is ByName in the colours of r. It fails on a name that is not one of
// Names.
func For(r *lipgloss.Renderer, name string, darkBackground bool) (*Theme, error) {
	if name == "auto" || name == "" {
		name = "light"
		if darkBackground {
			name = "dark"
		}
	}
	switch name {
	case "dark":
		return Dark(r), nil
	case "light":
		return Light(r), nil
	case "none":
		return None(), nil
	}
	return nil, fmt.Errorf("theme %q is not known; use %s", name, strings.Join(Names(), ", "))
}
