package tui

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/onscreen"
	"muster/internal/quietterm"
	"muster/styles"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
)

// Options configures a dashboard. The zero value works.
type Options struct {
	Yes bool // never ask before something is cut off
	Vim bool // j and k move, K kills
	// ASCII draws with ASCII only. It is the default if the locale (LC_ALL,
	// LC_CTYPE, LANG) has another charset than UTF-8 (then it applies to all
	// text), and on the console of Linux. UTF8 prevents it; ASCII beats UTF8.
	ASCII, UTF8 bool
	Theme       string // "auto" (also ""), "dark", "light", "none"
	// KeysShown shows the key pressed last at the right of the hint line for 2
	// s, for people who watch.
	KeysShown bool

	// In and Out are the terminal. nil = os.Stdin and os.Stdout. Not used if
	// Terminal is set.
	In, Out *os.File
	// Terminal is the terminal to run on, for a caller with other goroutines
	// under its protection. nil = a new one over In and Out.
	Terminal *Terminal
	// Guest is for a dashboard on a cluster that is not its own: q, a signal or
	// a vanished terminal end the dashboard, and the cluster goes on. Without
	// Guest the dashboard is the owner, and each of the three stops the
	// cluster. Show is always the owner.
	Guest bool
	// KillAll ends the workers of a cluster that has not answered the request
	// to end at once and, without Terminal, also after a panic. A Guest does
	// not call it. Show sets it. nil = nothing is called.
	KillAll func()
	// CloseGrace is how long Run still waits for the cluster after the request
	// to end at once. 0 = 2 s.
	CloseGrace time.Duration
	// Extras are what the command muster gives its dashboard: no other program can
	// name them.
	Extras onscreen.Extras

	wrap  func(tea.Model) tea.Model // put around the model, in tests
	clock func() time.Time          // nil = time.Now
}

const (
	// The renderer looks for a new frame this often, even if there is none.
	// Each look wakes a sleeping process, and at 20 a second that was most of
	// the cost of an idle dashboard (0.8 % of a core, 0.5 % at 10).
	fps = 10
	// lastFrame is how long the program may take to end once it was told to.
	lastFrame = 500 * time.Millisecond
)

// Run shows the dashboard until the cluster has ended, and returns how it
// ended. The terminal is then as it was before, also after every signal and
// every panic the process can notice. If a key, a signal or a vanished terminal
// asks for a stop, Run passes that to the cluster; without a terminal Run still
// waits for the cluster, and for further signals. With Options.Guest a stop
// ends the dashboard, and Run returns; if the cluster has ended first, c.Err
// says why.
//
// Run needs SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT and SIGWINCH for itself,
// and the signals that end a Go program with its stacks (SIGQUIT, SIGABRT,
// ...): one of those ends the process, with the terminal given back and the
// workers killed as by Options.KillAll. If ctx ends, Run removes the dashboard
// at once and returns ctx's error; the cluster is not told. Other errors:
// ErrNotTerminal, a theme that does not exist, or what made the screen end (the
// cluster was stopped then).
func Run(ctx context.Context, c engine.View, o Options) (Outcome, error) {
	quietterm.Restore()
	t := o.Terminal
	if t == nil {
		hook := o.KillAll
		if o.Guest {
			hook = nil
		}
		t = newTerminal(orFile(o.In, os.Stdin), orFile(o.Out, os.Stdout), hook)
	}
	theme, err := themeFor(o.Theme, os.Getenv)
	if err != nil {
		return Outcome{}, err
	}
	if err := t.t.Take(); err != nil {
		return Outcome{}, err
	}
	defer t.t.Catch()
	r := newRunner(c, o, t.t, theme)
	return r.run(ctx)
}

// themeFor finds the theme. Asking the terminal for its background could take
// five seconds and would read its keys: COLORFGBG says it; without it the theme
// is dark.
func themeFor(name string, getenv func(string) string) (*styles.Theme, error) {
	if name == "" {
		name = "auto"
	}
	dark := !lightBackground(getenv("COLORFGBG"))
	lipgloss.SetHasDarkBackground(dark)
	th, err := styles.ByName(name, dark)
	if err != nil {
		return nil, fmt.Errorf("theme: %w", err)
	}
	return th, nil
}

// lightBackground reads COLORFGBG, "foreground;background" or
// "foreground;default;background" in the 16 colours.
func lightBackground(v string) bool {
	switch v[strings.LastIndex(v, ";")+1:] {
	case "7", "9", "10", "11", "12", "13", "14", "15":
		return true
	}
	return false
}

func orFile(f, standard *os.File) *os.File {
	if f != nil {
		return f
	}
	return standard
}

// charset is the terminal's charset, unless the options set one.
func (o *Options) charset(getenv func(string) string) cell.Charset {
	if o.UTF8 && !o.ASCII {
		return cell.Charset{}
	}
	c := cell.CharsetOf(getenv)
	c.Signs = c.Signs || o.ASCII
	return c
}
