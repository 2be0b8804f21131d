package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"muster/internal/cli/internal/command"
	"muster/internal/cli/internal/loadcmd"
)

const about = `muster runs a cluster: a primary process, worker processes that share one port,
and a screen on which you see them live and try what happens to them.`

const examples = `  muster                            the screen, on http://127.0.0.1:3000
  muster --workers 4 --addr :8080   four workers, on all interfaces
  muster --policy shared            the workers accept for themselves
  muster tour                       what a cluster is, on a live one
  muster run -- node server.js      a Node program as the workers, unchanged
  muster --headless | grep exit     no screen: one line per event
  muster --json | jq .kind          the same for programs
  muster --plain                    the classic example program, line by line`

// rootCommand is muster without a command: the cluster of built-in workers,
// with the dashboard or without. Help and completions go to out.
func (a *app) rootCommand(out io.Writer) *cobra.Command {
	var s settings
	groups := s.groups(true)
	root := &cobra.Command{
		Use:           "muster",
		Short:         "A cluster of worker processes on one port, live on a screen",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noUnknownCommand,
		RunE: func(*cobra.Command, []string) error {
			if err := s.check(); err != nil {
				return command.Misused(err)
			}
			return a.runCluster(&s)
		},
	}
	root.SetOut(out) // before the completion commands are made: they keep the writer
	root.SetErr(a.Stderr)
	addFlags(root, groups)
	root.SetFlagErrorFunc(flagError)
	runCmd, runGroups := a.runCommand()
	root.AddCommand(runCmd, a.tourCommand(), loadcmd.Command(&a.World), versionCommand())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra's own command only shows its help for a shell it does not know
			c.Args, c.RunE = noUnknownCommand, func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}

	// Not SetHelpTemplate: text/template would keep the linker from dropping
	// unused methods and add megabytes to the binary.
	standard := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		switch c {
		case root:
			help(c, groups)
		case runCmd:
			runHelp(c, runGroups)
		default:
			standard(c, args)
		}
	})
	return root
}

func help(root *cobra.Command, groups []flagGroup) {
	w := root.OutOrStdout()
	fmt.Fprintf(w, "%s\n\nUsage:\n  muster [flags]\n  muster COMMAND\n\nExamples:\n%s\n\nCommands:\n", about, examples)
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			fmt.Fprintf(w, "  %-12s%s\n", c.Name(), c.Short)
		}
	}
	flagHelp(w, groups)
}

// helpCommand is cobra's, except that a command that does not exist is wrong
// usage.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show this, or the help of a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return command.Misused(err)
			}
			if err := noUnknownCommand(about, rest); err != nil {
				return err
			}
			return about.Help()
		},
	}
}
