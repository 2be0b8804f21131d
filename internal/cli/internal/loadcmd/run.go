package loadcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"muster/internal/cli/internal/command"
	"muster/internal/deathsignal"
	"muster/internal/load"
)

// run is muster load: it returns a *command.Failure or nil.
func run(w *command.World, s *settings) error {
	command.CatchSIGPIPE()
	signals, end := command.StopSignals()
	defer end()

	f, orders, restore := view(w, s)
	defer restore()
	options := s.options()
	options.OnPanic = func(any) { restore() }
	r, err := load.Start(context.Background(), options)
	switch {
	case errors.Is(err, load.ErrNotLoopback):
		restore()
		return command.Misused(fmt.Errorf("%w; --anywhere allows it", err))
	case err != nil:
		restore()
		return command.Misused(err)
	}
	return watch(w, r, s, f, orders, signals, restore)
}

// view picks the output, and the source of orders. restore gives the terminal
// back; it may be called more than once, by any goroutine.
func view(w *command.World, s *settings) (f form, orders <-chan order, restore func()) {
	restore = func() {}
	switch {
	case s.json:
		f = jsonForm{}
	case isTerminal(w.Stdout) && w.Getenv("TERM") != "dumb" && w.Getenv("TERM") != "":
		live := &liveForm{width: terminalWidth(w.Stdout)}
		f = live
		if !s.control {
			orders, restore = readKeys(os.Stdin)
			live.keys = orders != nil
		}
	default:
		f = textForm{}
	}
	if orders == nil { // otherwise readKeys has caught it
		deathsignal.Catch(deathsignal.Die)
	}
	if s.control {
		orders = controlLines(os.Stdin)
	}
	return f, orders, restore
}

// watch shows a run until it has ended. The first signal stops it, the
// second ends the process at once.
//
// Another goroutine writes the output, so that this one always hears a signal;
// lines of progress that nobody reads are left out.
func watch(w *command.World, r *load.Runner, s *settings, f form, orders <-chan order, signals <-chan os.Signal, restore func()) error {
	out := newOutput(w.Stdout)
	tick := time.NewTicker(f.every())
	defer tick.Stop()
	asked, begun := false, false
	atOnce := func(sig os.Signal) error {
		if asked {
			return &command.Failure{Code: command.SignalCode(sig)}
		}
		asked = true
		r.Stop()
		return nil
	}
	for {
		select {
		case sig := <-signals:
			if err := atOnce(sig); err != nil {
				return err
			}
		case o := <-orders:
			if err := obey(w, r, o, atOnce); err != nil {
				return err
			}
			if o.quit {
				asked = true
			}
		case <-tick.C:
			st := r.Stats()
			text := f.progress(st, asked)
			if !begun {
				text = append(f.first(st, s), text...)
			}
			begun = out.offer(text) || begun
		case <-out.broken:
			r.Stop()
			out.broken = nil // said at the end
		case <-r.Done():
			restore()
			res, err := r.Wait()
			written := out.finish(f.final(res, r.Stats(), s), signals)
			return outcome(res, err, written, s)
		}
	}
}

// obey carries out an order.
func obey(w *command.World, r *load.Runner, o order, atOnce func(os.Signal) error) error {
	switch {
	case o.said != "":
		w.Say("--control: %s", o.said)
	case o.stop != nil:
		return atOnce(o.stop)
	case o.quit:
		r.Stop()
	case o.step != 0:
		_ = r.SetRate(stepRate(r.Stats().Target, o.step)) // an error only means that it is too late
	case o.rate != 0:
		_ = r.SetRate(o.rate)
	}
	return nil
}
