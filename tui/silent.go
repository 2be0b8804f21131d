package tui

import (
	"strconv"

	"muster/engine"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// A program of Node's as the workers does not tell what it answers. Requests
// and their times are dashes then; this file has what is shown in their place,
// which is known without the program's help: what the primary dealt, what the
// kernel says of a process and its connections, and how long the worker took to
// answer hand-offs.

// teller finds out whether the workers tell what they answer. All run the same
// program, so what one does goes for all. One of Go tells a quarter of a second
// after its first connection: two ticks after it, who has not does not.
type teller struct {
	tells bool
	mute  int // ticks in which a worker that told nothing was seen to have had connections
}

func (t *teller) see(s *engine.Snapshot) {
	had := false
	for i := range s.Workers {
		w := &s.Workers[i]
		t.tells = t.tells || w.Done != nil
		had = had || alive(w) && w.Done == nil && (w.HandOff != nil || w.Open != nil && *w.Open > 0)
	}
	if had {
		t.mute = min(t.mute+1, 2)
	}
}

// silent tells that the workers do not tell what they answer.
func silent(s *screen) bool { return s.hist != nil && !s.hist.told.tells && s.hist.told.mute > 1 }

// pastMetric is the figure whose past LAST shows: requests answered, or, where
// no worker tells them, connections dealt in rr and CPU in shared.
func pastMetric(s *screen) metric {
	switch {
	case !silent(s):
		return mReq
	case s.snap.Policy.Dealer() == engine.DealerPrimary:
		return mDealt
	}
	return mCPU
}

// pastHeading names the figure over LAST where n cells have room for it.
// Requests are what one expects: on less room than the widest they go unnamed.
func pastHeading(m metric, n int) string {
	text := "LAST " + strconv.Itoa(n) + " S"
	switch {
	case m == mReq && n > lastWide:
		return "REQUESTS/S, " + text
	case m == mDealt && n >= lastWide:
		return "DEALT/S, " + text
	case m == mCPU && n >= lastWide:
		return "CPU%, " + text
	}
	return text
}

// trafficGraph is the graph of what the cluster, or one worker, does (of as in
// graphPane). What stands beside it already is not shown twice.
func trafficGraph(s *screen, of int, openBeside bool) graphPane {
	g := graphPane{name: "requests/s", of: of, m: mReq, fmt: fmtCount}
	switch {
	case !silent(s):
	case s.snap.Policy.Dealer() == engine.DealerPrimary:
		g.name, g.m = "dealt/s", mDealt
	case openBeside:
		g.name, g.m, g.fmt = "memory", mMem, fmtMem
	default:
		g.name, g.m = "open connections", mOpen
	}
	return g
}

// clusterTimes are the times of the latency pane and what they are: answer
// times, or the loop delay where no worker tells those.
func clusterTimes(s *screen) (latencies, string) {
	switch t := s.hist.cluster(); {
	case t == nil:
		return noLatencies, "latency"
	case silent(s) && s.snap.Policy.Dealer() == engine.DealerPrimary:
		return s.hist.handOffNew, "loop delay"
	default:
		return t.answered, "latency"
	}
}

// loopDelay is how long the worker took to answer hand-offs in the last 10 s,
// for one that does not tell its answer times; ok is false for others.
func loopDelay(s *screen, w *engine.Row) (lat latencies, ok bool) {
	t := s.hist.worker(w.ID)
	if t == nil || w.Latency != nil || w.HandOff == nil || !alive(w) {
		return noLatencies, false
	}
	return t.loop, true
}

func timesText(l latencies) string {
	return "p50 " + fmtLatency(l.p50) + "   p99 " + fmtLatency(l.p99) + "   max " + fmtLatency(l.max)
}

// noteLines is what is odd about a worker, in at most most lines of cells: its
// note, and the newest error of the log about it, which says what to do.
func noteLines(s *screen, w *engine.Row, cells, most int) []string {
	if w.Note == "" || most <= 0 {
		return nil
	}
	text := safetext.Line(w.Note)
	for i := len(s.all) - 1; i >= 0; i-- {
		l := &s.all[i]
		if l.worker == w.ID && l.kind == string(engine.KindError) && len(l.plain) > 0 {
			text = l.plain[0]
			break
		}
	}
	lines := cell.Wrapped(text, cells)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] += s.signs.Ellipsis // cut where it is drawn, if it is too wide now
	}
	return lines
}
