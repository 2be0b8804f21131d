package explain

import (
	"fmt"
	"time"

	"muster/engine"
	"muster/internal/plural"
)

// Troubled tells whether a worker is in a state that matters more than its
// newest event: it leaves, has ended, or does not answer.
func Troubled(w *engine.Row) bool {
	switch w.State {
	case engine.StateDisconnecting, engine.StateDisconnected, engine.StateExited:
		return true
	}
	return !w.Stalled.IsZero() || w.ReplacedBy != 0 || w.Note != ""
}

// State explains the state a worker of the snapshot is in at now. w and s must
// not be nil. past is what else is known of the cause.
func State(w *engine.Row, s *engine.Snapshot, now time.Time, past Past) Text {
	var t Text
	switch w.State {
	case engine.StateExited:
		t = ended(w, s, now, past)
	case engine.StateDisconnecting:
		t = goes(w, s, now, past)
	case engine.StateDisconnected:
		t = apart(w, s, now)
	default:
		t = lives(w, s, now)
	}
	t.Title = fmt.Sprintf("%s: %s", worker(w.ID), t.Title)
	if t.Than == 0 {
		t.Than = otherPolicy(s)
	}
	return t
}

// lives explains a worker that comes up or serves.
func lives(w *engine.Row, s *engine.Snapshot, now time.Time) Text {
	t := Text{Cause: "It was forked, " + span(now.Sub(w.Forked)) + " ago.", Other: "the same: the policy matters from listening on."}
	switch {
	case !w.Stalled.IsZero():
		return stalled("no answer", w.ID, w.Hand == 0, span(now.Sub(w.Stalled).Round(100*time.Millisecond)), w.Spared, s)
	case w.ReplacedBy != 0:
		t.Title = "being replaced"
		t.Means = fmt.Sprintf("It serves on until %s listens, and is told to leave then: no connection is without a worker.", worker(w.ReplacedBy))
		t.Cause = "A restart was asked for (r, or a reload)."
		t.Call = "no call of Node's: cluster.fork(), 'listening', then worker.disconnect() of the old one. In Go Command{Op: OpRestart}."
		t.Other = same
	case w.State == engine.StateListening && w.Note != "" && w.Note != "restart failed":
		t.Title = short(w.Note)
		t.Means = "It serves, but not all is as before: the error in the log about it says which address, and what to do."
		t.Cause = "Most likely its program probes the port before it listens, finds it taken by the cluster itself, and takes another."
		t.Call = "no call of Node's: there the old worker is told to leave, whatever the new one listens on. In Go Row.Note, Row.Addresses."
		t.Other = same
	case w.State == engine.StateListening:
		t.Title = "listening"
		t.Means = "It serves. " + serves(w) + " " + Policy(inForce(s)).Gets
		if w.Note != "" {
			t.Title = "listening, " + short(w.Note)
			t.Cause = "A restart was tried, and the new worker did not come up: this one stays. The log says why; r tries again."
		}
		t.Call = "worker.isConnected() is true, isDead() false, exitedAfterDisconnect unset; in Go w.IsConnected(), w.IsDead()."
		t.Other = instead(s,
			"it would accept for itself; which worker gets how many is the kernel's affair, and often uneven.",
			"the primary would accept, and deal in turn, the same number to each that is free.")
	case w.State == engine.StateOnline:
		t.Title = "online"
		t.Means = "It runs and does not listen yet: it gets no connections."
		if w.Note != "" {
			t.Title = "online, " + short(w.Note)
			t.Means = "It has run for a while without listening: it gets no connections. A program that never listens is no server."
		}
		t.Call = "cluster 'online' has been, 'listening' has not; in Go c.OnOnline, c.OnListening."
	default:
		t.Title = "forked"
		t.Means = "Its process was started and has said nothing yet."
		t.Call = "cluster.fork() has returned it, 'online' has not been; in Go c.Fork(), c.OnOnline."
	}
	return t
}

// serves tells the figures of a worker, as far as they are known.
func serves(w *engine.Row) string {
	if w.Open == nil {
		return "How many connections it has is not known."
	}
	return fmt.Sprintf("It has %s open.", plural.Of(*w.Open, "connection"))
}

// goes explains a worker that was told to leave.
func goes(w *engine.Row, s *engine.Snapshot, now time.Time, past Past) Text {
	limit := "There is no limit, as in Node."
	switch {
	case w.StopSignal != "":
		limit = signalled(w, now)
	case !w.LeaveBy.IsZero():
		limit = left(w.LeaveBy, now)
		if s.Grace > 0 {
			limit += " of " + span(s.Grace)
		}
		limit = "It has " + limit + " left, then " + last(s) + "."
	}
	has := "It gets no more connections and finishes what it has."
	if w.Open != nil {
		has = fmt.Sprintf("It gets no more connections and finishes the %d it has.", *w.Open)
	}
	return Text{
		Title: "disconnecting",
		Means: has + " " + limit,
		Cause: whyLeaves(w.ID, past),
		Call:  "exitedAfterDisconnect is true: the exit to come is voluntary. In Go w.Disconnect(), w.ExitedAfterDisconnect().",
		Other: instead(s,
			"the worker itself stops accepting, and the others go on at the same socket.",
			"the primary would deal it nothing more, which takes effect at once."),
	}
}

// signalled explains a worker that was sent the stop signal.
func signalled(w *engine.Row, now time.Time) string {
	if w.LeaveBy.IsZero() {
		return "It was sent " + w.StopSignal + "; there is no limit after that."
	}
	return "It was sent " + w.StopSignal + " and has " + left(w.LeaveBy, now) + " left, then SIGKILL."
}

// apart explains a worker whose channel has ended.
func apart(w *engine.Row, s *engine.Snapshot, now time.Time) Text {
	flag, replaced := "false", "its slot is filled again"
	if w.ExitedAfterDisconnect != nil && *w.ExitedAfterDisconnect {
		flag, replaced = "true", "it is not replaced"
	}
	limit := "It should end by itself."
	switch {
	case w.StopSignal != "":
		limit = signalled(w, now)
	case !w.LeaveBy.IsZero():
		limit = "It should end by itself within " + left(w.LeaveBy, now) + "; then comes " + last(s) + "."
	}
	return Text{
		Title: "disconnected",
		Means: "Its channel to the primary is closed, its process lives on. " + limit,
		Cause: fmt.Sprintf("exitedAfterDisconnect is %s: %s.", flag, replaced),
		Call:  "worker.isConnected() is false, isDead() too; in Go w.IsConnected(), w.IsDead(). Its 'exit' is still to come.",
		Other: same,
	}
}

// ended explains a worker that has exited: its slot waits, has given up, or is
// not filled again.
func ended(w *engine.Row, s *engine.Snapshot, now time.Time, past Past) Text {
	var d engine.ExitDetail
	if w.Exit != nil {
		d = *w.Exit
	}
	t := Text{
		Title: "ended",
		Means: exitMeans(w.ID, d),
		Cause: exitCause(d),
		Call:  fmt.Sprintf("cluster 'exit' (%s, %s) has been; in Go c.OnExit, w.IsDead().", worker(w.ID), exitArgs(d)),
		Other: instead(s, lossShared, lossRR),
	}
	switch {
	case w.Next != nil && w.Next.Stopped:
		return gaveUp("stopped", w.Next.Deaths, w.Next.Reason)
	case w.Next != nil:
		t.Title = "waits to be forked"
		t.Means = fmt.Sprintf("It ended with %s. The next worker of its slot is forked in %s; r forks it now.", short(d.String()), left(w.Next.At, now))
		t.Cause = "It had not listened for a second when it ended, so the wait doubles each time, up to 30 s."
		if w.Next.Deaths > 0 && w.Next.Of > 0 {
			t.Cause = fmt.Sprintf("Death %d of %d in a row before it listened. The wait doubles each time, up to 30 s; the last one stops the slot.",
				w.Next.Deaths, w.Next.Of)
		}
		t.Call = "no event of Node's, where a program forks on 'exit', at once and for ever; in Go Options.NoRestart leaves it to you."
	case d.Voluntary:
		t.Title = "has left"
		t.Cause = whyLeft(w.ID, d.Signal, past)
	default:
		t.Title = "ended, not replaced"
		t.Cause = "Its program, or something outside muster. Nothing is forked in its slot: --no-restart, or the cluster is stopping."
	}
	return t
}

// CrashLoop explains a cluster in which every slot has given up. s must not be
// nil.
func CrashLoop(s *engine.Snapshot) Text {
	deaths, reason := 0, ""
	for i := range s.Workers {
		if n := s.Workers[i].Next; n != nil && n.Stopped {
			deaths, reason = n.Deaths, n.Reason
			break
		}
	}
	t := gaveUp("crash loop", deaths, reason)
	t.Means = fmt.Sprintf("No slot is filled any more: each had %s in a row without listening. r tries the selected one again.", plural.Of(deaths, "death"))
	t.Than = otherPolicy(s)
	return t
}

// Empty explains a cluster without workers. s must not be nil.
func Empty(s *engine.Snapshot) Text {
	waits := "Connections wait at it for the next worker."
	if primaryDeals(s) && s.Queue > 0 {
		waits = fmt.Sprintf("%s waits for the next worker.", plural.Of(s.Queue, "connection"))
		if s.Queue > 1 {
			waits = fmt.Sprintf("%s wait for the next worker.", plural.Of(s.Queue, "connection"))
		}
	}
	return Text{
		Title: "no workers",
		Means: "There is no worker, and the port is still open. " + waits + " f forks one.",
		Cause: "All left or were killed through the API: voluntary, so not replaced. With --no-restart no death is made good.",
		Call:  "cluster.workers is empty; in Go c.Workers(). Node closes the port with its last worker.",
		Than:  otherPolicy(s),
		Other: instead(s,
			"they wait in the kernel's backlog alone: the primary accepts none of them.",
			"the primary would accept them, and keep them in its queue for the next worker."),
	}
}
