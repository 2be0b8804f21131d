// Package plaintext removes colours from workers' output, and secrets from
// command lines. The engine keeps workers' text as it came; when text is
// printed or searched, SGR sequences are noise. All other escapes stay, for
// safetext to show.
package plaintext

import (
	"slices"
	"strings"

	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/secret"
)

// Event is e without the SGR sequences of the workers' text in it, and without
// what may be secret in a command line (see package secret). A message
// stays: it is a value, not text (see Shown). It may be called from any
// goroutine and changes nothing e points to.
func Event(e engine.Event) engine.Event {
	switch d := e.Detail.(type) {
	case engine.SetupDetail:
		d.ExecArgv, d.Args, d.Note = secret.Args(d.ExecArgv), secret.Args(d.Args), secret.Text(d.Note)
		e.Detail = d
	case engine.OutputDetail:
		d.Text = safetext.DropSGR(d.Text)
		e.Detail = d
	case engine.StoppedDetail:
		d.Text = safetext.DropSGR(d.Text)
		e.Detail = d
	case engine.ErrorDetail:
		d.Text = safetext.DropSGR(d.Text)
		e.Detail = d
	case engine.DisconnectDetail:
		d.Error = safetext.DropSGR(d.Error)
		e.Detail = d
	case engine.KillDetail:
		d.Reason = safetext.DropSGR(d.Reason)
		e.Detail = d
	case engine.StallDetail:
		d.Spared = safetext.DropSGR(d.Spared)
		e.Detail = d
	case engine.ForkDetail:
		d.Why = safetext.DropSGR(d.Why)
		e.Detail = d
	}
	return e
}

// Shown is Event for people, who read messages as well: it also removes SGR
// sequences from the strings of a message.
func Shown(e engine.Event) engine.Event {
	switch d := e.Detail.(type) {
	case engine.MessageDetail:
		d.Message = safetext.DropSGRJSON(d.Message)
		e.Detail = d
	case engine.SendDetail:
		d.Message = safetext.DropSGRJSON(d.Message)
		e.Detail = d
	default:
		return Event(e)
	}
	return e
}

// Snapshot is s without SGR sequences in the reasons why slots gave up; s
// itself, if there are none.
func Snapshot(s *engine.Snapshot) *engine.Snapshot {
	has := func(w engine.Row) bool { return w.Next != nil && strings.ContainsRune(w.Next.Reason, '\x1b') }
	if s == nil || !slices.ContainsFunc(s.Workers, has) {
		return s
	}
	c := *s
	c.Workers = slices.Clone(s.Workers)
	for i := range c.Workers {
		if w := &c.Workers[i]; has(*w) {
			next := *w.Next
			next.Reason = safetext.DropSGR(next.Reason)
			w.Next = &next
		}
	}
	return &c
}
