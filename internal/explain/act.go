package explain

import (
	"fmt"
	"slices"
	"time"

	"muster/engine"
	"muster/internal/plural"
)

// harmless are the signals that end no worker: a kill with one of them sets no
// exitedAfterDisconnect.
var harmless = []string{"SIGSTOP", "SIGCONT", "SIGUSR1", "SIGUSR2", "SIGWINCH"}

func kill(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.KillDetail)
	sig := short(d.Signal)
	if sig == "" {
		sig = "a signal"
	}
	t := Text{
		Title: "kill",
		Cause: by(e.By) + " asked for it.",
		Call:  fmt.Sprintf("worker.kill('%s'); in Go w.Kill(sig). Node 16 and later leave exitedAfterDisconnect false, the lesson says true.", sig),
		Other: instead(s, lossShared, lossRR),
	}
	switch {
	case d.Crash:
		t.Title = "crash"
		t.Means = fmt.Sprintf("%s went to pid %d past the API, like an accident: exitedAfterDisconnect stays false, and it is replaced.", sig, e.PID)
		t.Call = fmt.Sprintf("process.kill(%d, '%s'); in Go w.Process().Signal(sig).", e.PID, sig)
	case d.Reason != "":
		t.Means = fmt.Sprintf("%s was sent %s, because it would not end or answer by itself.", begin(e.Worker), sig)
		t.Cause = "The supervisor: " + clipped(d.Reason) + "."
		t.Call = "no call of Node's, which waits for ever: --grace, --kill-timeout and --stall here, Options of these names in Go."
	case slices.Contains(harmless, sig):
		t.Means = fmt.Sprintf("%s was sent to %s, and nothing else. It ends no worker, so exitedAfterDisconnect stays as it is.", sig, worker(e.Worker))
		t.Call = fmt.Sprintf("worker.kill('%s'); in Go w.Kill(sig).", sig)
		t.Other = same
		if sig == "SIGSTOP" {
			t.Means = fmt.Sprintf("SIGSTOP was sent to %s: it stands still until SIGCONT, and so do its connections.", worker(e.Worker))
			t.Other = instead(s,
				"it would accept nothing while it stands still; the others take all. After --stall it is killed.",
				"hand-offs to it stay unanswered: after 1 s it gets no more, after --stall it is killed.")
		}
	default:
		t.Means = fmt.Sprintf("%s was sent to %s (pid %d), and nothing else. When it ends, exitedAfterDisconnect is true: not replaced.", sig, worker(e.Worker), e.PID)
	}
	return t
}

func leave(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.LeaveDetail)
	limit := "There is no limit, as in Node."
	if d.GraceMs > 0 {
		limit = "It has " + millis(d.GraceMs) + ", then " + last(s) + "."
	}
	has := "finishes what it has"
	if d.InFlight > 0 {
		has = "finishes its " + plural.Of(d.InFlight, "connection")
	}
	t := Text{
		Title: "leaving",
		Means: fmt.Sprintf("It is out of the rotation: no new connections, it %s and leaves. %s", has, limit),
		Cause: by(e.By) + " told it to. exitedAfterDisconnect is true from here, so it is not replaced.",
		Call:  "worker.disconnect(), cluster.disconnect() for all; in Go w.Disconnect(), c.Disconnect(ctx).",
		Other: instead(s,
			"the worker itself stops accepting, and the others go on at the same socket.",
			"the primary would deal it nothing more, which takes effect at once."),
	}
	if e.By == engine.ByOutside {
		t.Means = fmt.Sprintf("It closes its servers, %s and leaves.", has)
		t.Cause = "Its own program told it to. exitedAfterDisconnect is true from here, so it is not replaced."
		t.Call = "cluster.worker.disconnect() in the worker; in Go self.Disconnect()."
	}
	return t
}

// last is what happens to a worker that does not leave in time.
func last(s *engine.Snapshot) string {
	switch {
	case s == nil:
		return "SIGTERM"
	case s.StopSignal != "":
		return s.StopSignal
	}
	return "SIGKILL"
}

func stall(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.StallDetail)
	return stalled("stall", e.Worker, d.Asked, millis(d.Ms), d.Spared, s)
}

// stalled serves the event and the state. asked: no hand-off waits, but the
// worker has not answered the primary's own question.
func stalled(title string, id int, asked bool, d, spared string, s *engine.Snapshot) Text {
	limit := "It is never killed for that here."
	cause := "Its process does not read its channel: it was stopped (SIGSTOP), computes without a pause, or has no time."
	switch {
	case spared != "":
		limit, cause = "It is not killed for that.", "It may stand still in a debugger: "+clipped(spared)+"."
	case s != nil && s.Stall > 0:
		limit = "After " + span(s.Stall) + " it is killed, and replaced."
	}
	what := "has left a hand-off unanswered for " + d + ", so it gets no more"
	if asked {
		what = "has not answered the primary for " + d + ", so it is handed nothing"
	}
	return Text{
		Title: title,
		Means: fmt.Sprintf("%s %s before it answers. %s", begin(id), what, limit),
		Cause: cause,
		Call:  "no event of Node's: connections given to such a worker wait there. --stall here, Options.Stall in Go.",
		Other: instead(s,
			"the same: it is asked once a second. It accepts nothing, and the others take all.",
			"the same: it is asked once a second. Hand-offs that waited there would go to others."),
	}
}

func dealtAgain(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.DealtAgainDetail)
	return Text{
		Title: "dealt again",
		Means: fmt.Sprintf("%s had been handed to %s and not been taken when it ended: the others got them.",
			plural.Of(d.Count, "connection"), nameOr(e.Worker, "a worker")),
		Cause: "The end of that worker. The primary keeps its own copy of each connection until a worker has answered.",
		Call:  "no event of Node's, where such a connection is lost; in Go ExitDetail.DealtAgain.",
		Other: instead(s, lossShared, lossRR),
	}
}

func nameOr(id int, none string) string {
	if id == 0 {
		return none
	}
	return worker(id)
}

func stopped(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.StoppedDetail)
	return gaveUp("stopped", d.Deaths, d.Text)
}

func orphans(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.OrphansDetail)
	sig := short(d.Signal)
	t := Text{
		Title: "orphans",
		Means: fmt.Sprintf("What %s had started outlived it: %s got %s, so that no port stays taken.",
			nameOr(e.Worker, "a worker"), plural.Irregular(d.Count, "process", "processes"), sig),
		Cause: "The end of the worker. Its process group goes with it, and what left the group, unless --keep-children.",
		Call:  "no event of Node's, where such processes live on; in Go Options.KeepChildren and Options.Adopt.",
		Other: same,
	}
	if d.Signal == "SIGKILL" {
		t.Cause = "SIGTERM had not ended them, or there was no time: the cluster ends at once."
	}
	return t
}

// gaveUp serves the event and the state.
func gaveUp(title string, deaths int, reason string) Text {
	t := Text{
		Title: title,
		Means: fmt.Sprintf("Its slot is not filled any more: %s in a row, and none of them listened. r tries again.", plural.Of(deaths, "death")),
		Cause: "The program itself, most likely: see what it wrote to stderr.",
		Call:  "no event of Node's, where the program decides what to fork; in Go Options.NoRestart, Command{Op: OpRestart}.",
		Other: same,
	}
	if reason != "" {
		t.Cause = "The program itself, most likely; it said " + said(reason)
	}
	return t
}

// clipped is a reason given by the supervisor: our text, which may quote
// outside text.
func clipped(reason string) string {
	const most = 60
	if r := []rune(reason); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return reason
}

// left is how long until at, 0 if it is over.
func left(at, now time.Time) string { return span(max(at.Sub(now), 0).Round(100 * time.Millisecond)) }
