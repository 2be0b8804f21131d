package say

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/plaintext"
	"muster/internal/plural"
)

// Line is an event in one sentence, as it is printed and searched, without its
// time, worker and call. It says some things in other words than Event, whose
// forms have to fit beside others. Both wordings are kept: scripts read those
// of Line, and people know those of Event. The text may hold outside text,
// without its colours: it is not safe for a terminal yet.
func Line(e *engine.Event) (kind, text string) {
	kind = string(e.Kind)
	switch d := plaintext.Shown(*e).Detail.(type) {
	case engine.SetupDetail:
		text = setupWords(d)
	case engine.ForkDetail:
		text = forkWords(e.PID, d)
	case engine.OnlineDetail:
		text = sinceWords(d.Ms, d.DeathMs, d.Of)
	case engine.ListeningDetail:
		text = addressWords(d) + ", " + sinceWords(d.Ms, d.DeathMs, d.Of)
	case engine.MessageDetail:
		text = messageText(d)
	case engine.SendDetail:
		text = messageText(engine.MessageDetail(d))
	case engine.DisconnectDetail:
		text = fmt.Sprintf("channel closed, exitedAfterDisconnect %t", d.Voluntary)
		if d.Error != "" {
			text += ": " + d.Error
		}
	case engine.ExitDetail:
		text = exitWords(d)
	case engine.PolicyDetail:
		text = fmt.Sprintf("%s -> %s in %s", d.From, d.To, ms(d.Ms))
	case engine.KillDetail:
		text = killWords(e.PID, d)
	case engine.LeaveDetail:
		text = "takes no more; "
		switch {
		case d.InFlight > 0:
			text += fmt.Sprintf("%d in flight, ", d.InFlight)
		case d.InFlight == 0: // below 0 it is not known
			text += "none in flight, "
		}
		if d.GraceMs == 0 {
			text += "no limit"
		} else {
			text += ms(d.GraceMs) + " to go"
		}
	case engine.StallDetail:
		text = "a connection it was handed is unanswered for " + ms(d.Ms)
		if d.Asked {
			text = "it has not answered for " + ms(d.Ms)
		}
		if d.Spared != "" {
			text += "; not killed: " + d.Spared
		}
	case engine.DealtAgainDetail:
		text = plural.Of(d.Count, "connection") + " dealt again"
	case engine.OutputDetail:
		kind, text = d.Stream, outputText(d)
	case engine.ErrorDetail:
		if d.Mended {
			kind = "mended"
		}
		text = errorText(d)
	case engine.OrphansDetail:
		text = "left " + d.String() + ": " + d.Signal
	case engine.StoppedDetail:
		text = fmt.Sprintf("no more tries after %s in a row", plural.Of(d.Deaths, "death"))
		if d.Text != "" {
			text += ": " + d.Text
		}
	}
	return kind, text
}

func setupWords(d engine.SetupDetail) string {
	command := slices.Concat([]string{d.Exec}, d.ExecArgv, d.Args)
	text := fmt.Sprintf("%s, %s, policy %s", strings.Join(command, " "), plural.Of(d.Workers, "worker"), d.Policy)
	if d.Silent != nil {
		text += fmt.Sprintf(", silent %t", *d.Silent)
	}
	if len(d.Stdio) > 0 {
		text += fmt.Sprintf(", stdio %v", d.Stdio)
	}
	if d.Cwd != "" {
		text += ", cwd " + d.Cwd
	}
	if d.Note != "" {
		text += "; " + d.Note
	}
	return text
}

func forkWords(pid int, d engine.ForkDetail) string {
	text := fmt.Sprintf("pid %d", pid)
	if d.Replaces == 0 {
		return text
	}
	text += fmt.Sprintf(", replaces %d", d.Replaces)
	if d.Why != "" {
		text += ": " + d.Why
	}
	if d.Try > 0 {
		text += fmt.Sprintf(" (try %d of %d)", d.Try, d.Of)
	}
	return text
}

func exitWords(d engine.ExitDetail) string {
	text := d.String() + ", not voluntary"
	if d.Voluntary {
		text = d.String() + ", voluntary"
	}
	if d.DealtAgain > 0 {
		text += fmt.Sprintf("; %d dealt again", d.DealtAgain)
	}
	if cut := d.CutText(); cut != "" {
		text += "; " + cut
	}
	if d.RetryMs > 0 {
		text += "; fork in " + ms(d.RetryMs)
	}
	if d.Deaths > 0 {
		text += fmt.Sprintf(" (%d of %d)", d.Deaths, d.Of)
	}
	return text
}

func killWords(pid int, d engine.KillDetail) string {
	text := fmt.Sprintf("%s to pid %d", d.Signal, pid)
	if d.Crash {
		text += ", like an accident"
	}
	if d.Reason != "" {
		text += ": " + d.Reason
	}
	return text
}

func addressWords(d engine.ListeningDetail) string {
	if d.Port < 0 {
		return d.Address
	}
	return net.JoinHostPort(d.Address, strconv.Itoa(d.Port))
}

func sinceWords(sinceFork, sinceDeath float64, of int) string {
	if sinceDeath > 0 {
		return fmt.Sprintf("%s after the death of %d", ms(sinceDeath), of)
	}
	return ms(sinceFork) + " after its fork"
}

// ms writes milliseconds as people read them: "0.3 ms", "21 ms", "1.9 s".
func ms(v float64) string {
	d := time.Duration(v * float64(time.Millisecond))
	switch {
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d >= 10*time.Millisecond:
		return strconv.FormatFloat(v, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " ms"
}
