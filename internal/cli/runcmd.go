package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"muster/internal/nodecmd"
)

const runAbout = `muster run starts COMMAND as the workers of a cluster. A program that uses
Node's cluster module takes its worker branch; one that only listens shares its
port with the others. Nothing in it has to change.`

const runExamples = `  muster run -- node server.js
  muster run --workers 4 -- node --max-old-space-size=512 server.js
  muster run -- npm start             runs the script of package.json itself
  muster run -- ./server.js           a script with #!/usr/bin/env node
  muster run --json -- node server.js`

// runCommand is muster run. It returns its flags too, for the help.
func (a *app) runCommand() (*cobra.Command, []flagGroup) {
	var s settings
	groups := s.groups(false)
	c := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGS...]",
		Short: "Run a program, say of Node's, as the workers",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.check(a.getenv); err != nil {
				return misused(err)
			}
			dir, err := os.Getwd()
			if err != nil {
				return failed(fmt.Errorf("finding the working directory: %w", err))
			}
			plan, err := nodecmd.Resolve(args, dir, os.ReadFile)
			if wrong := (*nodecmd.Error)(nil); errors.As(err, &wrong) {
				return &failure{code: exitUsage, err: err} // it says what to type
			}
			if err != nil {
				return failed(err)
			}
			s.run = &plan
			return a.runCluster(&s)
		},
	}
	// What comes after the program's name is the program's, also what looks
	// like a flag.
	c.Flags().SetInterspersed(false)
	addFlags(c, groups)
	c.SetFlagErrorFunc(runFlagError)
	return c, groups
}

// runFlagError explains the two flags that run does not have.
func runFlagError(c *cobra.Command, err error) error {
	var f *failure
	if told := flagError(c, err); errors.As(told, &f) {
		for _, name := range []string{"addr", "worker-procs"} {
			if f.err.Error() == misused(fmt.Errorf("unknown flag --%s", name)).Error() {
				return misused(fmt.Errorf("run has no --%s: the program itself decides it", name))
			}
		}
		return told
	}
	return misused(err)
}

func runHelp(c *cobra.Command, groups []flagGroup) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "%s\n\nUsage:\n  muster %s\n\nExamples:\n%s\n", runAbout, c.Use, runExamples)
	flagHelp(w, groups)
}
