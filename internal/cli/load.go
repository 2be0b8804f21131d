package cli

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/internal/load"
)

const loadAbout = `muster load sends requests to a server and counts every way they end. They are
due at fixed times, whatever the server does, and their latency counts from the
time they were due: a server that stalls cannot hide it. Without URL it goes to
http://127.0.0.1:3000/.`

const loadExamples = `  muster load                           200 requests a second for 5 minutes
  muster load --rate 8200 --idle 80     more, beside 80 connections that only wait
  muster load --keepalive :8080/page    connections that are used again
  muster load --json --duration 10s | tail -1 | jq .answered`

const loadNotes = `
On a terminal + and - change the rate, q stops. SIGTERM, SIGINT and SIGHUP stop
it when the requests under way are answered, a second one at once.
"late" were sent more than 1 ms after they were due, "overdue" are not yet, or
never: a busy machine, or --concurrency requests are under way. Exit codes:
0 done or asked to stop, 1 failed or nothing was answered, 2 wrong usage, 128+n
ended by a second signal n.
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

	addr, path string // from the URL
}

// loadCommand is muster load.
func (a *app) loadCommand() *cobra.Command {
	var s loadSettings
	flags := s.flags()
	c := &cobra.Command{
		Use:   "load [flags] [URL]",
		Short: "Send requests to a server and count how they end",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.check(args); err != nil {
				return misused(err)
			}
			return a.runLoad(&s)
		},
	}
	c.Flags().AddFlagSet(flags)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		fmt.Fprintf(c.OutOrStdout(), "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n\nFlags:\n%s%s",
			loadAbout, c.Use, loadExamples, flags.FlagUsagesWrapped(helpWidth), loadNotes)
	})
	return c
}

// flags makes the flags that fill s.
func (s *loadSettings) flags() *pflag.FlagSet {
	*s = loadSettings{rate: defaultRate, clients: defaultClients, duration: defaultLoadTime, timeout: defaultTimeout}
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	f.Var(intValue{&s.rate, 1, load.MaxRate}, "rate", "requests a second, 1 to 100000")
	f.Var(intValue{&s.clients, 1, load.MaxClients}, "concurrency", "requests under way at once, at most; more are late")
	f.BoolVar(&s.keepAlive, "keepalive", false, "use a connection again; without it a connection for each request")
	f.Var(intValue{&s.idle, 0, load.MaxClients}, "idle", "connections that are held open with nothing sent on them")
	f.Var(intValue{&s.slow, 0, load.MaxClients}, "slow", "clients that send and read ten bytes a second, beside the others")
	f.Var(durationValue{&s.duration}, "duration", "stop after so long; 0 = when told to")
	f.Var(durationValue{&s.timeout}, "timeout", "for one request, connecting included")
	f.BoolVar(&s.anywhere, "anywhere", false, "allow a server that is not this machine; ask its owner first")
	f.BoolVar(&s.json, "json", false, "one JSON object a second on stdout, and a last one with \"final\":true")
	f.BoolVar(&s.control, "control", false, "read \"rate N\" and \"stop\" from stdin; its end stops too")
	_ = f.MarkHidden("control") // it exists
	return f
}

// check looks at what single flags cannot see.
func (s *loadSettings) check(args []string) error {
	if s.timeout == 0 {
		return errors.New("--timeout must be more than 0")
	}
	target := defaultLoadURL
	switch len(args) {
	case 0:
	case 1:
		target = args[0]
	default:
		return fmt.Errorf("load takes one URL, not %d", len(args))
	}
	var err error
	s.addr, s.path, err = parseLoadURL(target)
	return err
}

// options is the run these settings describe.
func (s *loadSettings) options() load.Options {
	return load.Options{
		Addr: s.addr, Path: s.path, Anywhere: s.anywhere,
		Rate: s.rate, Concurrency: s.clients, KeepAlive: s.keepAlive,
		Idle: s.idle, Slow: s.slow, Duration: s.duration, Timeout: s.timeout,
	}
}

// parseLoadURL takes a URL apart. The scheme may be left out, and the host:
// ":8080/page" and "8080" are this machine.
func parseLoadURL(s string) (addr, path string, err error) {
	full := s
	if !strings.Contains(s, "://") {
		host, rest, _ := strings.Cut(s, "/")
		if host != "" && strings.Trim(host, "0123456789") == "" {
			host = ":" + host
		}
		full = "http://" + host + "/" + rest
	}
	u, err := url.Parse(full)
	if err != nil {
		var why *url.Error
		if errors.As(err, &why) {
			err = why.Err // without the URL, which is said already
		}
		return "", "", fmt.Errorf("URL %q: %w", s, err)
	}
	switch {
	case u.Scheme == "https":
		return "", "", fmt.Errorf("URL %q: https is not spoken here, only plain http; give the address behind the TLS", s)
	case u.Scheme != "http":
		return "", "", fmt.Errorf("URL %q: must begin with http://", s)
	case u.User != nil:
		return "", "", fmt.Errorf("URL %q: a user name is not sent; leave it out", s)
	case u.Host == "":
		return "", "", fmt.Errorf("URL %q: no host, as in http://127.0.0.1:3000/", s)
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(host, port), u.RequestURI(), nil
}
