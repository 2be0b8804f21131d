package tui

import (
	"muster/engine"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// A Node program does not tell what it answers, so requests and their times are
// dashes. This file has what is shown instead, which is known without the
// program's help: what the primary dealt, what the kernel says of a process and
// its connections, and how long the worker took to answer hand-offs.

// silent is true if the workers do not tell what they answer.
func silent(s *screen) bool { return s.hist.Silent() }

// pastMetric is the figure whose past LAST shows: requests answered or, if no
// worker tells them, connections dealt if the primary deals, and CPU if not.
func pastMetric(s *screen) hist.Metric {
	switch {
	case !silent(s):
		return hist.Req
	case s.snap.PrimaryDeals():
		return hist.Dealt
	}
	return hist.CPU
}

// trafficGraph is the graph of what the cluster, or one worker, does (of as in
// graphPane). A figure that stands beside it already is not shown twice.
func trafficGraph(s *screen, of int, openBeside bool) graphPane {
	g := graphPane{name: "requests/s", of: of, m: hist.Req, fmt: fmtCount}
	switch {
	case !silent(s):
	case s.snap.PrimaryDeals():
		g.name, g.m = "dealt/s", hist.Dealt
	case openBeside:
		g.name, g.m, g.fmt = "memory", hist.Mem, fmtMem
	default:
		g.name, g.m = "open connections", hist.Open
	}
	return g
}

// clusterTimes are the times of the latency pane and their name: answer times,
// or the loop delay if no worker tells answer times.
func clusterTimes(s *screen) (hist.Latencies, string) {
	switch t := s.hist.Cluster(); {
	case t == nil:
		return hist.NoLatencies, "latency"
	case silent(s) && s.snap.PrimaryDeals():
		return s.hist.HandOffNew, "loop delay"
	default:
		return t.Answered, "latency"
	}
}

// loopDelay is how long a worker that does not tell its answer times took to
// answer hand-offs in the last 10 s; ok is false for other workers.
func loopDelay(s *screen, w *engine.Row) (lat hist.Latencies, ok bool) {
	t := s.hist.Worker(w.ID)
	if t == nil || w.Latency != nil || w.HandOff == nil || !alive(w) {
		return hist.NoLatencies, false
	}
	return t.Loop, true
}

func timesText(l hist.Latencies) string {
	return "p50 " + fmtLatency(l.P50) + "   p99 " + fmtLatency(l.P99) + "   max " + fmtLatency(l.Max)
}

// noteLines is what is odd about a worker, in at most most lines of cells
// cells: its note, and the log's newest error about it, which says what to do.
func noteLines(s *screen, w *engine.Row, cells, most int) []string {
	if w.Note == "" || most <= 0 {
		return nil
	}
	text := safetext.Line(w.Note)
	for i := len(s.all) - 1; i >= 0; i-- {
		l := &s.all[i]
		if l.worker == w.ID && l.Kind == string(engine.KindError) && len(l.Plain) > 0 {
			text = l.Plain[0]
			break
		}
	}
	lines := cell.Wrapped(text, cells)
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] += s.signs.Ellipsis // if the line is too wide now, drawing cuts it
	}
	return lines
}
