package load

import (
	"context"
	"errors"
	"io"
	"time"
)

// Holds is what became of the connections that are only held (Options.Idle).
type Holds struct {
	Opened   uint64 // connections made
	Closed   uint64 // of the held connections, closed by the server
	Refused  uint64 // not made, by kind as for a request
	Reset    uint64
	TimedOut uint64
	Local    uint64 // not made because of a limit of this process, such as too few descriptors

	open int
}

// Failed is how many times a connection could not be made.
func (h Holds) Failed() uint64 { return h.Refused + h.Reset + h.TimedOut + h.Local }

const (
	maxDials   = 64                     // idle connections being made at once: no flood at the start
	afterClose = 100 * time.Millisecond // before a connection is opened again
	// maxUnasked is how much a server may send on a connection without a
	// request; a notice before the server closes it is usual.
	maxUnasked = 64 << 10
)

// hold keeps one idle connection until the run is told to stop. dials bounds
// how many are being made at once.
func (r *Runner) hold(dials chan struct{}) {
	for r.ctx.Err() == nil {
		r.holdOne(dials)
		r.pause(afterClose)
	}
}

func (r *Runner) holdOne(dials chan struct{}) {
	select {
	case dials <- struct{}{}:
	case <-r.ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.opts.Timeout)
	conn, err := r.dialer.dial(ctx)
	cancel()
	<-dials
	if r.ctx.Err() != nil {
		if err == nil {
			conn.Close()
		}
		return
	}
	if err != nil {
		r.tally.held(func(h *Holds) { h.fail(dialFailure(err)) })
		return
	}
	r.tally.held(func(h *Holds) { h.Opened++; h.open++ })
	unhook := context.AfterFunc(r.ctx, func() { conn.Close() })
	_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxUnasked)) // however the read ends, the connection is over
	unhook()
	conn.Close()
	r.tally.held(func(h *Holds) {
		h.open--
		if r.ctx.Err() == nil {
			h.Closed++
		}
	})
}

// fail counts a connection that could not be made.
func (h *Holds) fail(err error) {
	var f *failure
	switch {
	case !errors.As(err, &f):
		h.Local++
	case f.end == reset:
		h.Reset++
	case f.end == timedOut:
		h.TimedOut++
	default:
		h.Refused++
	}
}
