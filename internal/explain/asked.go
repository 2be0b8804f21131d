package explain

import (
	"fmt"
	"iter"
	"slices"

	"muster/engine"
)

// Past are the kept events, newest first. nil = none.
type Past iter.Seq[engine.Event]

// asked is what made the end of a worker voluntary, as far as the events are
// kept.
type asked struct {
	leave    *engine.Event // the first order to leave
	kill     *engine.Event // the newest signal through the API that ends a worker
	last     string        // the signal the supervisor sent it at last, "" = none
	standIn  int           // the worker that a restart forked in its place
	listened uint64        // the event of standIn's first listen, 0 = none
}

// askedOf finds among the events what was asked of a worker.
func askedOf(id int, past Past) (a asked) {
	if past == nil {
		return a
	}
	listened := map[int]uint64{} // the first event of each worker
	for e := range past {
		switch d := e.Detail.(type) {
		case engine.ListeningDetail:
			listened[e.Worker] = e.Seq
		case engine.ForkDetail:
			if d.Replaces == id && d.Why == "restart" {
				a.standIn, a.listened = e.Worker, listened[e.Worker]
			}
			if e.Worker == id { // nothing was asked of it before
				return a
			}
		case engine.LeaveDetail:
			if e.Worker == id {
				a.leave = &e
			}
		case engine.KillDetail:
			switch {
			case e.Worker != id || d.Crash || slices.Contains(harmless, d.Signal):
			case d.Reason != "":
				if a.last == "" {
					a.last = d.Signal
				}
			case a.kill == nil:
				a.kill = &e
			}
		}
	}
	return a
}

// whyLeft is why a worker that was asked to end has ended, by this signal or by
// none.
func whyLeft(id int, signal *string, past Past) string {
	a := askedOf(id, past)
	text, ok := a.why(signal)
	switch {
	case !ok:
		text = "It had been told to leave, by disconnect(), kill(), a restart or the end of the cluster."
	case a.leave != nil && signal != nil && *signal == a.last:
		text += " It had not when its time was over: " + short(a.last) + "."
	}
	if a.restarted() {
		return text
	}
	return text + " It is not replaced."
}

// whyApart is why the channel of a worker that was asked to end was closed.
func whyApart(id int, past Past) string {
	if text, ok := askedOf(id, past).why(nil); ok {
		return text
	}
	return "It had been told to leave: worker.disconnect(), worker.kill(), a restart, or the end of the cluster."
}

// why is what was asked: to leave, or a signal, if nothing else was asked or
// the worker ended by that signal; false = the event is not kept.
func (a asked) why(signal *string) (string, bool) {
	if k := a.kill; k != nil {
		sig := k.Detail.(engine.KillDetail).Signal
		if a.leave == nil || signal != nil && *signal == sig {
			return fmt.Sprintf("%s sent it %s: worker.kill('%s').", by(k.By), short(sig), short(sig)), true
		}
	}
	return a.told()
}

// whyLeaves is why a worker leaves: a sentence.
func whyLeaves(id int, past Past) string {
	a := askedOf(id, past)
	if text, ok := a.told(); ok {
		return text
	}
	return "It was told to leave: worker.disconnect(), a restart, or the end of the cluster."
}

// restarted tells whether it left for the worker that stands in for it.
func (a asked) restarted() bool {
	return a.leave != nil && a.listened != 0 && a.listened < a.leave.Seq
}

// told is who told it to leave, and how; false = the event is not kept.
func (a asked) told() (string, bool) {
	e := a.leave
	switch {
	case e == nil:
		return "", false
	case a.restarted():
		return fmt.Sprintf("A restart told it to leave, once %s listened in its place.", worker(a.standIn)), true
	case e.By == engine.ByOutside:
		return "Its own program told it to leave: cluster.worker.disconnect().", true
	case e.By == engine.BySupervisor:
		return "A restart that was taken back told it to leave: it did not listen where the old worker does.", true
	case e.Call == "cluster.disconnect()":
		return by(e.By) + " told all workers to leave: cluster.disconnect().", true
	}
	return by(e.By) + " told it to leave: worker.disconnect().", true
}
