package explain

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/wireword"
)

// What the other policy does with connections when a worker dies.
const (
	lossShared = "nothing to deal again: what it had accepted ends with it, what nobody had waits in the socket for the others."
	lossRR     = "what was handed to it and not yet taken would be dealt to the others again."
)

func fork(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.ForkDetail)
	t := Text{
		Title: "fork",
		Means: fmt.Sprintf("A process was started as %s. It has a channel to the primary, and gets no connection before it listens.", worker(e.Worker)),
		Call:  fmt.Sprintf("cluster.fork() -> %s, then event 'fork'; in Go c.Fork(), c.OnFork.", worker(e.Worker)),
		Other: "the same: the policy matters from listening on.",
	}
	switch {
	case d.Replaces != 0 && d.Why == "restart":
		t.Cause = fmt.Sprintf("A restart of %s: the new one comes first, and the old one leaves once it listens.", worker(d.Replaces))
	case d.Replaces != 0:
		t.Cause = fmt.Sprintf("%s ended", begin(d.Replaces))
		if d.Why != "" {
			t.Cause += " (" + short(d.Why) + ")"
		}
		t.Cause += " and its slot is filled again"
		if d.Try > 0 && d.Of > 0 {
			t.Cause += fmt.Sprintf(", after death %d of %d in a row", d.Try, d.Of)
		}
		if e.By == wireword.ByKey {
			t.Cause += ": a key asked for it now"
		}
		t.Cause += "."
		t.Call += " Node leaves that to the program."
	case e.By == engine.ByAPI && s != nil && e.Time.Sub(s.Started) < time.Second:
		t.Cause = "The start of the cluster: as many workers as it was asked for."
	default:
		t.Cause = by(e.By) + " asked for one more worker."
	}
	return t
}

// short cuts outside text to a few cells.
func short(text string) string {
	const most = 24
	if r := []rune(text); len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return text
}

func online(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.OnlineDetail)
	return Text{
		Title: "online",
		Means: fmt.Sprintf("The process runs and has spoken on its channel, %s. It gets no connection yet.", since(d.Ms, d.DeathMs, d.Of)),
		Cause: "The worker itself: Node says so before the script runs, a Go program when engine.Role is called.",
		Call:  fmt.Sprintf("cluster 'online' (%s); in Go c.OnOnline, w.OnOnline.", worker(e.Worker)),
		Other: "the same: the policy matters from listening on.",
	}
}

func listening(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.ListeningDetail)
	at := short(d.Address)
	if d.Port >= 0 && d.AddressType != "" {
		host := d.Address
		if host == "" {
			host = "*"
		}
		at = net.JoinHostPort(short(host), strconv.Itoa(d.Port))
	}
	if at == "" {
		at = "the port"
	}
	t := Text{
		Title: "listening",
		Means: fmt.Sprintf("It shares %s and gets connections from now on, %s.", at, since(d.Ms, d.DeathMs, d.Of)),
		Cause: "Its program called listen. The socket is the primary's: the worker asked for it over the channel.",
		Call:  "server.listen() in the worker, cluster 'listening' here; in Go Listen there, c.OnListening here.",
		Other: instead(s,
			"it would accept for itself at the primary's socket, whenever the kernel lets it.",
			"the primary would accept, and hand it a connection when its turn comes."),
	}
	if strings.HasPrefix(d.AddressType, "udp") {
		t.Other = "the same: datagrams are read by the workers themselves."
	}
	return t
}

func disconnect(e engine.Event, _ *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.DisconnectDetail)
	t := Text{
		Title: "disconnect",
		Call:  fmt.Sprintf("cluster 'disconnect' (%s), here always before 'exit'; in Go c.OnDisconnect, w.OnDisconnect.", worker(e.Worker)),
		Other: same,
	}
	switch {
	case d.Error != "":
		t.Means = "Its channel was ended, because it failed or what came out of it made no sense: " + said(d.Error)
		t.Cause = "The channel itself. The worker has --grace to end; exitedAfterDisconnect is " + strconv.FormatBool(d.Voluntary) + "."
	case d.Voluntary:
		t.Means = "Its channel to the primary closed, as was asked for: exitedAfterDisconnect is true. The process may still end its work."
		t.Cause = whyApart(e.Worker, nil)
	default:
		t.Means = "Its channel to the primary closed, and nobody had asked for it: exitedAfterDisconnect is false."
		t.Cause = "The worker or something outside muster: it died, or closed the channel itself. Its exit says how."
	}
	return t
}

func exit(e engine.Event, s *engine.Snapshot) Text {
	d, _ := e.Detail.(engine.ExitDetail)
	t := Text{
		Title: "exit",
		Means: exitMeans(e.Worker, d),
		Cause: exitCause(d),
		Call: fmt.Sprintf("cluster 'exit' (%s, %s); in Go c.OnExit. worker.exitedAfterDisconnect tells voluntary from accident.",
			worker(e.Worker), exitArgs(d)),
		Other: instead(s, lossShared, lossRR),
	}
	if cut := d.CutText(); cut != "" || d.DealtAgain > 0 {
		t.Means += fmt.Sprintf(" %d dealt again, %s.", d.DealtAgain, cmp.Or(cut, "none cut"))
	}
	return t
}

// exitMeans is how the worker ended, and whether that was intended.
func exitMeans(id int, d engine.ExitDetail) string {
	flag := "unasked: exitedAfterDisconnect is false."
	if d.Voluntary {
		flag = "as asked: exitedAfterDisconnect is true."
	}
	switch {
	case d.Signal != nil:
		return fmt.Sprintf("The signal %s ended %s, %s", short(*d.Signal), worker(id), flag)
	case d.Code != nil && *d.Code < 0:
		return fmt.Sprintf("%s could not be started: code %d is the system's error, negated.", begin(id), *d.Code)
	case d.Code != nil && *d.Code == 0:
		return fmt.Sprintf("%s ended with code 0, without an error, %s", begin(id), flag)
	case d.Code != nil:
		return fmt.Sprintf("%s ended with code %d, an error, %s", begin(id), *d.Code, flag)
	}
	return fmt.Sprintf("%s ended; how is not known, %s", begin(id), flag)
}

// exitCause is why the worker ended, and what becomes of its slot.
func exitCause(d engine.ExitDetail) string {
	counted := d.Deaths > 0 && d.Of > 0
	switch {
	case d.Voluntary:
		return whyLeft(0, nil, nil)
	case counted && d.Deaths >= d.Of:
		return fmt.Sprintf("Its program, or something outside. Death %d of %d in a row before it listened: its slot stops, r tries again.", d.Deaths, d.Of)
	case counted && d.RetryMs > 0:
		return fmt.Sprintf("Its program, or something outside. Death %d of %d in a row before it listened: the next fork is %s later.", d.Deaths, d.Of, millis(d.RetryMs))
	case d.RetryMs > 0:
		return fmt.Sprintf("Its program, or something outside. It had not listened for 1 s, so the next fork is %s later.", millis(d.RetryMs))
	}
	return "Its program, or something outside muster. It is replaced at once, unless --no-restart or an end forbids it."
}

// exitArgs are code and signal as Node's 'exit' gives them.
func exitArgs(d engine.ExitDetail) string {
	code, signal := "null", "null"
	if d.Code != nil {
		code = strconv.Itoa(*d.Code)
	}
	if d.Signal != nil {
		signal = "'" + short(*d.Signal) + "'"
	}
	return code + ", " + signal
}
