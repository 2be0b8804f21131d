package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"muster/internal/nodecmd"
)

// beforeDashes refuses words before the -- of muster run: they would be the
// command, and the words after -- its arguments. given is the whole command
// line, args the part after the flags. A program that starts others, as in `run
// npm start -- --port 80`, or one given by its path may have a -- of its own.
func beforeDashes(given, args []string, flags *pflag.FlagSet) error {
	if len(args) == 1 {
		if words := strings.Fields(args[0]); len(words) > 1 && nodecmd.StartsOthers(words[0]) {
			return fmt.Errorf("%q is one word: leave out the quotes: muster run -- %s", args[0], args[0])
		}
	}
	dashes := slices.Index(args, "--")
	if dashes <= 0 || strings.Contains(args[0], "/") || nodecmd.StartsOthers(args[0]) {
		return nil
	}
	if n := len(given) - len(args); n > 0 {
		if given[n-1] == "--" {
			return nil // all that follows is for the program
		}
		name, long := strings.CutPrefix(given[n-1], "--")
		if f := flags.Lookup(name); long && f != nil && f.NoOptDefVal != "" {
			return fmt.Errorf("%q stands before --: --%s takes no value", args[0], name)
		}
	}
	words := args[:dashes]
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") }); i > 0 {
		words = words[:i]
	}
	text := strings.Join(words, " ")
	return fmt.Errorf("%q stands before --: leave it out, or put -- before it if it is the command", text)
}
