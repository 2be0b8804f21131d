package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"

	"muster/engine"
	"muster/internal/plural"
)

// errIncomplete: some output could not be written, and stderr has said so.
var errIncomplete = errors.New("the output is incomplete")

// chunk is how much is formatted before it is written.
const chunk = 64 << 10

// printer writes the events of a cluster to one output. It runs in a goroutine
// of its own, so that an output nobody reads holds up only the printer. Events
// may leave the ring before it reads them; it says how many were lost.
//
// A failing output is no reason to end a service: stderr reports a full disk
// once, and printing goes on when there is room again. If the reader of a pipe
// has gone the cluster ends: the reader no longer needs it.
type printer struct {
	out  io.Writer
	form format
	say  func(format string, args ...any) // one line on stderr

	first  []byte // the text before all events, if the form has one and it is not yet written
	buf    bytes.Buffer
	events uint64 // events in buf
	gap    uint64 // lost events that were not reported yet
	torn   bool   // the output ends within a line
	failed bool   // a write has failed, and stderr has said so
}

// follow prints until over is closed and everything is printed, or until the
// form says that it is complete. It returns errIncomplete if something could
// not be written, and another error at once if the reader of the output has gone.
func (p *printer) follow(c engine.View, over <-chan struct{}) error {
	changed, cancel := c.Subscribe()
	defer cancel()
	var after uint64
	form, finite := p.form.(interface{ complete(*engine.Snapshot) bool })
	if f, ok := p.form.(interface{ first() string }); ok {
		p.first = []byte(f.first())
		if err := p.flush(); err != nil {
			return err
		}
	}
	for {
		ended := closed(over) // checked before the pull, which then has all that happened before the end
		ev, lost := c.Events(after)
		if err := p.print(ev, lost); err != nil {
			return err
		}
		if n := len(ev); n > 0 {
			after = ev[n-1].Seq
		}
		if finite && form.complete(c.Snapshot()) || ended && len(ev) == 0 {
			break
		}
		select {
		case <-changed:
		case <-over:
		}
	}
	p.sayGap() // no write has succeeded since
	if p.failed {
		return errIncomplete
	}
	return nil
}

func (p *printer) print(ev []engine.Event, lost uint64) error {
	p.gap += lost
	for i := range ev {
		before := p.buf.Len()
		if p.form.event(&p.buf, &ev[i]); p.buf.Len() > before {
			p.events++
		}
		if p.buf.Len() >= chunk {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return p.flush()
}

// flush writes how many events were lost, and then the formatted events. The
// error means that the reader has gone; any other failure counts as a gap.
func (p *printer) flush() error {
	lines, events := p.buf.Bytes(), p.events
	defer func() { p.buf.Reset(); p.events = 0 }()
	var missed bytes.Buffer
	if p.gap > 0 {
		p.form.missed(&missed, p.gap)
	}
	whole := slices.Concat(p.first, missed.Bytes(), lines)
	if len(whole) == 0 {
		return nil
	}
	if p.torn {
		whole = append([]byte{'\n'}, whole...)
	}
	n, err := p.out.Write(whole)
	switch {
	case err == nil:
		p.torn, p.first = false, nil
		if missed.Len() == 0 {
			p.sayGap()
		}
		p.gap = 0
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("writing events to stdout: %w", err)
	default:
		if n > 0 {
			p.torn = whole[n-1] != '\n'
		}
		p.gap += events
		if !p.failed {
			p.failed = true
			p.say("%v; the cluster goes on, and so does the output when it can be written again", err)
		}
	}
	return nil
}

// sayGap reports lost events on stderr, for a form that cannot.
func (p *printer) sayGap() {
	if p.gap > 0 {
		p.say("%s missed", plural.Of(p.gap, "event"))
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
