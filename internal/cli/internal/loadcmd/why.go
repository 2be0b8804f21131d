package loadcmd

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
	"muster/internal/plural"
)

// outcome is the exit of a run that has ended, with its message.
func outcome(res load.Result, err, written error, s *settings) error {
	switch {
	case err != nil && errors.Is(err, syscall.EADDRNOTAVAIL):
		return command.Failed(fmt.Errorf("%w: no port is free for one more connection; use --keepalive or a lower --rate", err))
	case err != nil:
		return command.Failed(fmt.Errorf("%w; raise the limit (ulimit -n) or lower --concurrency, --idle and --slow", err))
	case written != nil:
		return command.Failed(fmt.Errorf("writing to stdout: %w", written))
	case res.Sent == 0 || res.OK > 0:
		return nil
	}
	return command.Failed(errors.New(noAnswer(res, s)))
}

// noAnswer says that nothing was answered, why, and what to do.
func noAnswer(res load.Result, s *settings) string {
	h := res.Hint
	if advice := adviceFor(h, s); advice != "" {
		what := "no request was answered: "
		if h.Cause == load.OtherStatus || h.Cause == load.Redirect {
			what = "no request was answered as it should: "
		}
		return what + h.Text + "; " + advice
	}
	why := "it failed"
	if len(res.Errors) > 0 {
		why = res.Errors[0]
	}
	return fmt.Sprintf("none of %s was answered as it should (%s); is %s the right target?", plural.Of(res.Sent, "request"), why, s.target)
}

// adviceFor is what to do about a cause, "" = nothing is known.
func adviceFor(h load.Hint, s *settings) string {
	switch h.Cause {
	case load.NobodyListens:
		if s.https || !loopbackHost(s.addr) {
			return "start a server there, or give the URL of another"
		}
		return fmt.Sprintf("start a server there (muster --addr %s) or give its URL", s.addr)
	case load.NoSocket:
		if strings.HasPrefix(s.addr, "abstract:") {
			return "start its server first, or give its name"
		}
		return fmt.Sprintf("start a server there (muster --addr %s) or give its path", s.addr)
	case load.NotASocket:
		return "give the path of a socket that a server listens on"
	case load.NotAllowed:
		return "run this as a user who may"
	case load.OtherAddress, load.SpeaksTLS, load.SpeaksPlain:
		return "use muster load " + h.Use
	case load.Certificate:
		return "name what it is signed with (--cacert FILE), or do not verify it (--insecure)"
	case load.Redirect:
		return "send to where it leads, or count it as an answer with --expect 3xx"
	case load.OtherStatus:
		_, status, _ := strings.Cut(h.Text, " ")
		return fmt.Sprintf("is %s the right path? --expect %s counts it as an answer", s.path, status)
	}
	return ""
}

// loopbackHost tells whether an address is surely on this machine.
func loopbackHost(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
