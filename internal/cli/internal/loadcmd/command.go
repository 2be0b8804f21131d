package loadcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"muster/internal/cli/internal/command"
)

const about = `muster load sends requests to a server and counts every way they end. They are
due at fixed times, whatever the server does, and their latency counts from the
time they were due: a server that stalls cannot hide it. TARGET is a URL, as
http://localhost:8080/page or https://..., without what goes without saying
(:8080/page, 8080), unix:PATH, or abstract:NAME for a socket of Linux without a
file. Without TARGET it is http://127.0.0.1:3000/.`

const examples = `  muster load                           200 requests a second for 5 minutes
  muster load --rate 8200 --idle 80     more, beside 80 connections that only wait
  muster load --keepalive :8080/page    connections that are used again
  muster load unix:/run/app.sock --path /page
  muster load --body @order.json --header 'Content-Type: application/json' :8080/orders
  muster load --insecure --expect 2xx,304 https://localhost:8443/
  muster load --json --duration 10s | tail -1 | jq .answered`

const notes = `
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

// Command is muster load.
func Command(w *command.World) *cobra.Command {
	var s settings
	flags := s.flags()
	c := &cobra.Command{
		Use:   "load [flags] [TARGET]",
		Short: "Send requests to a server and count how they end",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.check(args); err != nil {
				return command.Misused(err)
			}
			return run(w, &s)
		},
	}
	c.Flags().AddFlagSet(flags)
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		fmt.Fprintf(c.OutOrStdout(), "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n\nFlags:\n%s%s",
			about, c.Use, examples, flags.FlagUsagesWrapped(command.HelpWidth), notes)
	})
	return c
}
