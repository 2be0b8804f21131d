package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"muster/internal/cli/internal/command"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and how this binary was built",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// The same line as --version, which has cobra's wording.
			if _, err := fmt.Fprintf(c.OutOrStdout(), "muster version %s\n", version()); err != nil {
				return command.Failed(fmt.Errorf("printing the version: %w", err))
			}
			return nil
		},
	}
}

// version is what the build recorded, e.g. "v0.1.0 (go1.26.0, linux/amd64)".
func version() string {
	v := "(unknown)"
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && v == "(devel)" {
				revision = s.Value[:min(12, len(s.Value))] + ", "
			}
		}
	}
	return fmt.Sprintf("%s (%s%s, %s/%s)", v, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
