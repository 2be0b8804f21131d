package loadcmd

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

const (
	defaultURL     = "http://127.0.0.1:3000/"
	defaultRate    = 200
	defaultClients = 256
	defaultTime    = 5 * time.Minute
	defaultTimeout = 10 * time.Second
)

// settings is what the flags of muster load say.
type settings struct {
	rate, clients, idle, slow int
	keepAlive, anywhere, json bool
	duration, timeout         time.Duration
	control                   bool

	method, body, cacert string
	pathFlag             *string // nil = not given
	header               []load.Field
	expect               load.Statuses
	insecure             bool

	target              // from the argument, and --path
	content []byte      // of the body
	tls     *tls.Config // nil = plain
}

// flags makes the flags that fill s.
func (s *settings) flags() *pflag.FlagSet {
	*s = settings{rate: defaultRate, clients: defaultClients, duration: defaultTime, timeout: defaultTimeout}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	f.Var(command.Int(&s.rate, 1, load.MaxRate), "rate", "requests a second, 1 to 100000")
	f.Var(command.Int(&s.clients, 1, load.MaxClients), "concurrency", "requests under way at once, at most; more are late")
	f.BoolVar(&s.keepAlive, "keepalive", false, "use a connection again; without it a connection for each request")
	f.Var(command.Int(&s.idle, 0, load.MaxClients), "idle", "connections that are held open with nothing sent on them")
	f.Var(command.Int(&s.slow, 0, load.MaxClients), "slow", "clients that send and read ten bytes a second, beside the others")
	f.Var(command.Duration(&s.duration), "duration", "stop after so long; 0 = when told to")
	f.Var(command.Positive(&s.timeout), "timeout", "for one request, connecting included")
	f.Var(methodValue{&s.method}, "method", "of every request; GET, or POST with a --body")
	f.Var(stringPointer{&s.pathFlag}, "path", "path and query of every request, for a TARGET without one")
	f.Var(headerValue{&s.header}, "header", "a header of every request, 'Name: value'; may be given again and again")
	f.Var(textValue{&s.body, "TEXT|@FILE"}, "body", "of every request: the text, or what is in the file")
	f.Var(expectValue{&s.expect}, "expect", "which statuses are answers, as 200, 2xx or 200,204,302; others are wrong (default 2xx)")
	f.Var(textValue{&s.cacert, "FILE"}, "cacert", "https: trust these certificates (PEM) instead of the system's")
	f.BoolVar(&s.insecure, "insecure", false, "https: do not verify the certificate")
	f.BoolVar(&s.anywhere, "anywhere", false, "allow a server that is not this machine; ask its owner first")
	f.BoolVar(&s.json, "json", false, "one JSON object a second on stdout, and a last one with \"final\":true")
	f.BoolVar(&s.control, "control", false, "read \"rate N\" and \"stop\" from stdin; its end stops too")
	_ = f.MarkHidden("control") // it exists
	return f
}

// check checks flags against each other.
func (s *settings) check(args []string) error {
	target := defaultURL
	switch len(args) {
	case 0:
	case 1:
		target = args[0]
	default:
		return fmt.Errorf("load takes one TARGET, not %d", len(args))
	}
	var err error
	if s.target, err = parseTarget(target); err != nil {
		return err
	}
	if err := s.takePath(); err != nil {
		return err
	}
	if s.content, err = readBody(s.body); err != nil {
		return err
	}
	s.tls, err = tlsConfig(s.https, s.insecure, s.cacert)
	return err
}

// takePath puts --path into the target.
func (s *settings) takePath() error {
	if s.pathFlag == nil {
		return nil
	}
	given := *s.pathFlag
	if s.path != "/" {
		return fmt.Errorf("--path %q: the URL has a path already; give one of the two", given)
	}
	path, err := load.ParsePath(given)
	if err != nil {
		return fmt.Errorf("--path %q: %w", given, err)
	}
	s.path = path
	return nil
}

// options are the run's options for these settings.
func (s *settings) options() load.Options {
	return load.Options{
		Addr: s.addr, Path: s.path, Anywhere: s.anywhere, TLS: s.tls, Explain: true,
		Method: s.method, Header: s.header, Body: s.content, Statuses: s.expect,
		Rate: s.rate, Concurrency: s.clients, KeepAlive: s.keepAlive,
		Idle: s.idle, Slow: s.slow, Duration: s.duration, Timeout: s.timeout,
	}
}
