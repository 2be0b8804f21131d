package cli

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

const loadAbout = `muster load sends requests to a server and counts every way they end. They are
due at fixed times, whatever the server does, and their latency counts from the
time they were due: a server that stalls cannot hide it. TARGET is a URL, as
http://localhost:8080/page or https://..., without what goes without saying
(:8080/page, 8080), unix:PATH, or abstract:NAME for a socket of Linux without a
file. Without TARGET it is http://127.0.0.1:3000/.`

const loadExamples = `  muster load                           200 requests a second for 5 minutes
  muster load --rate 8200 --idle 80     more, beside 80 connections that only wait
  muster load --keepalive :8080/page    connections that are used again
  muster load unix:/run/app.sock --path /page
  muster load --body @order.json --header 'Content-Type: application/json' :8080/orders
  muster load --insecure --expect 2xx,304 https://localhost:8443/
  muster load --json --duration 10s | tail -1 | jq .answered`

const loadNotes = `
Requests are HTTP/1.1. All addresses of a name are tried as curl does it; the
first that answers gets the whole load. A redirect is not followed. Every kind
of failure is told with its reasons: "wrong 600: status 503 x 600".
On a terminal + and - change the rate, q stops. SIGTERM, SIGINT and SIGHUP stop
it when the requests under way are answered, a second one at once.
"sent late" were sent more than 1 ms after they were due, "overdue" are not yet, or
never: a busy machine, or --concurrency requests are under way. Exit codes:
0 done or asked to stop, 1 failed or nothing was answered, 2 wrong usage, 128+n
ended by a second signal n. docs/load.md has the fields of --json.
`

const (
	defaultLoadURL  = "http://127.0.0.1:3000/"
	defaultRate     = 200
	defaultClients  = 256
	defaultLoadTime = 5 * time.Minute
	defaultTimeout  = 10 * time.Second
)

// loadSettings is what the flags of muster load say.
type loadSettings struct {
	rate, clients, idle, slow int
	keepAlive, anywhere, json bool
	duration, timeout         time.Duration
	control                   bool

	method, body, cacert string
	pathFlag             *string // nil = not given
	header               []load.Field
	expect               load.Statuses
	insecure             bool

	loadTarget             // from the argument, and --path
	content    []byte      // of the body
	tls        *tls.Config // nil = plain
}

// loadCommand is muster load.
func (a *app) loadCommand() *cobra.Command {
	var s loadSettings
	flags := s.flags()
	c := &cobra.Command{
		Use:   "load [flags] [TARGET]",
		Short: "Send requests to a server and count how they end",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.check(args); err != nil {
				return command.Misused(err)
			}
			return a.runLoad(&s)
		},
	}
	c.Flags().AddFlagSet(flags)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		fmt.Fprintf(c.OutOrStdout(), "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n\nFlags:\n%s%s",
			loadAbout, c.Use, loadExamples, flags.FlagUsagesWrapped(command.HelpWidth), loadNotes)
	})
	return c
}

// flags makes the flags that fill s.
func (s *loadSettings) flags() *pflag.FlagSet {
	*s = loadSettings{rate: defaultRate, clients: defaultClients, duration: defaultLoadTime, timeout: defaultTimeout}
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

// check looks at what single flags cannot see.
func (s *loadSettings) check(args []string) error {
	target := defaultLoadURL
	switch len(args) {
	case 0:
	case 1:
		target = args[0]
	default:
		return fmt.Errorf("load takes one TARGET, not %d", len(args))
	}
	var err error
	if s.loadTarget, err = parseLoadTarget(target); err != nil {
		return err
	}
	if err := s.takePath(); err != nil {
		return err
	}
	if s.content, err = readBody(s.body); err != nil {
		return err
	}
	s.tls, err = s.tlsConfig()
	return err
}

// options is the run these settings describe.
func (s *loadSettings) options() load.Options {
	return load.Options{
		Addr: s.addr, Path: s.path, Anywhere: s.anywhere, TLS: s.tls, Explain: true,
		Method: s.method, Header: s.header, Body: s.content, Statuses: s.expect,
		Rate: s.rate, Concurrency: s.clients, KeepAlive: s.keepAlive,
		Idle: s.idle, Slow: s.slow, Duration: s.duration, Timeout: s.timeout,
	}
}
