package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"muster/internal/cli/internal/command"
	"muster/internal/deathsignal"
	"muster/internal/load"
)

// loadOrder is what a key or a line of --control asks for.
type loadOrder struct {
	rate int       // a new rate
	step int       // +1 a higher one, -1 a lower one
	stop os.Signal // stop as that signal does
	quit bool      // stop; once more changes nothing
	said string    // not understood
}

// runLoad is muster load: it returns a *command.Failure or nil.
func (a *app) runLoad(s *loadSettings) error {
	command.CatchSIGPIPE()
	signals, end := command.StopSignals()
	defer end()

	form, orders, restore := a.loadView(s)
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
	return a.watchLoad(r, s, form, orders, signals, restore)
}

// loadView picks the output, and where orders come from. restore gives the
// terminal back; it may be called more than once, by any goroutine.
func (a *app) loadView(s *loadSettings) (form loadForm, orders <-chan loadOrder, restore func()) {
	restore = func() {}
	switch {
	case s.json:
		form = jsonLoad{}
	case isTerminal(a.Stdout) && a.Getenv("TERM") != "dumb" && a.Getenv("TERM") != "":
		live := &liveLoad{width: terminalWidth(a.Stdout)}
		form = live
		if !s.control {
			orders, restore = loadKeys(os.Stdin)
			live.keys = orders != nil
		}
	default:
		form = textLoad{}
	}
	if orders == nil { // else it is caught with the terminal
		deathsignal.Catch(deathsignal.Die)
	}
	if s.control {
		orders = controlLines(os.Stdin)
	}
	return form, orders, restore
}

// controlLines reads orders until the end of in, which is one too: so a load
// never outlives the program that holds the other end. Its goroutine ends with
// in, at the latest with the process.
func controlLines(in io.Reader) <-chan loadOrder {
	orders := make(chan loadOrder)
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			orders <- parseControl(lines.Text())
		}
		orders <- loadOrder{quit: true}
	}()
	return orders
}

func parseControl(line string) loadOrder {
	words := strings.Fields(line)
	switch {
	case len(words) == 1 && words[0] == "stop":
		return loadOrder{quit: true}
	case len(words) == 2 && words[0] == "rate":
		if n, err := strconv.Atoi(words[1]); err == nil && n >= 1 && n <= load.MaxRate {
			return loadOrder{rate: n}
		}
		return loadOrder{said: fmt.Sprintf("rate %q: must be a whole number from 1 to %d", words[1], load.MaxRate)}
	}
	return loadOrder{said: fmt.Sprintf("%q is no order; there are rate N and stop", line)}
}

// stepRate is the next rate up or down: a quarter more, a fifth less.
func stepRate(rate, step int) int {
	switch {
	case step > 0:
		return min(max(rate+1, rate*5/4), load.MaxRate)
	case step < 0:
		return max(min(rate-1, rate*4/5), 1)
	}
	return rate
}

// watchLoad shows a run until it has ended. The first signal stops it, the
// second ends the process at once.
//
// Output is written by a goroutine of its own, so that this one always hears a
// signal; lines of progress that nobody reads are left out.
func (a *app) watchLoad(r *load.Runner, s *loadSettings, form loadForm, orders <-chan loadOrder, signals <-chan os.Signal, restore func()) error {
	out := newLoadOutput(a.Stdout)
	tick := time.NewTicker(form.every())
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
			if err := a.obey(r, o, atOnce); err != nil {
				return err
			}
			if o.quit {
				asked = true
			}
		case <-tick.C:
			st := r.Stats()
			text := form.progress(st, asked)
			if !begun {
				text = append(form.first(st, s), text...)
			}
			begun = out.offer(text) || begun
		case <-out.broken:
			r.Stop()
			out.broken = nil // said at the end
		case <-r.Done():
			restore()
			res, err := r.Wait()
			written := out.finish(form.final(res, r.Stats(), s), signals)
			return loadResult(res, err, written, s)
		}
	}
}

// obey does what an order asks for.
func (a *app) obey(r *load.Runner, o loadOrder, atOnce func(os.Signal) error) error {
	switch {
	case o.said != "":
		a.Say("--control: %s", o.said)
	case o.stop != nil:
		return atOnce(o.stop)
	case o.quit:
		r.Stop()
	case o.step != 0:
		_ = r.SetRate(stepRate(r.Stats().Target, o.step)) // too late, at worst
	case o.rate != 0:
		_ = r.SetRate(o.rate)
	}
	return nil
}

// loadOutput writes in a goroutine of its own, which ends with finish or with
// the process.
type loadOutput struct {
	texts  chan []byte
	broken chan struct{} // closed when a write has failed
	result chan error
}

func newLoadOutput(w io.Writer) *loadOutput {
	o := &loadOutput{texts: make(chan []byte, 1), broken: make(chan struct{}), result: make(chan error, 1)}
	broken := o.broken
	go func() {
		var err error
		for text := range o.texts {
			if err != nil {
				continue // nothing comes after a loss
			}
			if _, err = w.Write(text); err != nil {
				close(broken)
			}
		}
		o.result <- err
	}()
	return o
}

// offer writes a text if the one before was taken.
func (o *loadOutput) offer(text []byte) bool {
	select {
	case o.texts <- text:
		return true
	default:
		return false
	}
}

var errNotRead = errors.New("it is not read; the summary was not printed")

// finish writes the last text and waits for that, but not for long, nor beyond
// the next signal.
func (o *loadOutput) finish(text []byte, signals <-chan os.Signal) error {
	limit := time.NewTimer(command.FlushTime)
	defer limit.Stop()
	select {
	case o.texts <- text:
		close(o.texts)
	case <-limit.C:
		return errNotRead
	case <-signals:
		return errNotRead
	}
	err, done := command.Await(o.result, signals)
	if !done {
		return errNotRead
	}
	return err
}
