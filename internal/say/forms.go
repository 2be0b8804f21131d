package say

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/plural"
)

// The functions below put an event's details into words, longest form first.

// setupForms are the settings later forks use.
func setupForms(d engine.SetupDetail) []string {
	rest := ""
	if args := Command(slices.Concat(d.ExecArgv, d.Args)); args != "" {
		rest = " " + args
	}
	var more string
	if d.Silent != nil {
		more += ", silent " + strconv.FormatBool(*d.Silent)
	}
	if len(d.Stdio) > 0 {
		more += ", stdio " + Stdio(d.Stdio)
	}
	if d.Cwd != "" {
		more += ", cwd " + d.Cwd
	}
	policy := ", policy " + d.Policy.String()
	base := filepath.Base(d.Exec) // the end of a path says most
	return []string{d.Exec + rest + more + policy, base + rest + more + policy, base + rest + policy, base + rest, base}
}

func forkForms(e engine.Event, d engine.ForkDetail) (plain, beside []string) {
	call := e.Call
	if call == "" {
		call = "cluster.fork() -> worker " + strconv.Itoa(e.Worker)
	}
	pid := "pid " + strconv.Itoa(e.PID)
	if d.Replaces == 0 {
		return []string{call + ", " + pid, pid}, []string{pid}
	}
	replaces := "replaces " + strconv.Itoa(d.Replaces)
	plain = []string{call + ", " + pid + ", " + replaces, replaces}
	beside = []string{pid + ", " + replaces, replaces}
	if d.Try > 0 && d.Of > 0 {
		beside = append([]string{fmt.Sprintf("%s, %s (try %d of %d)", pid, replaces, d.Try, d.Of)}, beside...)
	}
	return plain, beside
}

// upText is how long a worker took to come up.
func upText(ms, deathMs float64, of int) string {
	if deathMs > 0 && of != 0 {
		return Millis(deathMs) + " after the death of " + strconv.Itoa(of)
	}
	return "after " + Millis(ms)
}

func listeningText(d engine.ListeningDetail) string {
	if d.DeathMs > 0 && d.Of != 0 {
		return upText(d.Ms, d.DeathMs, d.Of)
	}
	host := d.Address
	switch {
	case d.Port < 0:
		return host
	case host == "" && d.AddressType == "6":
		host = "::"
	case host == "":
		host = "0.0.0.0"
	}
	text := net.JoinHostPort(host, strconv.Itoa(d.Port))
	if strings.HasPrefix(d.AddressType, "udp") {
		text += " udp"
	}
	return text
}

func disconnectForms(d engine.DisconnectDetail) (plain, beside []string) {
	if d.Error != "" {
		return []string{"channel closed: " + d.Error}, nil
	}
	const closed = "channel closed"
	return []string{fmt.Sprintf("%s, exitedAfterDisconnect %t", closed, d.Voluntary), closed}, []string{closed}
}

func exitForms(d engine.ExitDetail) []string {
	how := d.String()
	told := how + ", not voluntary"
	if d.Voluntary {
		told = how + ", voluntary"
	}
	var left []string
	if d.DealtAgain > 0 {
		left = append(left, strconv.Itoa(d.DealtAgain)+" dealt again")
	}
	if cut := d.CutText(); cut != "" {
		left = append(left, cut)
	}
	what := ""
	if len(left) > 0 {
		what = "; " + strings.Join(left, ", ")
	}
	if d.RetryMs <= 0 {
		return []string{told + what, how + what, how}
	}
	fork := "; fork in " + Prose(time.Duration(min(d.RetryMs, 1e12)*float64(time.Millisecond)))
	tries := ""
	if d.Deaths > 0 && d.Of > 0 {
		tries = fmt.Sprintf(" (%d of %d)", d.Deaths, d.Of)
	}
	return []string{told + what + fork + tries, told + fork + tries, told + fork, how + fork + tries, how + fork, how}
}

func killForms(e engine.Event, d engine.KillDetail) (plain, beside []string) {
	to := d.Signal + " to pid " + strconv.Itoa(e.PID)
	switch {
	case d.Crash:
		return []string{d.Signal + " from outside"}, []string{to}
	case d.Reason != "":
		return []string{to + ": " + d.Reason, d.Signal + ": " + d.Reason}, nil
	}
	return []string{to}, nil
}

// leaveForms: a number in flight below 0 means not known.
func leaveForms(d engine.LeaveDetail) (plain, beside []string) {
	long, short := "", ""
	switch {
	case d.InFlight > 0:
		long, short = plural.Of(d.InFlight, "request")+" in flight", strconv.Itoa(d.InFlight)+" in flight"
	case d.InFlight == 0:
		long, short = "none in flight", "none in flight"
	}
	grace := "no limit"
	toGo := grace
	if d.GraceMs > 0 {
		grace = Prose(time.Duration(min(d.GraceMs, 1e12) * float64(time.Millisecond)))
		toGo = grace + " to go"
	}
	join := func(parts ...string) string {
		return strings.Join(filled(parts), ", ")
	}
	plain = []string{"takes no more; " + join(long, toGo), join(short, toGo)}
	switch {
	case d.InFlight > 0:
		beside = []string{"takes no more; " + join(short, grace), join(short, grace)}
	case d.InFlight == 0:
		beside = plain
	}
	return plain, beside
}

func filled(parts []string) []string {
	out := parts[:0]
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}

func outputText(d engine.OutputDetail) string {
	if d.Missed == 0 {
		return d.Text
	}
	lines := "lines"
	if d.Missed == 1 {
		lines = "line"
	}
	return fmt.Sprintf("(%d %s left out) %s", d.Missed, lines, d.Text)
}

// messageText is a message as it was sent: JSON, so that text differs from a
// number. If the message was cut, its beginning is given as a string.
func messageText(d engine.MessageDetail) string {
	var begin string
	if d.Cut && json.Unmarshal(d.Message, &begin) == nil {
		return begin + " (cut)"
	}
	return string(d.Message)
}

func errorText(d engine.ErrorDetail) string {
	if d.Errno != "" && !strings.Contains(d.Text, d.Errno) {
		return d.Text + " (" + d.Errno + ")"
	}
	return d.Text
}

// orphanForms: a line that is too narrow for the names tells how many.
func orphanForms(d engine.OrphansDetail) []string {
	short := engine.OrphansDetail{Count: d.Count}.String()
	return []string{d.Signal + " to what it left, " + d.String(), d.Signal + " to " + short + " it left", "left " + short}
}

func stoppedForms(d engine.StoppedDetail) []string {
	short := fmt.Sprintf("%d deaths in a row; r tries again", d.Deaths)
	if d.Text == "" {
		return []string{short}
	}
	return []string{short + ": " + d.Text}
}
