package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/safetext"
)

// workerFacts is what does not change by the second, of a dead worker what
// became of it first.
func workerFacts(s *screen, w *engine.Row, d *engine.Details) []fact {
	command, env := commandText(s.snap.Command), unknown
	if d != nil {
		command, env = commandText(d.Command), envText(s, d.Env, s.w-12)
	}
	replaces := unknown
	if w.Replaces != 0 {
		replaces = strconv.Itoa(w.Replaces)
		if w.ReplacesWhy != "" {
			replaces += " (" + safetext.Line(w.ReplacesWhy) + ")"
		}
	}
	forked := fact{"forked", fmt.Sprintf("%s, %s ago, by %s", clockText(w.Forked, false), fmtSpan(clockOf(s).Sub(w.Forked)), byText(w, s.snap.Started))}
	replaced, restarts := fact{"replaces", replaces}, fact{"restarts", strconv.Itoa(w.Restarts)}
	if alive(w) {
		facts := []fact{{"command", command}, forked, replaced, restarts, {"exited", exitedText(w)}, {"port", portText(w)}}
		if lat, ok := loopDelay(s, w); ok {
			facts = append(facts, fact{"loop", "delay " + timesText(lat)})
		}
		return append(facts, fact{"env", env})
	}
	facts := []fact{{"exited", exitedText(w)}, {"ended", endedText(w, clockOf(s))}, {"then", thenText(w, clockOf(s))}, forked, replaced, restarts}
	if w.Next != nil && w.Next.Reason != "" {
		facts = append(facts, fact{"stderr", safetext.Line(w.Next.Reason)})
	}
	return append(facts, fact{"command", command}, fact{"port", portText(w)}, fact{"env", env})
}

// endedText is when a dead worker ended, and how long it had lived.
func endedText(w *engine.Row, now time.Time) string {
	if w.Ended.IsZero() {
		return unknown
	}
	text := clockText(w.Ended, false) + ", " + fmtSpan(now.Sub(w.Ended)) + " ago"
	if !w.Forked.IsZero() {
		text += "; lived " + fmtBrief(w.Ended.Sub(w.Forked))
	}
	return text
}

// thenText is what became of a dead worker's slot.
func thenText(w *engine.Row, now time.Time) string {
	if stopped(w) {
		return fmt.Sprintf("no more forks: %s in a row", plural(w.Next.Deaths, "death"))
	}
	return deadForms(w, now)[0]
}

// byText is who had w forked in a cluster started then.
func byText(w *engine.Row, started time.Time) string {
	switch w.By {
	case engine.ByKey:
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

// workerFigures is what changes by the second.
func workerFigures(s *screen, w *engine.Row, d *engine.Details) []fact {
	dealt, cut, fds := unknown, unknown, unknown
	if s.snap.Policy == engine.SchedRR {
		dealt = fmtCount(float64(w.Dealt))
	}
	if w.Done != nil { // only one that tells what it takes and closes
		cut = "0"
		if !alive(w) {
			cut = strconv.Itoa(w.Cut)
		}
	}
	if n, ok := s.fds[w.ID]; ok && alive(w) {
		fds = strconv.Itoa(n)
	}
	if d != nil && d.FDs >= 0 && alive(w) {
		fds = fmt.Sprintf("%d of %d", d.FDs, d.FDLimit)
	}
	lat := noLatencies
	if t := s.hist.worker(w.ID); t != nil {
		lat = t.answered
	}
	quantiles := unknown
	switch {
	case lat.p50 < 0:
	case lat.p99 < milliFrom:
		quantiles = fmtLatency(lat.p50) + "  " + fmtLatency(lat.p99)
	default:
		quantiles = fmt.Sprintf("%s  %s ms", fmtMillis(lat.p50), fmtMillis(lat.p99))
	}
	open := unknown
	if w.Open != nil && alive(w) {
		open = fmtOpen(*w.Open)
	}
	return []fact{
		{"open", open},
		{"dealt", dealt},
		{"done", fmtCount(deref(w.Done))},
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

// secretWords mark the names of variables whose values are not shown.
var secretWords = []string{"PASS", "PWD_", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "PRIVATE", "COOKIE", "SESSION", "DSN"}

// envText is as many of the variables as fit in cells; what looks like a
// secret is masked, as others may watch the screen.
func envText(s *screen, env []string, cells int) string {
	all := fmt.Sprintf("(%d in all)", len(env))
	sorted := slices.Clone(env)
	slices.SortStableFunc(sorted, func(a, b string) int { return envRank(a) - envRank(b) })
	var b strings.Builder
	used := 0
	for i, kv := range sorted {
		text := cutTo(s, maskEnv(kv), 30)
		n := safetext.Width(text)
		room := cells - used
		if i < len(sorted)-1 {
			room -= len(all) + 2
		}
		if n+2 > room {
			break
		}
		b.WriteString(text + "  ")
		used += n + 2
	}
	return b.String() + all
}

// envRank puts what says which worker this is in front.
func envRank(kv string) int {
	if strings.HasPrefix(kv, "NODE_UNIQUE_ID=") {
		return 0
	}
	return 1
}

func maskEnv(kv string) string {
	name, value, ok := strings.Cut(kv, "=")
	if !ok {
		return safetext.Line(kv)
	}
	upper := strings.ToUpper(name)
	secret := slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(upper, word) })
	// user:password@host in an address
	if _, rest, ok := strings.Cut(value, "://"); ok && strings.Contains(rest, "@") {
		secret = true
	}
	if secret {
		value = "***"
	}
	return safetext.Line(name + "=" + value)
}
