package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/internal/cli/internal/command"
)

// addFlags gives a command the flags of the groups.
func addFlags(c *cobra.Command, groups []flagGroup) {
	for _, g := range groups {
		c.Flags().AddFlagSet(g.flags)
	}
	completeWords(c, "policy", policyWords())
	completeWords(c, "stop-signal", stopWords())
	completeWords(c, "keys", keyMaps)
	completeWords(c, "theme", themes)
}

// completeWords makes the shell complete a flag's value. The flag exists, so
// cobra's only error cannot happen.
func completeWords(c *cobra.Command, flag string, words []string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// flagHelp ends the help of a command that runs a cluster.
func flagHelp(w io.Writer, groups []flagGroup) {
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(command.HelpWidth))
	}
	fmt.Fprint(w, "\nWithout a terminal on stdin and stdout, or with TERM=dumb, muster is headless.\n"+
		"SIGTERM, SIGINT and SIGHUP stop it gracefully, a second one at once. Exit codes:\n"+
		"0 asked to stop, 1 failed, 2 wrong usage, 128+n ended by a second signal n.\n")
}

// noUnknownCommand refuses arguments of a command that takes none: each must be
// a subcommand that does not exist, and cobra takes it for an argument.
func noUnknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return command.Misused(fmt.Errorf("unknown command %q; did you mean %s?", args[0], near[0]))
	}
	return command.Misused(fmt.Errorf("unknown command %q", args[0]))
}

// flagError says what is wrong with a flag in the words of this program;
// pflag's own texts name the Go function that failed.
func flagError(c *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		why := value.Unwrap()
		if whole := (*wholeError)(nil); errors.As(why, &whole) {
			return command.Misused(fmt.Errorf("--%s: %w", value.GetFlag().Name, whole.error))
		}
		if value.GetFlag().Value.Type() == "bool" {
			why = errors.New("must be true or false")
		}
		return command.Misused(fmt.Errorf("--%s %q: %w", value.GetFlag().Name, value.GetValue(), why))
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		return command.Misused(fmt.Errorf("--%s needs a value", missing.GetSpecifiedName()))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		if unknown.GetSpecifiedName() == "cwd" && c != nil && !c.HasParent() {
			return command.Misused(errors.New("--cwd is a flag of muster run: muster run --cwd DIR -- node server.js"))
		}
		return command.Misused(fmt.Errorf("unknown flag --%s", unknown.GetSpecifiedName()))
	}
	return command.Misused(err)
}
