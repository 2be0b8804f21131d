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
	"muster/tui/internal/cell"
)

// stateWord is the state of a worker as the table says it, without its sign:
// "listening", "exit SIGKILL", "exit code 1".
func stateWord(w *engine.Row) string {
	if w.State != engine.StateExited {
		return string(w.State)
	}
	if w.Exit == nil {
		return "exit"
	}
	return "exit " + signalWord(w.Exit.String(), columnWidths[colState]-len("x exit "))
}

// signalWord shortens the name of a signal that has more than n cells.
func signalWord(name string, n int) string {
	if len(name) > n {
		return strings.TrimPrefix(name, "SIG")
	}
	return name
}

// stopped tells whether the worker's slot gave up.
func stopped(w *engine.Row) bool {
	return w.State == engine.StateExited && w.Next != nil && w.Next.Stopped
}

// voluntary tells whether a dead worker was told to leave, and so is not replaced.
func voluntary(w *engine.Row) bool {
	return w.State == engine.StateExited && w.Exit != nil && w.Exit.Voluntary
}

// lastText is what LAST says of a worker with something to report, in the
// longest form that fits in cells; "" = show its history.
func lastText(snap *engine.Snapshot, w *engine.Row, now time.Time, cells int) string {
	return cell.Fitting(cells, lastForms(snap, w, now)...)
}

func lastForms(snap *engine.Snapshot, w *engine.Row, now time.Time) []string {
	switch w.State {
	case engine.StateExited:
		return deadForms(w, now)
	case engine.StateDisconnected:
		if w.WaitsFor != 0 {
			return []string{safetext.Line(w.Note), "waits for " + strconv.Itoa(w.WaitsFor)}
		}
		if w.StopSignal != "" {
			return signalledForms(w, now)
		}
		return []string{"channel closed"}
	case engine.StateDisconnecting:
		return leavingForms(snap, w, now)
	}
	if w.ReplacedBy != 0 {
		return []string{"waits for " + strconv.Itoa(w.ReplacedBy)}
	}
	if !w.Stalled.IsZero() {
		stood := now.Sub(w.Stalled)
		t := say.Shortly(stood) + " s"
		forms := []string{"no answer for " + t, "no answer " + t, "no answer " + fmtAge(stood), "no answer"}
		if w.Hand > 0 {
			forms = slices.Insert(forms, 0, "a hand-off unanswered for "+t)
		}
		return forms
	}
	if w.Note != "" {
		return []string{safetext.Line(w.Note)}
	}
	if w.Replaces == 0 {
		return nil
	}
	old := snap.ByID(w.Replaces)
	if old != nil && alive(old) && w.State != engine.StateListening {
		return []string{"to replace " + strconv.Itoa(w.Replaces)}
	}
	if now.Sub(w.Forked) < forTime {
		why := safetext.Line(strings.TrimPrefix(w.ReplacesWhy, "exit "))
		id := strconv.Itoa(w.Replaces)
		if why == "" {
			return []string{"for " + id}
		}
		return []string{"for " + id + ": " + why, id + ": " + why, "for " + id}
	}
	return nil
}

// signalledForms is about a worker that was sent the stop signal.
func signalledForms(w *engine.Row, now time.Time) []string {
	sent := "sent " + w.StopSignal
	if w.LeaveBy.IsZero() {
		return []string{sent + ", no limit", sent, strings.TrimPrefix(w.StopSignal, "SIG")}
	}
	t := say.Shortly(w.LeaveBy.Sub(now))
	name := strings.TrimPrefix(w.StopSignal, "SIG")
	return []string{sent + ", " + t + " s to go", sent + ", " + t + " s", name + ", " + t + " s", name + " " + t + "s", name}
}

func leavingForms(snap *engine.Snapshot, w *engine.Row, now time.Time) []string {
	if w.StopSignal != "" {
		return signalledForms(w, now)
	}
	left, long := "leaving", "leaving"
	if w.Open != nil {
		left = fmtOpen(*w.Open) + " left"
		what := "request"
		if w.Done == nil { // the figure is the kernel's: some connections may be idle
			what = "connection"
		}
		long = plural.Of(*w.Open, what) + " left"
	}
	if w.LeaveBy.IsZero() {
		return []string{long + ", no limit", left + ", no limit", left}
	}
	t := say.Shortly(w.LeaveBy.Sub(now))
	if snap.Grace <= 0 {
		return []string{long + ", " + t + " s", left + ", " + t + " s", left + "  " + t + "s", left}
	}
	of := t + " s of " + say.Shortly(snap.Grace) + " s"
	return []string{long + ", " + of, left + "  " + of, left + ", " + t + " s", left + "  " + t + "s", left}
}

func deadForms(w *engine.Row, now time.Time) []string {
	switch {
	case w.Next == nil && voluntary(w):
		return []string{"was told to leave", "told to leave", "has left"}
	case w.Next == nil:
		return []string{"not replaced"}
	case w.Next.Stopped:
		return []string{"r tries now"}
	}
	in := "fork in " + say.Shortly(w.Next.At.Sub(now))
	if w.Next.Deaths > 0 && w.Next.Of > 0 {
		tries := fmt.Sprintf("%d of %d)", w.Next.Deaths, w.Next.Of)
		return []string{in + " s  (try " + tries, in + " s  (" + tries, in + " s", in + "s"}
	}
	return []string{in + " s", in + "s"}
}

// lastExitText is LAST EXIT: how and how long ago the row's worker ended if it
// is dead, otherwise the last worker of its slot that died.
func lastExitText(w *engine.Row, now time.Time, cells int) string {
	how, at := strings.TrimPrefix(w.LastExit, "exit "), w.LastExitAt
	if !alive(w) && w.Exit != nil {
		// The engine does not count a requested exit among the slot's deaths.
		how, at = w.Exit.String(), w.Ended
	}
	if how == "" {
		return unknown
	}
	age := ""
	if !at.IsZero() {
		age = fmtAge(now.Sub(at))
	}
	how = signalWord(how, cells-1-max(len(age), 4))
	return safetext.Pad(how, max(cells-len(age)-1, 0)) + " " + age
}

// stateSign is the sign of a worker's state, or of a slot that gave up.
func stateSign(sg *cell.Signs, st engine.State, gaveUp bool) string {
	if gaveUp {
		return sg.Stopped
	}
	switch st {
	case engine.StateForked:
		return sg.Forked
	case engine.StateOnline:
		return sg.Online
	case engine.StateListening:
		return sg.Listening
	case engine.StateDisconnecting:
		return sg.Disconnecting
	case engine.StateDisconnected:
		return sg.Disconnected
	case engine.StateExited:
		return sg.Exited
	}
	return " "
}

// alive tells whether a worker has figures of its own.
func alive(w *engine.Row) bool { return w.State != engine.StateExited }

const (
	reversedTime = time.Second     // a row whose state changed is reversed
	boldTime     = 3 * time.Second // and then bold, counted from the change
	forTime      = 5 * time.Second // "for 4: SIGKILL" stands in a new row
)

// countSlots counts slots, not rows: while a worker is restarted its slot has
// two rows, and it is served as long as one of them listens.
func countSlots(snap *engine.Snapshot) (slots, listening, gaveUp int) {
	seen := make(map[int]bool, len(snap.Workers)) // slot -> is one listening
	for i := range snap.Workers {
		w := &snap.Workers[i]
		if !alive(w) && w.Next == nil {
			continue // gone for good
		}
		seen[w.Slot] = seen[w.Slot] || w.State == engine.StateListening
		if stopped(w) {
			gaveUp++
		}
	}
	for _, ok := range seen {
		if ok {
			listening++
		}
	}
	return len(seen), listening, gaveUp
}

// live is how many workers have not ended.
func live(snap *engine.Snapshot) int {
	n := 0
	for i := range snap.Workers {
		if snap.Workers[i].State != engine.StateExited {
			n++
		}
	}
	return n
}

// allOf is "all 4 workers", or "the only worker".
func allOf(n int) string {
	if n == 1 {
		return "the only worker"
	}
	return "all " + plural.Of(n, "worker")
}

// openFacts is "87 connections open", "" if that is not known.
func openFacts(open *int) string {
	if open == nil {
		return ""
	}
	return plural.Of(*open, "connection") + " open"
}

// openShort is openFacts in fewer cells: "87 open".
func openShort(open *int) string {
	if open == nil {
		return ""
	}
	return fmtOpen(*open) + " open"
}

// crashLoop tells whether only slots that gave up are left.
func crashLoop(snap *engine.Snapshot) bool {
	if snap == nil {
		return false
	}
	n := snap.Count()
	return n.Stopped > 0 && n.Stopped == n.Rows
}
