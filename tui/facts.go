package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/plural"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/internal/wireword"
	"muster/tui/internal/hist"
)

// workerFacts is what does not change every second; for a dead worker, what
// became of it comes first.
func workerFacts(s *screen, w *engine.Row, d *engine.Details, shown string) []fact {
	command, env := commandText(s.snap.Command), unknown
	if d != nil {
		command, env = commandText(d.Command), envText(s, d.Env, shown, s.w-12)
	}
	replaces := unknown
	if w.Replaces != 0 {
		replaces = strconv.Itoa(w.Replaces)
		if w.ReplacesWhy != "" {
			replaces += " (" + safetext.Line(w.ReplacesWhy) + ")"
		}
	}
	worker := fact{"state", connectedText(w)}
	settings := fact{"settings", settingsText(s, s.w-12)}
	forked := fact{"forked", fmt.Sprintf("%s, %s ago, by %s", clockText(w.Forked, false), say.Span(clockOf(s).Sub(w.Forked)), byText(w, s.snap.Started))}
	before := []fact{{"replaces", replaces}, {"restarts", strconv.Itoa(w.Restarts)}}
	rest := []fact{{"port", portText(w)}, settings}
	if s.w < namesW || !alive(w) { // a dead worker has more to tell
		before = []fact{{"replaces", replaces + "   restarts " + strconv.Itoa(w.Restarts)}}
	}
	if s.w < namesW {
		slices.Reverse(rest) // there may be no room for both facts, and the head says the port too
	}
	if alive(w) {
		facts := slices.Concat([]fact{{"command", command}, forked}, before, []fact{worker, {"exited", exitedText(w)}}, rest)
		if lat, ok := loopDelay(s, w); ok {
			facts = append(facts, fact{"loop", "delay " + timesText(lat)})
		}
		return append(facts, fact{"env", env})
	}
	facts := append([]fact{{"exited", exitedText(w)}, worker, {"ended", endedText(w, clockOf(s))}, {"then", thenText(w, clockOf(s))}, forked}, before...)
	if w.Next != nil && w.Next.Reason != "" {
		facts = append(facts, fact{"stderr", safetext.Line(w.Next.Reason)})
	}
	return slices.Concat(facts, []fact{{"command", command}}, rest, []fact{{"env", env}})
}

// endedText is when a dead worker ended, and how long it had lived.
func endedText(w *engine.Row, now time.Time) string {
	if w.Ended.IsZero() {
		return unknown
	}
	text := clockText(w.Ended, false) + ", " + say.Span(now.Sub(w.Ended)) + " ago"
	if !w.Forked.IsZero() {
		text += "; lived " + fmtBrief(w.Ended.Sub(w.Forked))
	}
	return text
}

// thenText is what became of a dead worker's slot.
func thenText(w *engine.Row, now time.Time) string {
	if stopped(w) {
		return fmt.Sprintf("no more forks: %s in a row", plural.Of(w.Next.Deaths, "death"))
	}
	return deadForms(w, now)[0]
}

// byText is who caused the fork of w, in a cluster started at started.
func byText(w *engine.Row, started time.Time) string {
	switch w.By {
	case wireword.ByKey:
		return "a key"
	case engine.BySupervisor:
		return "the supervisor"
	case engine.ByAPI:
		if w.Forked.Sub(started) < time.Second {
			return "the start"
		}
		return "the API"
	}
	return unknown
}

func exitedText(w *engine.Row) string {
	text := "exitedAfterDisconnect unset"
	if v := w.ExitedAfterDisconnect; v != nil {
		text = "exitedAfterDisconnect " + strconv.FormatBool(*v)
	}
	if w.Exit != nil {
		text = w.Exit.String() + ", " + text
	}
	return text
}

// connectedText is what worker.isConnected() and worker.isDead() answer.
func connectedText(w *engine.Row) string {
	return fmt.Sprintf("isConnected %t   isDead %t", w.Connected, w.Dead)
}

func portText(w *engine.Row) string {
	if len(w.Addresses) == 0 {
		return unknown
	}
	var all []string
	for _, a := range w.Addresses {
		all = append(all, safetext.Line(a.String()))
	}
	return strings.Join(all, ", ")
}

// workerFigures is what changes every second.
func workerFigures(s *screen, w *engine.Row, d *engine.Details) []fact {
	dealt, cut, fds := unknown, unknown, unknown
	if s.snap.PrimaryDeals() {
		dealt = fmtCount(float64(w.Dealt))
	}
	if alive(w) {
		cut = "0"
	} else if w.Cut != nil {
		cut = strconv.Itoa(*w.Cut)
	}
	if n, ok := s.fds[w.ID]; ok && alive(w) {
		fds = strconv.Itoa(n)
	}
	if d != nil && d.FDs >= 0 && alive(w) {
		fds = fmt.Sprintf("%d of %d", d.FDs, d.FDLimit)
	}
	lat := hist.NoLatencies
	if t := s.hist.Worker(w.ID); t != nil {
		lat = t.Answered
	}
	quantiles := unknown
	switch {
	case lat.P50 < 0:
	case lat.P99 < milliFrom:
		quantiles = fmtLatency(lat.P50) + "  " + fmtLatency(lat.P99)
	default:
		quantiles = fmt.Sprintf("%s  %s ms", fmtMillis(lat.P50), fmtMillis(lat.P99))
	}
	open := unknown
	if w.Open != nil && alive(w) {
		open = fmtOpen(*w.Open)
	}
	return []fact{
		{"open", open},
		{"dealt", dealt},
		{"done", fmtCount(hist.Value(w.Done))},
		{"cut", cut},
		{"p50 p99", quantiles},
		{"fds", fds},
	}
}

// figuresFact is the figures in one line, for a narrow screen.
func figuresFact(figures []fact) fact {
	var parts []string
	for _, f := range figures {
		if f.name == "p50 p99" || f.name == "fds" {
			continue
		}
		parts = append(parts, f.name+" "+f.value)
	}
	return fact{"figures", strings.Join(parts, "   ")}
}
