package tui

import (
	"context"
	"time"

	"muster/engine"
	"muster/internal/onscreen"

	tea "github.com/charmbracelet/bubbletea"
)

// pullEvery is the least time between two pulls: at most ten frames a second
// however much happens.
const pullEvery = 100 * time.Millisecond

// pump pulls from c whenever it has changed, until ctx ends. Events become
// lines here, not in Update: a worker may write a flood. send may wait until
// the screen is ready for more.
func pump(ctx context.Context, c engine.View, send func(tea.Msg)) {
	changed, cancel := c.Subscribe()
	defer cancel()
	var after uint64
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		msg := pull(c, &after)
		if ctx.Err() != nil {
			return
		}
		send(msg)
		pause.Reset(pullEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// pull gets what is new after the event numbered *after, and updates *after.
func pull(c engine.View, after *uint64) pulledMsg {
	ev, lost := c.Events(*after)
	msg := pulledMsg{snap: c.Snapshot(), events: len(ev), lost: lost}
	if len(ev) == 0 {
		return msg
	}
	*after = ev[len(ev)-1].Seq
	for _, e := range ev[max(0, len(ev)-maxLog):] {
		if l, ok := newLogLine(told(e, msg.snap)); ok {
			msg.lines = append(msg.lines, l)
		}
	}
	return msg
}

// told sets the open connections of a leave event to -1 (not known) if the
// worker does not tell them: the event itself has 0 then.
func told(e engine.Event, snap *engine.Snapshot) engine.Event {
	d, ok := e.Detail.(engine.LeaveDetail)
	if !ok || d.InFlight > 0 {
		return e
	}
	if w := snap.ByID(e.Worker); w == nil || w.Done == nil {
		d.InFlight = -1
		e.Detail = d
	}
	return e
}

// pumpLoad tells send whenever the load has changed, until ctx ends.
func pumpLoad(ctx context.Context, l onscreen.Loader, send func(tea.Msg)) {
	for {
		select {
		case <-l.Changed():
			send(loadChangedMsg{})
		case <-ctx.Done():
			return
		}
	}
}

// runTour plays the tour of o until ctx ends, and pumps its pictures.
func (r *runner) runTour(ctx context.Context, t onscreen.Tour, ends bool) {
	if t == nil {
		return
	}
	r.t.Go(func() {
		_ = t.Run(ctx) // the tour's maker asks it for its error
		if ends && ctx.Err() == nil {
			r.p.Send(tourOverMsg{})
		}
	})
	r.t.Go(func() { pumpTour(ctx, t, r.p.Send) })
}

func pumpTour(ctx context.Context, t onscreen.Tour, send func(tea.Msg)) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		send(tourMsg{t.View()})
		pause.Reset(tourEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-t.Changed():
		case <-ctx.Done():
			return
		}
	}
}

// tourEvery is the least time between two pictures of the tour: a step that
// plays itself may stand for 200 ms.
const tourEvery = 50 * time.Millisecond
