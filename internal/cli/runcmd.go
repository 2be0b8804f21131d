package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/internal/cli/internal/command"
	"muster/internal/nodecmd"
)

const runAbout = `muster run starts COMMAND as the workers of a cluster. A program that uses
Node's cluster module takes its worker branch; one that only listens shares its
port with the others. Nothing in it has to change.`

const runExamples = `  muster run -- node server.js
  muster run --workers 4 -- node --max-old-space-size=512 server.js
  muster run -- npm start             runs the script of package.json itself; a
                                      build in it runs once
  muster run --cwd /srv/current -- node server.js   DIR may be a link that moves
  muster run -- ./server.js           a script with #!/usr/bin/env node
  muster run --json -- node server.js`

// runCommand is muster run. It returns its flags too, for the help.
func (a *app) runCommand() (*cobra.Command, []flagGroup) {
	var s settings
	groups := s.groups(false)
	c := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGS...]",
		Short: "Run a program, say of Node's, as the workers",
		RunE: func(c *cobra.Command, args []string) error {
			if err := s.check(); err != nil {
				return command.Misused(err)
			}
			err := beforeDashes(a.args, args, c.Flags())
			if err != nil {
				return command.Misused(err)
			}
			given := s.cwd
			if s.cwd, err = enterDir(given); err != nil && given != "" {
				return command.Misused(err)
			} else if err != nil {
				return command.Failed(err)
			}
			dir := s.cwd
			if dir == "" {
				dir = "."
			}
			plan, err := nodecmd.Resolve(args, nodecmd.World{Dir: dir, Read: readNodeFile, Getenv: a.Getenv, Node: nodeVersion})
			if wrong := (*nodecmd.Error)(nil); errors.As(err, &wrong) {
				wrong = withFlags(wrong, c.Flags(), given)
				return &command.Failure{Code: command.ExitUsage, Err: wrong} // it says what to type
			}
			if unfit := command.UnfitError(""); errors.As(err, &unfit) {
				return command.Misused(err)
			}
			if err != nil {
				return command.Failed(err)
			}
			if len(plan.Args) == 0 || strings.TrimSpace(plan.Args[0]) == "" { // as from an unset "$CMD"
				return command.Misused(fmt.Errorf("the command is empty, %q: muster run -- COMMAND [ARGS...]", args[0]))
			}
			s.run = &plan
			return a.runCluster(&s)
		},
	}
	// Everything after the program's name is for the program, even if it looks
	// like a flag.
	c.Flags().SetInterspersed(false)
	addFlags(c, groups)
	c.SetFlagErrorFunc(runFlagError)
	return c, groups
}

// withFlags puts the given flags into the line to use. dir is that of --cwd:
// the line may run other commands there before muster.
func withFlags(wrong *nodecmd.Error, flags *pflag.FlagSet, dir string) *nodecmd.Error {
	if wrong.Instead == "" {
		return wrong
	}
	line := wrong.Instead
	given := "muster run "
	flags.Visit(func(f *pflag.Flag) {
		switch {
		case f.Name == "cwd":
		case f.Value.Type() == "bool" && f.Value.String() == "true":
			given += "--" + f.Name + " "
		default:
			given += "--" + f.Name + "=" + nodecmd.Quote(f.Value.String()) + " "
		}
	})
	if i := strings.LastIndex(line, "muster run "); i >= 0 {
		line = line[:i] + given + line[i+len("muster run "):]
	}
	if dir != "" {
		line = "cd " + nodecmd.Quote(dir) + " && " + line
	}
	return &nodecmd.Error{Problem: wrong.Problem, Instead: line}
}

// nodeVersion is the version of the node in PATH; 0, 0 if it cannot be found
// out.
func nodeVersion() (major, minor int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return 0, 0
	}
	if n, _ := fmt.Sscanf(string(out), "v%d.%d", &major, &minor); n < 2 {
		return 0, 0
	}
	return major, minor
}

// runFlagError explains the two flags that run does not have.
func runFlagError(c *cobra.Command, err error) error {
	var f *command.Failure
	if told := flagError(c, err); errors.As(told, &f) {
		for _, name := range []string{"addr", "worker-procs"} {
			if f.Err.Error() == command.Misused(fmt.Errorf("unknown flag --%s", name)).Error() {
				return command.Misused(fmt.Errorf("run has no --%s: the program itself decides it", name))
			}
		}
		return told
	}
	return command.Misused(err)
}

func runHelp(c *cobra.Command, groups []flagGroup) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n", runAbout, c.Use, runExamples)
	flagHelp(w, groups)
}
