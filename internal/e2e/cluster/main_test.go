//go:build linux

package cluster

import (
	"fmt"
	"os"
	"testing"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/testkit"
)

// muster is the path of the binary under test, built by TestMain.
var muster string

// TestMain lets this binary be a primary and the workers of that primary, and
// otherwise builds muster before the tests.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case worker && os.Getenv(formsEnv) != "":
		os.Exit(runForms(os.Getenv(formsEnv)))
	case worker && os.Getenv(ownEnv) != "":
		os.Exit(runOwn(os.Getenv(ownEnv)))
	case worker:
		os.Exit(demo.Run())
	case os.Getenv(primaryEnv) != "":
		os.Exit(runPrimary(os.Getenv(primaryEnv), os.Stdin, os.Stdout))
	}
	os.Exit(testkit.WithBinary(m, &muster))
}
