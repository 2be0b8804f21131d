package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/internal/tour"
)

// tellTour plays the tour by itself and prints it. The first signal stops it
// gracefully, the second at once. It returns a *command.Failure or nil.
//
// There are three goroutines: the cluster's Run, the player, which also prints,
// and this one, which never writes to stdout, so it always hears a signal.
func (a *app) tellTour(c engine.View, life life, o tour.Options, signals <-chan os.Signal) error {
	tourCtx, endTour := context.WithCancel(context.Background())
	defer endTour()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	text := &tourText{out: a.Stdout, fail: endTour}
	o.Heard = text
	p, err := tour.New(c, o)
	if err != nil {
		return command.Misused(err)
	}
	ran, played := make(chan error, 1), make(chan error, 1)
	go func() { ran <- life.run(ctx) }()
	go func() { played <- p.Run(tourCtx) }()

	var outcome error
	for asked := false; ; {
		select {
		case s := <-signals:
			if asked {
				life.killAll()
				command.Await(ran, nil) // so that no address is left behind
				return &command.Failure{Code: command.SignalCode(s)}
			}
			asked = true
			endTour()
			stop()
		case err := <-played:
			played = nil
			switch {
			case text.err != nil:
				outcome = command.Failed(text.err)
			case err != nil && !asked:
				outcome = command.Failed(fmt.Errorf("the tour did not get everywhere: %w", err))
			}
			stop()
		case err := <-ran:
			if err != nil {
				return command.Failed(fmt.Errorf("the cluster failed: %w", err))
			}
			if played != nil { // stdout may not be read
				if _, done := command.Await(played, signals); !done {
					return &command.Failure{Code: command.ExitFailed}
				}
			}
			return outcome
		}
	}
}

// tourText prints a tour: each step's sentence and call when it begins, its
// events as they come, and what there was to see when the step is done.
type tourText struct {
	out  io.Writer
	fail func() // called when the output cannot be written any more
	err  error  // that write error; to be read after the tour's end

	chapter int // whose title was printed
}

// Begin prints the step, and its chapter's title before the first.
func (t *tourText) Begin(v tour.View) {
	var b bytes.Buffer
	if t.chapter != v.Chapter {
		t.chapter = v.Chapter
		fmt.Fprintf(&b, "\ntour %d of %d: %s\n", v.Chapter, v.Chapters, v.Title)
	}
	fmt.Fprintf(&b, "\n%d.%d  %s\n     call   %s\n", v.Chapter, v.Step, v.Say, safetext.Line(v.Call))
	t.write(b.Bytes())
}

// Event prints what the step caused.
func (t *tourText) Event(e engine.Event) {
	worker := "-"
	if e.Worker != 0 {
		worker = fmt.Sprint(e.Worker)
	}
	kind, text := say.Line(&e)
	t.write([]byte("     event  " + safetext.Line(fmt.Sprintf("%3s  %-11s %s", worker, kind, text)) + "\n"))
}

// End prints what there was to see, or what did not happen.
func (t *tourText) End(v tour.View) {
	var b bytes.Buffer
	for _, line := range []struct{ name, text string }{{"now", v.Fact}, {"load", v.Load}, {"FAILED", v.Trouble}} {
		if line.text == "" {
			continue
		}
		for text := range strings.SplitSeq(line.text, "\n") {
			fmt.Fprintf(&b, "     %-6s %s\n", line.name, safetext.Line(text))
			line.name = ""
		}
	}
	t.write(b.Bytes())
}

func (t *tourText) write(b []byte) {
	if t.err != nil {
		return
	}
	if _, err := t.out.Write(b); err != nil {
		t.err = fmt.Errorf("writing to stdout: %w", err)
		t.fail()
	}
}
