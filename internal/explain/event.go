package explain

import (
	"fmt"

	"muster/engine"
	"muster/internal/plural"
)

// table has a function for every kind of event. None of them fails on an event
// without its detail: what the event does not tell is left out.
var table = map[engine.Kind]func(engine.Event, *engine.Snapshot) Text{
	engine.KindSetup:      setup,
	engine.KindFork:       fork,
	engine.KindOnline:     online,
	engine.KindListening:  listening,
	engine.KindMessage:    message,
	engine.KindDisconnect: disconnect,
	engine.KindExit:       exit,
	engine.KindPolicy:     policy,
	engine.KindKill:       kill,
	engine.KindLeave:      leave,
	engine.KindStall:      stall,
	engine.KindDealtAgain: dealtAgain,
	engine.KindSend:       send,
	engine.KindOutput:     output,
	engine.KindError:      failure,
	engine.KindStopped:    stopped,
	engine.KindOrphans:    orphans,
}

// Event explains an event. s is the snapshot now; it may be nil. The other
// policy is the one that is not in force in s. past is what else is known of
// the cause.
func Event(e engine.Event, s *engine.Snapshot, past Past) Text {
	t := Text{
		Means: "An event of a kind this version does not know.",
		Cause: by(e.By) + ".",
		Call:  "not known.",
		Other: "not known.",
	}
	if f := table[e.Kind]; f != nil {
		t = f(e, s)
	}
	switch d := e.Detail.(type) {
	case engine.DisconnectDetail:
		if d.Voluntary && d.Error == "" {
			t.Cause = whyApart(e.Worker, past)
		}
	case engine.ExitDetail:
		if d.Voluntary {
			t.Cause = whyLeft(e.Worker, d.Signal, past)
		}
	}
	if t.Title == "" {
		t.Title = string(e.Kind)
	}
	if e.Worker != 0 {
		t.Title += " of " + worker(e.Worker)
	}
	if t.Than == 0 {
		t.Than = otherPolicy(s)
	}
	return t
}

func setup(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.SetupDetail)
	t := Text{
		Means: "What later forks use was settled. Workers that run keep what they were given.",
		Cause: by(e.By) + ": every setup and every cluster.fork() settles it again, as in Node.",
		Call:  "cluster.setupPrimary(), event 'setup', cluster.settings; in Go c.SetupPrimary(s), c.OnSetup, c.Settings().",
		Other: "the same. In Node this call fixes the policy; here p still changes it.",
	}
	if d.Workers > 0 {
		t.Means = fmt.Sprintf("What later forks use was settled: policy %s, %s at the start. Workers that run keep theirs.",
			d.Policy, plural.Of(d.Workers, "worker"))
	}
	return t
}

func message(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.MessageDetail)
	return Text{
		Means: fmt.Sprintf("%s sent the primary %s over its channel. What it means is the program's affair.", begin(e.Worker), said(string(d.Message))),
		Cause: "The worker's own program, by process.send().",
		Call:  "'message' of the worker and of the cluster; in Go self.Send(v) there, w.OnMessage and c.OnMessage here.",
		Other: "the same: messages go over the channel, however connections are dealt.",
	}
}

func send(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.SendDetail)
	return Text{
		Means: fmt.Sprintf("%s was sent to %s over its channel. An answer, if there is one, is a message.", said(string(d.Message)), worker(e.Worker)),
		Cause: by(e.By) + " asked for it.",
		Call:  "worker.send(message), 'message' in the worker; in Go w.Send(v) here, self.OnMessage there.",
		Other: "the same: messages go over the channel, however connections are dealt.",
	}
}

func output(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.OutputDetail)
	stream := d.Stream
	if stream == "" {
		stream = "its output"
	}
	t := Text{
		Title: "a line",
		Means: fmt.Sprintf("%s wrote a line to %s. Each line is an event, so that nothing else writes on this screen.", begin(e.Worker), stream),
		Cause: "The worker's own program.",
		Call:  "worker.process.stdout, with silent: true, in Node; in Go w.Process().Stdout. Setting stdio: events makes lines events.",
		Other: same,
	}
	if d.Missed > 0 {
		t.Cause += fmt.Sprintf(" It wrote more than can be shown: %d before this one were left out.", d.Missed)
	}
	return t
}

func failure(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.ErrorDetail)
	t := Text{
		Title: "an error",
		Means: "Something failed, and the cluster goes on.",
		Cause: said(d.Text),
		Call:  "'error' of the worker in Node; in Go the error of the call, or w.OnError where there was no call.",
		Other: same,
	}
	if d.Mended {
		t.Title = "mended"
		t.Means = "Something was not as it should be, and has been put right: there is nothing to do."
		return t
	}
	if d.Errno != "" {
		t.Cause += " (" + d.Errno + ")."
	}
	if e.Worker != 0 {
		t.Means = "Something about " + worker(e.Worker) + " failed, and the cluster goes on."
	}
	return t
}
