package tui

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"muster/engine"
	"muster/internal/deathsignal"
	"muster/internal/onscreen"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/term"

	tea "github.com/charmbracelet/bubbletea"
)

// runner is one dashboard from its first frame to the end of the cluster. Its
// loop is the goroutine of Run: it works while Update or the terminal is stuck.
type runner struct {
	t        *term.Terminal
	in       *term.Input
	end      *ending
	p        *tea.Program
	over     <-chan struct{} // the cluster has ended
	grace    time.Duration
	cluster  engine.View
	load     onscreen.Loader
	watching *watchSwitch          // see unwatch
	tour     func(context.Context) // plays the tour; nil = there is none
}

func newRunner(c engine.View, o Options, t *term.Terminal, theme *styles.Theme) *runner {
	r := &runner{t: t, in: t.Input(), cluster: c, end: newEnding(c), grace: o.CloseGrace, over: c.Done()}
	if r.grace == 0 {
		r.grace = 2 * time.Second
	}
	clock := o.clock
	if clock == nil {
		clock = time.Now
	}
	set := o.charset(os.Getenv)
	m := newModel(c, r.end, screen{theme: theme, signs: cell.NewSigns(set.Signs), ascii: set.Text, vim: o.Vim, guest: o.Guest, shown: keyShown{on: o.KeysShown}}, clock)
	m.yes = o.Yes
	if m.load.loader = o.Extras.Load; o.Extras.Load == nil {
		m.load.loader = newOwnLoad(func(v any) { t.Panicked(v) })
	}
	r.load = m.load.loader
	r.watching = &m.watching
	m.tour = o.Extras.Tour
	r.tour = func(ctx context.Context) { r.runTour(ctx, o.Extras.Tour, o.Extras.TourEnds) }
	r.end.load, r.end.killAll, r.end.guest = r.load, o.KillAll, o.Guest
	m.copyTo = func(text string) { _, _ = t.Output().Write([]byte(term.Clipboard(text, os.Getenv))) }
	if w, h, err := t.Size(); err == nil {
		m.s.w, m.s.h = drawnSize(w, h) // so that the first frame need not wait for it
	}
	var top tea.Model = m
	if o.wrap != nil {
		top = o.wrap(m)
	}
	r.p = tea.NewProgram(&guarded{top, t, newPanicPoints(os.Getenv)},
		tea.WithInput(r.in),
		tea.WithOutput(t.Output()),
		tea.WithAltScreen(),
		tea.WithMouseCellMotion(),
		tea.WithFPS(fps),
		tea.WithoutSignalHandler(), // bubbletea's handler waits for Update
		tea.WithoutCatchPanics(),   // bubbletea prints into the screen; Terminal restores the terminal first
	)
	return r
}

// run carries the dashboard from its first frame to the end of the cluster.
func (r *runner) run(ctx context.Context) (Outcome, error) {
	inner, cancel := context.WithCancel(context.Background())
	defer cancel() // ends the pump
	sigs, stopSigs := term.Signals()
	defer stopSigs()
	defer deathsignal.Catch(r.t.Died)()

	ended, finished := make(chan error, 1), make(chan struct{})
	r.t.Go(func() { // ends with the program
		defer close(finished)
		_, err := r.p.Run()
		ended <- err
	})
	r.t.Go(func() { pump(inner, r.cluster, r.p.Send) })
	r.t.Go(func() { pumpLoad(inner, r.load, r.p.Send) })
	r.tour(inner)
	defer r.load.Stop() // also after an end nobody asked for
	newPanicPoints(os.Getenv).start(r.t)

	defer r.unwatch()
	defer func() { // whatever the reason, and however stuck the program is
		r.leave()
		select {
		case <-finished:
		case <-time.After(lastFrame):
			r.p.Kill()
		}
	}()
	return r.loop(ctx, ended, sigs)
}

// loop waits for the end of the cluster, or for a guest to leave.
func (r *runner) loop(ctx context.Context, ended <-chan error, sigs <-chan os.Signal) (Outcome, error) {
	var (
		gone       = r.t.Gone()
		over       = r.over
		left       <-chan struct{} // a guest leaves
		second     = r.end.second
		limit      <-chan time.Time // for the cluster, after the end at once
		last       <-chan time.Time // for the program, after it was told to end
		behind     <-chan time.Time // another process may still have the terminal
		isOver     bool
		failed     error
		onTerminal = true
	)
	if r.end.guest {
		left = r.end.first
	}
	finish := func() (now bool) {
		over, left, isOver = nil, nil, true
		if ended == nil {
			return true
		}
		r.quit()
		last = time.After(lastFrame)
		return false
	}
	for {
		select {
		case err := <-ended:
			ended = nil
			switch {
			case isOver && err == nil:
				r.t.Release()
			case onTerminal && !r.isGone(): // an end nobody here asked for
				r.leave()
				failed = fmt.Errorf("the screen ended: %w", err)
				r.stopOnce(ByCluster, 0)
			}
			onTerminal = false
			if isOver {
				return r.end.result(), failed
			}

		case <-gone:
			gone, onTerminal = nil, false
			r.leave()
			r.stopOnce(ByVanished, 0)

		case <-over:
			if finish() {
				return r.end.result(), failed
			}

		case <-left:
			if finish() {
				return r.end.result(), failed
			}

		case <-second:
			second = nil
			limit = time.After(r.grace)

		case <-limit:
			return r.end.result(), failed

		case <-last:
			return r.end.result(), failed

		case s := <-sigs:
			if r.onSignal(s) {
				onTerminal = false
				r.leave()
			}
			if s == syscall.SIGCONT {
				behind = time.After(0)
			}

		case <-behind: // this process was stopped again
			behind = nil
			if onTerminal && !r.again() {
				behind = time.After(term.BehindEvery)
			}

		case <-ctx.Done():
			return r.end.result(), ctx.Err()
		}
	}
}

// again takes the terminal once more after the process was stopped and went on:
// the shell has set its own modes. It returns false as long as the shell has
// the terminal, as after the shell's bg; fg need not send a signal.
func (r *runner) again() bool {
	if r.t.Behind() {
		return false
	}
	if r.t.MakeRaw() == nil {
		r.send(tea.ClearScreen())
	}
	return true
}

// leave restores the terminal and ends the program.
func (r *runner) leave() {
	r.t.Restore()
	r.quit()
}

// quit ends the program in order. It kills only a stuck program: bubbletea then
// closes descriptors that its reader still uses.
func (r *runner) quit() {
	r.in.Leave()
	r.t.Go(func() { // ends when the program has taken the message, or with the program
		stuck := time.AfterFunc(lastFrame, r.p.Kill)
		defer stuck.Stop()
		r.p.Quit()
	})
}

// isGone tells whether the terminal has vanished.
func (r *runner) isGone() bool {
	select {
	case <-r.t.Gone():
		return true
	default:
		return false
	}
}
