//go:build !windows

// Muster runs a cluster: a primary process, worker processes that share one
// port, and a screen that shows them live. See README.md.
package main

import (
	"fmt"
	"os"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/cli"
	"muster/internal/quietterm"
)

// main chooses what this process is before any flag is read: the workers are
// this same binary.
func main() {
	quietterm.Restore()
	worker, err := engine.Role()
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "muster: %v\n", err)
		os.Exit(2)
	case worker:
		os.Exit(demo.Run())
	}
	os.Exit(cli.Main(os.Args[1:]))
}
